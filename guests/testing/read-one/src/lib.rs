//! Reads one field of the payload: the cost of a light policy. Denies a tool named `forbidden`.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct ReadOne;

impl Policy for ReadOne {
    fn describe() -> Declaration {
        declare::validator("read-one").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(match payload.text("/name") {
            Some(name) if name == "forbidden" => outcome::deny_at("/name", "this name is forbidden"),
            _ => outcome::valid(),
        })
    }
}

weir_sdk::export_policy!(ReadOne);
