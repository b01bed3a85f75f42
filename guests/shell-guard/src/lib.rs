//! Checks the commands an agent wants to run. Reads the tool's name and, if that tool runs commands, its arguments;
//! `call` finds the commands in them and `analysis` analyses each.

mod analysis;
mod arguments;
mod call;
mod command;
mod config;
mod expand;
mod output;
mod paths;
mod rule;
mod rules;
mod run;
mod shell;
mod value;
mod wrapper;

use call::Located;
use config::Config;
use rule::Level;
use weir_sdk::{
    Call, Declaration, Document, Finding, Outcome, Phase, Policy, config as configuration, declare, outcome,
};

struct ShellGuard(Config);

impl Policy for ShellGuard {
    fn describe() -> Declaration {
        declare::validator("shell-guard")
            .version(env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .on(["agent/tool", "tools/call"], Phase::Request)
            .config_schema(include_str!("../config.schema.json"))
            .build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        let config: Config = configuration::parse(text)?;
        config.check()?;
        Ok(Self(config))
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let runs_commands = payload.text("/name").is_some_and(|name| self.0.tools.matches(&name.to_lowercase()));
        let Some(arguments) = payload.get("/arguments").filter(|_| runs_commands) else {
            return Ok(outcome::valid());
        };
        let arguments = serde_json::from_str(&arguments).map_err(|error| format!("the arguments: {error}"))?;
        let folder = payload.text("/cwd").filter(|folder| folder.starts_with('/'));
        Ok(self.outcome(&call::judge(&self.0, &arguments, folder.as_deref())))
    }
}

impl ShellGuard {
    fn outcome(&self, found: &[Located]) -> Outcome {
        let level = |located: &Located| self.0.rules.of(located.1.rule);
        let findings = found.iter().filter_map(|located| {
            let (path, broken) = located;
            let severity = level(located).severity()?;
            let message = format!("{}: {}", broken.rule.name(), broken.message);
            Some(outcome::finding(Some(path.clone()), message, severity))
        });
        let findings: Vec<Finding> = findings.collect();
        let gravest = found.iter().max_by_key(|located| level(located));
        match gravest.filter(|located| level(located) == Level::Ask) {
            Some((_, broken)) => outcome::from_findings(findings).with_ask(format!("Run it? {}", broken.message)),
            None => outcome::from_findings(findings),
        }
    }
}

weir_sdk::export_policy!(ShellGuard);

#[cfg(test)]
mod tests;
