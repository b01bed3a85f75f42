//! Declares mutation and answers with a validation.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct WrongKindMutation;

impl Policy for WrongKindMutation {
    fn describe() -> Declaration {
        declare::mutator("wrong-kind-mutation").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(WrongKindMutation);
