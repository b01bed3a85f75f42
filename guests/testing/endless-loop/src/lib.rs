//! Never answers: computes forever, without calling the host.

use std::hint::black_box;

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare};

struct EndlessLoop;

impl Policy for EndlessLoop {
    fn describe() -> Declaration {
        declare::validator("endless-loop").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let mut turns = 0_u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }
}

weir_sdk::export_policy!(EndlessLoop);
