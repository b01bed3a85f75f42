//! Answers with a change of a configured size. Configuration: `bytes` (100,000,000) and `place`: `replace` (the
//! default), `edit`, `pointer` or `info`.

use serde::Deserialize;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, config, declare, outcome};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HugeOutput {
    bytes: usize,
    place: Place,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Replace,
    Edit,
    Pointer,
    Info,
}

impl Default for HugeOutput {
    fn default() -> Self {
        Self { bytes: 100_000_000, place: Place::Replace }
    }
}

impl Policy for HugeOutput {
    fn describe() -> Declaration {
        declare::mutator("huge-output").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(match self.place {
            Place::Replace => outcome::replace(self.filled("\"", "\"")),
            Place::Edit => outcome::edits(vec![outcome::set("", self.filled("\"", "\""))]),
            Place::Pointer => outcome::edits(vec![outcome::remove(self.filled("/", ""))]),
            Place::Info => outcome::unmodified().with_info(self.filled("{\"text\":\"", "\"}")),
        })
    }
}

impl HugeOutput {
    /// Text of the configured size with this start and end.
    fn filled(&self, start: &str, end: &str) -> String {
        let mut text = String::with_capacity(self.bytes);
        text.push_str(start);
        text.extend(std::iter::repeat_n('a', self.bytes.saturating_sub(start.len() + end.len())));
        text.push_str(end);
        text
    }
}

weir_sdk::export_policy!(HugeOutput);
