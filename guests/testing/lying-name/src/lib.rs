//! Declares a different name each time: `lying-name-1`, `lying-name-2` and so on within one instance, or after a
//! snapshot of it.

use std::sync::atomic::{AtomicU32, Ordering};

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

static ASKED: AtomicU32 = AtomicU32::new(0);

struct LyingName;

impl Policy for LyingName {
    fn describe() -> Declaration {
        let asked = ASKED.fetch_add(1, Ordering::Relaxed) + 1;
        declare::validator(&format!("lying-name-{asked}")).on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(LyingName);
