//! What `weir check` shows: every chain of a folder with effective values and their origins.
//!
//! The view is built once and written twice: as JSON and as text for people.

pub mod inspection;
mod text;
mod view;

pub use text::text;
pub use view::{PhaseView, RouteView, Step, View};
