//! HTTP: listeners, the connection pool for upstreams, bodies, server-sent events, origins.
//!
//! Invariants: this is the only crate that names hyper; everything read from a peer is bounded; every task ends with
//! its owner.
//!
//! Not here: what a request means, and any policy.

mod body;
mod caller;
mod client;
pub mod listen;
pub mod listener;
mod options;
pub mod origin;
mod problem;
mod read;
pub mod sse;
pub mod tasks;
pub mod trace;

pub use body::{AnswerBody, Body, BodyError, Observer, Progress, RequestBody, Tap, Whole, is_encoded};
pub use caller::Caller;
pub use client::{Client, Patience, SendError};
pub use http_body::{Body as HttpBody, Frame, SizeHint};
pub use hyper::body::Incoming;
pub use options::{ClientOptions, ListenerOptions};
pub use problem::{Problem, ProblemMessage};
pub use read::{Read, ReadError, whole};

/// An error with all of its sources, for the log.
pub fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
