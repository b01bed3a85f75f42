//! The gateway: routes, the life of a call, chains and their verdicts, contexts, what is recorded, and surfaces.
//!
//! Invariants: one request uses one running set for both of its phases; nothing of a fault's text reaches a
//! caller; every task ends with its owner; everything read from a peer is bounded. The plumbing knows no protocol:
//! what one needs is behind [`surface::Surface`], in a folder of `surface/`.
//!
//! Not here: WebAssembly, configuration files, metrics formats, sockets. Policies are behind
//! [`weir_core::Interceptor`], telemetry behind a trait that the daemon implements, HTTP in `weir-http`.

mod call;
pub mod contexts;
mod denial;
mod dispatch;
mod endpoint;
mod exchange_body;
mod gateway;
mod headers;
mod kept;
mod options;
pub mod records;
mod reference;
mod refusal;
mod routes;
mod shared;
pub mod surface;
mod telemetry;
mod time;
mod upstream;
mod verdict;

pub use endpoint::{Endpoint, Visit};
pub use gateway::Gateway;
pub use headers::WEIR_CALL_REF;
pub use options::GatewayOptions;
pub use reference::CallRef;
pub use refusal::Refusal;
pub use routes::{OnDeny, PassAuthorization, PrincipalSource, Route, RouteError, RouteOptions, Routes};
pub use shared::RunningSet;
pub use surface::Protocol;
pub use telemetry::{ExchangeReport, Silent, Telemetry};
pub use time::{Now, timestamp};
pub use weir_http::listener::Drained;
pub use weir_http::origin::Admission;
