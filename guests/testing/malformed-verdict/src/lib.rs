//! Answers with an invalid verdict that contains invalid text. Configuration: `place`: `info` (the default),
//! `suggestion` (its value), `suggestion-path` or `finding-path` (not a pointer).

use serde::Deserialize;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, Severity, config, declare, outcome};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MalformedVerdict {
    place: Place,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Place {
    #[default]
    Info,
    Suggestion,
    SuggestionPath,
    FindingPath,
}

impl Policy for MalformedVerdict {
    fn describe() -> Declaration {
        declare::validator("malformed-verdict").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let path = match self.place {
            Place::FindingPath => "not a pointer",
            _ => "/name",
        };
        let outcome = outcome::from_findings(vec![outcome::finding(Some(path.into()), "found", Severity::Warn)]);
        Ok(match self.place {
            Place::Info => outcome.with_info("{\"open\": "),
            Place::Suggestion => outcome.with_suggestion("/name", "nul"),
            Place::SuggestionPath => outcome.with_suggestion("name", "1"),
            Place::FindingPath => outcome,
        })
    }
}

weir_sdk::export_policy!(MalformedVerdict);
