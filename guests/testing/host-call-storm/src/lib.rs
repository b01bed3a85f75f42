//! Calls the host endlessly. Configuration: `target`: `get` (the default), `text`, `json`, `size`, `attribute`, `log`,
//! `read`, `write` (always new keys), `increment` or `list`.

use serde::Deserialize;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, bucket, config, declare, log};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HostCallStorm {
    target: Target,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    #[default]
    Get,
    Text,
    Json,
    Size,
    Attribute,
    Log,
    Read,
    Write,
    Increment,
    List,
}

impl Policy for HostCallStorm {
    fn describe() -> Declaration {
        declare::validator("host-call-storm").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    /// The host's answers are ignored, refusals included: the storm continues.
    fn intercept(&self, call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let bucket = bucket::policy()?;
        let mut turn = 0_u64;
        loop {
            turn = turn.wrapping_add(1);
            match self.target {
                Target::Get => drop(payload.get("/name")),
                Target::Text => drop(payload.text("/name")),
                Target::Json => drop(payload.json()),
                Target::Size => _ = payload.size(),
                Target::Attribute => drop(call.attribute("session-id")),
                Target::Log => log::warn("a line of the storm"),
                Target::Read => drop(bucket.get("storm")),
                Target::Write => drop(bucket.set(&turn.to_string(), b"storm")),
                Target::Increment => drop(bucket.increment("storm", 1)),
                Target::List => drop(bucket.keys()),
            }
        }
    }
}

weir_sdk::export_policy!(HostCallStorm);
