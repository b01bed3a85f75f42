//! Allows or denies tools by name and caller. Reads the tool's name and, only if a rule needs them, attributes of the
//! call; the decision is made in `decide`.

mod caller;
mod config;
mod decide;
mod names;

use config::Config;
use decide::Decision;
use weir_sdk::{Call, Declaration, Document, Outcome, Phase, Policy, config as configuration, declare, json, outcome};

struct ToolAllowlist(Config);

impl Policy for ToolAllowlist {
    fn describe() -> Declaration {
        declare::validator("tool-allowlist")
            .version(env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .on(["tools/call", "agent/tool"], Phase::Request)
            .config_schema(include_str!("../config.schema.json"))
            .build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        let config: Config = configuration::parse(text)?;
        config.check()?;
        Ok(Self(config))
    }

    fn intercept(&self, call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let Some(name) = payload.text("/name") else {
            return Ok(outcome::deny("the call names no tool: a string is needed at `/name`"));
        };
        let decision = decide::decide(&self.0, &name, &|attribute| call.attribute(attribute));
        Ok(match decision {
            Decision::Allowed => outcome::valid(),
            Decision::Denied { message, instead } => {
                instead.into_iter().fold(outcome::deny_at("/name", message), |outcome, tool| {
                    outcome.with_suggestion("/name", json::quote(tool))
                })
            }
        })
    }
}

weir_sdk::export_policy!(ToolAllowlist);
