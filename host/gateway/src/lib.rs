//! The gateway: routes, the lifecycle of a call, chains and their verdicts, contexts, records, and surfaces.
//!
//! Invariants: both phases of a request use one running set; a fault's text never reaches a caller; every task ends
//! with its owner; everything read from a peer is bounded. The core is independent of protocols: each protocol is a
//! [`surface::Surface`] in a folder of `surface/`.
//!
//! Not here: WebAssembly, configuration files, metrics formats, sockets. Policies are behind
//! [`weir_core::Interceptor`], telemetry behind a trait that the daemon implements, HTTP in `weir-http`.

mod call;
pub mod contexts;
mod denial;
mod dispatch;
mod endpoint;
mod gateway;
mod headers;
mod options;
mod reading;
pub mod records;
mod reference;
mod refusal;
mod reply_end;
mod routes;
mod shared;
pub mod surface;
mod surface_state;
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
