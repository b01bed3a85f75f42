//! Answers with a change that contains invalid text. Configuration: `place`: `replace` (the default), `edit` (its
//! value), `pointer` (not a pointer), `info` (not JSON) or `info-array` (not an object); and `text`, to use another
//! text.

use serde::Deserialize;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, config, declare, outcome};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MalformedJson {
    place: Place,
    text: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Place {
    #[default]
    Replace,
    Edit,
    Pointer,
    Info,
    InfoArray,
}

impl Policy for MalformedJson {
    fn describe() -> Declaration {
        declare::mutator("malformed-json").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let text = |otherwise: &str| self.text.clone().unwrap_or_else(|| otherwise.to_owned());
        Ok(match self.place {
            Place::Replace => outcome::replace(text("{\"open\": ")),
            Place::Edit => outcome::edits(vec![outcome::set("/name", text("nul"))]),
            Place::Pointer => outcome::edits(vec![outcome::set(text("name"), "1")]),
            Place::Info => outcome::unmodified().with_info(text("{'single': 'quotes'}")),
            Place::InfoArray => outcome::unmodified().with_info(text("[1, 2]")),
        })
    }
}

weir_sdk::export_policy!(MalformedJson);
