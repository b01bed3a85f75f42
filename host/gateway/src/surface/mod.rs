//! Surfaces: what speaks a protocol with callers, and shows its messages to policies.
//!
//! A surface is a folder here (or a crate elsewhere) with a type that implements [`Surface`], and one line in
//! [`Protocol`]. It reads a request into an [`Exchange`]; what is the same for all protocols (origin, context, trust,
//! recording, reports) is done around it. What its routes keep between exchanges is a [`SurfaceState`].
//!
//! Below is everything that a surface works with: the [`Call`], [`judge`] for the chain, [`ask`] for the upstream.

mod contract;
pub mod http;
pub mod mcp;
mod protocol;

pub use contract::{Exchange, Life, Surface};
pub use protocol::Protocol;

pub use crate::call::{Call, Facts};
pub use crate::denial::{Denial, PolicyMessage, Reason};
pub use crate::headers::{body_replaced, clean_request};
pub use crate::reading::{read_request, read_response};
pub use crate::surface_state::SurfaceState;
pub use crate::upstream::{address, ask, ask_aside};
pub use crate::verdict::{Verdict, judge};
