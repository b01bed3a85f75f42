//! Supports only the protocol revisions 2025-06-18 to 2025-11-25, and denies everything, so that a test can tell
//! whether it ran.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct CompatRange;

impl Policy for CompatRange {
    fn describe() -> Declaration {
        declare::validator("compat-range").on_both(["*"]).compat("2025-06-18", Some("2025-11-25")).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::deny("compat-range was applied"))
    }
}

weir_sdk::export_policy!(CompatRange);
