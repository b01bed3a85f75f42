//! Declares a name with control characters, which could forge a log line.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct ControlName;

impl Policy for ControlName {
    fn describe() -> Declaration {
        declare::validator("control-name\n\u{1b}[2Jforged").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(ControlName);
