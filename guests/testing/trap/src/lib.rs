//! Traps: runs an `unreachable` instruction.

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare};

struct Trap;

impl Policy for Trap {
    fn describe() -> Declaration {
        declare::validator("trap").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        std::process::abort();
    }
}

weir_sdk::export_policy!(Trap);
