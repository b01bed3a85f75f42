//! What the host lends to a guest, one file per capability.
//!
//! Each has the same shape: its `Host` traits are implemented on [`crate::sandbox::Sandbox`], every function
//! starts with `enter` (which counts the call), whatever comes from the guest is bounded, and nothing is lent
//! that was not granted.

mod document;
mod http;
mod keyvalue;
mod logging;
mod wasi;

pub use document::{CallHandle, DocumentHandle, PAYLOAD, REQUEST};
pub use http::{Outbound, parse_origin};
pub use keyvalue::{Bucket, Cas};
pub use logging::GuestLog;
pub use wasi::LazyWasi;

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::Interceptor;
use crate::sandbox::Sandbox;

/// Links everything that a policy may import. What needs a grant is refused when a component is loaded.
pub fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    Interceptor::add_to_linker::<_, HasSelf<Sandbox>>(linker, |sandbox| sandbox)?;
    wasi::link(linker)?;
    http::link(linker)
}
