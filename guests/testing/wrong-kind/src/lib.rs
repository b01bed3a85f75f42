//! Declares validation and answers with a mutation.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct WrongKind;

impl Policy for WrongKind {
    fn describe() -> Declaration {
        declare::validator("wrong-kind").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::replace("{}"))
    }
}

weir_sdk::export_policy!(WrongKind);
