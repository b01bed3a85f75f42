//! Stops a secret returned by one server from being sent to another. In the response phase it remembers the secrets in
//! the response by their server; in the request phase it looks them up.
//!
//! Invariants: only a salted digest is remembered, never the secret; a secret that the caller itself sent to a server
//! does not become that server's when it is echoed; a finding never contains the secret.

mod config;
mod memory;
mod secrets;

use config::Config;
use memory::Memory;
use secrets::Searcher;
use weir_sdk::{
    Call, Declaration, Document, Finding, Outcome, Phase, Policy, Severity, config as configuration, declare, log,
    outcome,
};

struct CrossBoundaryGuard {
    config: Config,
    searcher: Searcher,
}

impl Policy for CrossBoundaryGuard {
    /// Both phases copy the whole payload.
    const HEAP: usize = 32 * 1024;

    fn describe() -> Declaration {
        declare::validator("cross-boundary-guard")
            .version(env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .on_both(["tools/call"])
            .config_schema(include_str!("../config.schema.json"))
            .build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        let config: Config = configuration::parse(text)?;
        let searcher = Searcher::new(&config)?;
        Ok(Self { config, searcher })
    }

    fn intercept(&self, call: &Call, payload: &Document, request: Option<&Document>) -> Result<Outcome, String> {
        let Some(server) = call.attribute("server").or_else(|| call.attribute("route")) else {
            return Ok(outcome::valid());
        };
        let Some(memory) = Memory::open(&self.config, &|name| call.attribute(name))? else {
            return Ok(outcome::valid());
        };
        match call.phase() {
            Phase::Request => self.judge(&memory, &server, payload),
            Phase::Response => self.remember(&memory, &server, payload, request),
        }
    }
}

impl CrossBoundaryGuard {
    /// Finds secrets that came from a server other than the one called.
    fn judge(&self, memory: &Memory, server: &str, payload: &Document) -> Result<Outcome, String> {
        if payload.size() > self.config.max_bytes {
            return Ok(self.too_large(payload.size(), self.config.severity.into()));
        }
        let mut findings = Vec::new();
        let mut failure = None;
        let complete = self.searcher.find(&payload.json(), |secret| {
            match memory.origins(secret.text) {
                Ok(origins) => findings.extend(self.crossing(&origins, server, secret.kind, (secret.pointer)())),
                Err(error) => failure = Some(error),
            }
            failure.is_none()
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
        if !complete {
            // Otherwise decoys could use up the limit and hide the real secret.
            let message = format!("more than `max_secrets` ({}) secrets in one call", self.config.max_secrets);
            findings.push(outcome::finding(None, message, self.config.severity.into()));
        }
        Ok(outcome::from_findings(findings))
    }

    fn crossing(&self, origins: &[String], server: &str, kind: &str, pointer: String) -> Option<Finding> {
        let may_pass = |origin: &String| origin == server || self.config.allows(origin, server);
        if origins.is_empty() || origins.iter().any(may_pass) {
            return None;
        }
        let origin = &origins[0];
        let message =
            format!("a secret ({kind}) that came back from server `{origin}` may not go to server `{server}`");
        Some(outcome::finding(Some(pointer), message, self.config.severity.into()))
    }

    /// Remembers the secrets in a response that were not in its request.
    fn remember(
        &self,
        memory: &Memory,
        server: &str,
        payload: &Document,
        request: Option<&Document>,
    ) -> Result<Outcome, String> {
        if payload.size() > self.config.max_bytes {
            return Ok(self.too_large(payload.size(), Severity::Warn));
        }
        let mut sent: Option<String> = None;
        let mut result = Ok(());
        let complete = self.searcher.find(&payload.json(), |secret| {
            let sent = sent.get_or_insert_with(|| request.map(secrets::texts).unwrap_or_default());
            if !sent.contains(secret.text) {
                result = memory.remember(secret.text, server);
            }
            result.is_ok()
        })?;
        result?;
        if !complete {
            log::warn("an answer holds more secrets than `max_secrets`: the rest is not remembered");
        }
        Ok(outcome::valid())
    }

    /// Reports a payload too large to scan. A request could hide a secret that way; a response must still pass.
    fn too_large(&self, size: u32, severity: Severity) -> Outcome {
        let message = format!("not looked at: {size} bytes are more than `max_bytes` ({})", self.config.max_bytes);
        outcome::from_findings(vec![outcome::finding(None, message, severity)])
    }
}

weir_sdk::export_policy!(CrossBoundaryGuard);
