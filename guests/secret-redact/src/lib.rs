//! Replaces secrets such as access tokens and private keys with placeholders, in both phases.
//!
//! Invariants: everything else keeps its exact bytes; redacting twice changes nothing more; the record holds the number
//! of redactions per format, never the secrets.
//!
//! Deliberately not here: denying a payload; that is the policy `secret-scan`.

use weir_sdk::{Call, Declaration, Document, Mutation, Outcome, Policy, config, declare};

mod redact;
mod settings;

use redact::Redactor;

impl Policy for Redactor {
    fn describe() -> Declaration {
        // First in the request phase, so that no other policy sees the secret and a policy that adds a credential on
        // purpose runs later. Last in the response phase, so that a secret added by another policy is caught.
        declare::mutator(env!("CARGO_PKG_NAME"))
            .version(env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .on_both(["*"])
            .priority(-100, 100)
            .config_schema(include_str!("../config.schema.json"))
            .build()
    }

    fn configure(config: &str) -> Result<Self, String> {
        Self::new(config::parse(config)?)
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let (change, info) = self.redact(&payload.json())?;
        Ok(Outcome::Mutation(Mutation { change, info }))
    }
}

weir_sdk::export_policy!(Redactor);
