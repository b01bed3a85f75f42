//! Sleeps in a host call (WASI's monotonic clock and poll), where no guest instructions run.
//!
//! Configuration: `milliseconds` (10,000).

use std::time::Duration;

use serde::Deserialize;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, config, declare, outcome};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sleep {
    milliseconds: u64,
}

impl Default for Sleep {
    fn default() -> Self {
        Self { milliseconds: 10_000 }
    }
}

impl Policy for Sleep {
    fn describe() -> Declaration {
        declare::validator("sleep").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        std::thread::sleep(Duration::from_millis(self.milliseconds));
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(Sleep);
