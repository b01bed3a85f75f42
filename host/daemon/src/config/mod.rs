//! The folder's `weir.toml`: written by users, resolved into the gateway's settings.
//!
//! [`written`] is the content of the file; [`resolved`] is the effective configuration. [`resolve`] turns one into the
//! other and reports all errors at once.

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
pub use report::{Gravity, Location, Problem, Report};
pub use resolve::{Surroundings, Upstreams, resolve};
pub use resolved::Config;
pub use secret::Secret;
pub use size::show as show_size;
pub use upstream::Upstream;
