//! Declares a name of ten thousand characters.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct LongName;

impl Policy for LongName {
    fn describe() -> Declaration {
        declare::validator(&"n".repeat(10_000)).on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(LongName);
