//! Surfaces: each speaks one protocol with callers and shows its messages to policies.
//!
//! A surface is a folder here (or a crate elsewhere) with a type that implements [`Surface`], and a variant of
//! [`Protocol`]. It reads a request into an [`Exchange`]; everything common to all protocols (origin, context, trust,
//! recording, reports) is done outside of it. State that its routes share between exchanges is a [`SurfaceState`].
//!
//! A surface works with the exports below: the [`Call`], [`judge`] for the chain, [`ask`] for the upstream.

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
