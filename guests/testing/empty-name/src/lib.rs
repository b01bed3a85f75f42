//! Declares an empty name.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct EmptyName;

impl Policy for EmptyName {
    fn describe() -> Declaration {
        declare::validator("").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(EmptyName);
