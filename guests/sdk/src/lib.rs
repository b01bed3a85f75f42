//! What a policy for Weir is written with: implement [`Policy`], name the type in [`export_policy!`].
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
//! Invariants: `configure` runs once and what it returns is in the memory snapshot that every call starts
//! from; a call sees that value unchanged. Modules that do not touch the host ([`walk`], [`rewrite`],
//! [`json`], [`config`], [`mod@pointer`]) run in native tests as well.
//!
//! Deliberately not here: a JSON tree of the payload. Ask the [`Document`] for single fields, or walk its
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

/// A policy: what it says about itself, how it reads its configuration and how it judges one payload.
pub trait Policy: Sized + 'static {
    /// How much heap is set aside while configuring, so that a call which reads a payload of up to about
    /// this size does not have to grow its memory. Every fresh instance carries it: keep it small.
    const HEAP: usize = 16 * 1024;

    /// What this component is; the answer must not depend on anything.
    fn describe() -> Declaration;

    /// Reads the operator's configuration (JSON text, `{}` where none is given). Runs once at load: parse,
    /// compile and warm up here. An error is shown to the operator, so say what would have been right.
    fn configure(config: &str) -> Result<Self, String>;

    /// Judges or changes one payload. `request` is the request's payload when the phase is response and the
    /// host still has it. An error is a failure of the policy, which the operator's `fail_open` decides on;
    /// to say no, answer with an invalid outcome.
    fn intercept(&self, call: &Call, payload: &Document, request: Option<&Document>) -> Result<Outcome, String>;
}

/// Makes a type that implements [`Policy`] the policy of this component.
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
