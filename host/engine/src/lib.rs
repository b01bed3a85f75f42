//! The sandbox: loads policy components and runs them with limits on time, instructions, memory and output.
//!
//! Invariants: only this crate names wasmtime; every call starts from the state that `configure` left, in a fresh
//! instance unless the operator chose reuse; every guest failure becomes a [`weir_core::Fault`]. No guest can crash the
//! host, block the caller's thread for longer than one epoch slice, or run past its deadline.
//!
//! Not here: what an outcome means for the traffic (core), where components and configuration come from
//! (daemon), where state is kept (store).

mod bindings;
mod capability;
mod convert;
mod engine;
mod error;
mod fault;
mod inner;
mod instance;
mod lane;
mod limiter;
mod load;
mod options;
mod policy;
mod profile;
mod sandbox;
mod ticker;
mod variants;

pub use engine::{Engine, EngineStats};
pub use error::{EngineError, LoadError};
pub use load::{CodeOrigin, Configured, Inspection, LoadFacts, PolicySource, check_config, schema_violations};
pub use options::{EngineOptions, Grants, Metering, PolicyLimits, PolicyOptions, Reuse};
pub use policy::{Policy, PolicyStats};
pub use variants::ConfigError;
pub use weir_core::QuarantineOptions;
