//! Redacts e-mail addresses, phone numbers, payment cards, IBANs and national ids, both ways.
//!
//! Precision comes before recall: numbers with check digits are verified; numbers without must be written in a typical
//! form or have a telltale field name. Ids, dates, versions and amounts must be left alone.
//!
//! Invariants: everything else keeps its exact bytes; the record holds the number of redactions per kind, never the
//! redacted data.
//!
//! Deliberately not here: names and postal addresses, which patterns cannot tell from ordinary words.

use weir_sdk::{Call, Declaration, Document, Mutation, Outcome, Policy, config, declare};

mod card;
mod email;
mod find;
mod groups;
mod iban;
mod kind;
mod national;
mod phone;
mod redact;
mod replacement;
mod settings;

use redact::Redactor;

impl Policy for Redactor {
    fn describe() -> Declaration {
        // Like secret-redact, but further inside: secrets are removed before digits are checked, and no other policy
        // sees personal data on its way out.
        declare::mutator(env!("CARGO_PKG_NAME"))
            .version(env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .on_both(["*"])
            .priority(-90, 90)
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
