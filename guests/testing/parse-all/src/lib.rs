//! Copies the whole payload and parses it into a JSON tree: the cost of a heavy policy.

use std::hint::black_box;

use serde_json::Value;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct ParseAll;

impl Policy for ParseAll {
    fn describe() -> Declaration {
        declare::mutator("parse-all").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let value: Value = serde_json::from_str(&payload.json()).map_err(|error| error.to_string())?;
        black_box(value);
        Ok(outcome::unmodified())
    }
}

weir_sdk::export_policy!(ParseAll);
