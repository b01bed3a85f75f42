//! Answers with `count` (1,000,000) findings whose messages are `bytes` (8) long, and as many suggestions if
//! `suggestions` is true.

use serde::Deserialize;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, Severity, config, declare, outcome};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HugeFindings {
    count: usize,
    bytes: usize,
    suggestions: bool,
}

impl Default for HugeFindings {
    fn default() -> Self {
        Self { count: 1_000_000, bytes: 8, suggestions: false }
    }
}

impl Policy for HugeFindings {
    fn describe() -> Declaration {
        declare::validator("huge-findings").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let message = "m".repeat(self.bytes);
        let findings = (0..self.count).map(|_| outcome::finding(None, message.clone(), Severity::Warn)).collect();
        let mut outcome = outcome::from_findings(findings);
        if self.suggestions {
            for _ in 0..self.count {
                outcome = outcome.with_suggestion("/name", "\"other\"");
            }
        }
        Ok(outcome)
    }
}

weir_sdk::export_policy!(HugeFindings);
