//! Writes one structured log line for every event: who, what, where and how much, without the payload.
//!
//! Invariants: always valid; of the payload, only its size, its top-level field names, the name of what is called, and
//! the values the operator lists are written, each cut to a maximum length.
//!
//! Deliberately not here: storing anything; the host's records do that.

use weir_sdk::log::{self, Level};
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, config, declare, outcome};

mod line;
mod settings;
mod subject;

use settings::{Settings, Verbosity};

/// The configured policy.
#[derive(Debug)]
pub struct AuditLog {
    settings: Settings,
    level: Level,
}

impl Policy for AuditLog {
    fn describe() -> Declaration {
        // Validators run concurrently, so a priority would mean nothing.
        declare::validator(env!("CARGO_PKG_NAME"))
            .version(env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .on_both(["*"])
            .audit()
            .fail_open()
            .config_schema(include_str!("../config.schema.json"))
            .build()
    }

    fn configure(config: &str) -> Result<Self, String> {
        let settings: Settings = config::parse(config)?;
        settings.check()?;
        let level = match settings.level {
            Verbosity::Debug => Level::Debug,
            Verbosity::Info => Level::Info,
            Verbosity::Warn => Level::Warn,
        };
        Ok(Self { settings, level })
    }

    fn intercept(&self, call: &Call, payload: &Document, request: Option<&Document>) -> Result<Outcome, String> {
        let facts = line::facts(&self.settings, call, payload, request)?;
        log::line(self.level, "audit", &facts);
        Ok(outcome::valid().with_info(facts))
    }
}

weir_sdk::export_policy!(AuditLog);
