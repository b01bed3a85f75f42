//! The folder's `weir.toml`: written by people, resolved into what the gateway runs on.
//!
//! [`written`] says what stands in the file; [`resolved`] says what holds. Between them lies one function that
//! fails once, knowing everything ([`resolve`]).

mod address;
mod document;
pub mod folder;
mod json;
pub mod records;
mod report;
mod resolve;
pub mod resolved;
mod secret;
mod size;
mod upstream;
pub mod written;

pub use address::listen;
pub use document::At;
pub use folder::Folder;
pub use report::{Gravity, Place, Problem, Report};
pub use resolve::{Surroundings, Upstreams, resolve};
pub use resolved::Config;
pub use secret::Secret;
pub use size::show as show_size;
pub use upstream::Upstream;
