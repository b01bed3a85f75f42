//! The SDK for Weir policies: implement [`Policy`] and pass the type to [`export_policy!`].
//!
//! ```
//! use weir_sdk::{Call, Declaration, Document, Outcome, Phase, Policy, declare, outcome};
//!
//! struct NoDrop;
//!
//! impl Policy for NoDrop {
//!     fn describe() -> Declaration {
//!         declare::validator("no-drop").on(["tools/call"], Phase::Request).build()
//!     }
//!     fn configure(_config: &str) -> Result<Self, String> {
//!         Ok(Self)
//!     }
//!     fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
//!         Ok(match payload.text("/arguments/sql") {
//!             Some(sql) if sql.contains("DROP TABLE") => outcome::deny_at("/arguments/sql", "drops a table"),
//!             _ => outcome::valid(),
//!         })
//!     }
//! }
//!
//! weir_sdk::export_policy!(NoDrop);
//! ```
//!
//! Invariants: `configure` runs once, and its result is in the memory snapshot from which every call starts, so each
//! call sees it unchanged. Modules that do not call the host ([`walk`], [`rewrite`], [`json`], [`config`],
//! [`mod@pointer`]) also run in native tests.
//!
//! Deliberately not here: a JSON tree of the payload. Ask the [`Document`] for single fields, or iterate over its
//! strings with [`walk::Walk`].

pub mod bindings;
pub mod bucket;
pub mod config;
pub mod declare;
pub mod json;
pub mod log;
pub mod outcome;
pub mod pointer;
pub mod rewrite;
pub mod runtime;
pub mod walk;

pub use bindings::weir::interceptor::types::{
    Call, Change, Compat, Declaration, Document, Edit, Finding, Hook, Kind, Mode, Mutation, Outcome, Phase,
    PriorityHint, Severity, Suggestion, Validation,
};

/// A policy: its declaration, its configuration, and its decision on a payload.
pub trait Policy: Sized + 'static {
    /// Heap reserved during `configure`, so that a call that reads a payload of up to about this size need not grow its
    /// memory. Every fresh instance carries it, so keep it small.
    const HEAP: usize = 16 * 1024;

    /// The component's declaration. It must always be the same.
    fn describe() -> Declaration;

    /// Reads the operator's configuration (JSON text, `{}` if none is given). Runs once at load: parse, compile and
    /// warm up here. An error is shown to the operator, so say what would be valid.
    fn configure(config: &str) -> Result<Self, String>;

    /// Validates or changes one payload. `request` is the request's payload in the response phase, if the host still
    /// has it. An error is a failure of the policy, which the operator's `fail_open` handles; to deny a call, return an
    /// invalid outcome.
    fn intercept(&self, call: &Call, payload: &Document, request: Option<&Document>) -> Result<Outcome, String>;
}

/// Exports a type that implements [`Policy`] as this component's policy.
#[macro_export]
macro_rules! export_policy {
    ($policy:ty) => {
        const _: () = {
            use $crate::bindings::exports::weir::interceptor::policy::Guest;

            ::std::thread_local! {
                static CONFIGURED: $crate::runtime::Slot<$policy> = const { $crate::runtime::Slot::new() };
            }

            struct Component;

            impl Guest for Component {
                fn describe() -> $crate::Declaration {
                    <$policy as $crate::Policy>::describe()
                }

                fn configure(config: ::std::string::String) -> ::std::result::Result<(), ::std::string::String> {
                    CONFIGURED.with(|slot| slot.configure(&config))
                }

                fn intercept(
                    call: &$crate::Call,
                    payload: &$crate::Document,
                    request: ::std::option::Option<&$crate::Document>,
                ) -> ::std::result::Result<$crate::Outcome, ::std::string::String> {
                    CONFIGURED.with(|slot| slot.intercept(call, payload, request))
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
