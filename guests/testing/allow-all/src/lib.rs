//! Passes everything and reads nothing: the minimum cost of a call.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct AllowAll;

impl Policy for AllowAll {
    fn describe() -> Declaration {
        declare::validator("allow-all").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(AllowAll);
