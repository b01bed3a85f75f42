//! Denies requests that contain secrets such as access tokens and private keys.
//!
//! Invariant: messages and paths never repeat a secret; a path ends before a key that contains one.
//!
//! Deliberately not here: changing the payload; that is the policy `secret-redact`.

use weir_sdk::{Call, Declaration, Document, Outcome, Phase, Policy, config, declare, outcome};

mod scan;
mod settings;

use scan::Scanner;

impl Policy for Scanner {
    fn describe() -> Declaration {
        declare::validator(env!("CARGO_PKG_NAME"))
            .version(env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .on(["*"], Phase::Request)
            .config_schema(include_str!("../config.schema.json"))
            .build()
    }

    fn configure(config: &str) -> Result<Self, String> {
        Self::new(config::parse(config)?)
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::from_findings(self.scan(&payload.json())?))
    }
}

weir_sdk::export_policy!(Scanner);
