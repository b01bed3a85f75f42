//! What the host provides to a guest, one file per capability.
//!
//! All have the same shape: the `Host` traits are implemented on [`crate::sandbox::Sandbox`], every function starts
//! with `enter` (which counts the call), all guest input is bounded, and nothing works without its grant.

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

/// Links everything that a policy may import. Missing grants are refused at load.
pub fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    Interceptor::add_to_linker::<_, HasSelf<Sandbox>>(linker, |sandbox| sandbox)?;
    wasi::link(linker)?;
    http::link(linker)
}
