//! Computes for `/steps` (from the payload) steps of equal cost.

use std::hint::black_box;

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct FuelSteps;

impl Policy for FuelSteps {
    fn describe() -> Declaration {
        declare::validator("fuel-steps").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let text = payload.get("/steps").ok_or("the payload needs a number at `/steps`")?;
        let steps: u64 = text.parse().map_err(|_| format!("`/steps` must be a whole number, not {text}"))?;
        for step in 0..steps {
            black_box(step);
        }
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(FuelSteps);
