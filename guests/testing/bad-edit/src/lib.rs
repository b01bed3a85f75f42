//! Edits a location that does not exist. Configuration: `pointer` (`/definitely/not/there`); `remove` (false) removes
//! instead of setting; `first` (false) makes a valid edit before the bad one, so that a test can check that neither is
//! applied.

use serde::Deserialize;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, config, declare, outcome};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BadEdit {
    pointer: String,
    remove: bool,
    first: bool,
}

impl Default for BadEdit {
    fn default() -> Self {
        Self { pointer: "/definitely/not/there".to_owned(), remove: false, first: false }
    }
}

impl Policy for BadEdit {
    fn describe() -> Declaration {
        declare::mutator("bad-edit").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let mut edits = Vec::new();
        if self.first {
            edits.push(outcome::set("/edited", "true"));
        }
        edits.push(if self.remove { outcome::remove(&*self.pointer) } else { outcome::set(&*self.pointer, "1") });
        Ok(outcome::edits(edits))
    }
}

weir_sdk::export_policy!(BadEdit);
