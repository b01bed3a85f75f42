//! Redacts e-mail addresses, phone numbers, payment cards, IBANs and national ids, both ways.
//!
//! Precision goes before recall: what has check digits is checked, what has none must be written the way
//! people write it or stand under a telling name. Ids, dates, versions and amounts must survive.
//!
//! Invariants: what is not personal data keeps its bytes; the record holds the number of redactions per
//! kind and never what was redacted.
//!
//! Deliberately not here: names and postal addresses, which no pattern tells from ordinary words.

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
        // As secret-redact, but further inside: secrets are gone before digits are looked at, and no other
        // policy sees a person's data on its way out.
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
