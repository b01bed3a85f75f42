//! The gateway: listeners, routes, protocol adapters, dispatch, the upstream client and the admin surface.
//!
//! Invariants: one request uses one running set for both of its phases; nothing of a fault's text reaches a
//! caller; every task ends with its owner; everything read from a peer is bounded.
//!
//! Not here: WebAssembly, configuration files, metrics formats. Policies are behind
//! [`weir_core::Interceptor`], telemetry and the admin surface's facts behind traits that the daemon implements.

mod adapter;
pub mod admin;
mod body;
mod call;
mod client;
pub mod contexts;
mod dispatch;
mod gateway;
mod headers;
pub mod interceptors;
mod json;
pub mod listen;
mod listener;
mod mcp;
mod options;
mod origin;
mod read;
pub mod records;
mod refusal;
pub mod remote;
mod routes;
mod sse;
mod tasks;
mod telemetry;
mod upstream;
mod verdict;
pub mod wire;

pub use client::Client;
pub use gateway::{Gateway, RunningSet};
pub use listener::Drained;
pub use mcp::stdio::relay;
pub use options::GatewayOptions;
pub use origin::Admission;
pub use routes::{
    Command, OnDeny, PassAuthorization, PrincipalSource, Protocol, Route, RouteError, Routes, Sharing, Upstream,
};
pub use telemetry::{ExchangeReport, Silent, Telemetry};
