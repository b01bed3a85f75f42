//! Returns an error that contains a secret, which must not reach a caller.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare};

struct ReturnsError;

impl Policy for ReturnsError {
    fn describe() -> Declaration {
        declare::validator("returns-error").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Err("cannot reach db.internal: secret detail hunter2".to_owned())
    }
}

weir_sdk::export_policy!(ReturnsError);
