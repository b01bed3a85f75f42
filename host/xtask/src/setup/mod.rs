//! What suites need beside the code: installed where it is missing, without root and once, and said.
//!
//! Invariant: what cannot be had stops no suite that can do without it. The tests say what they lack, and the end of
//! the run says why.

mod packages;
mod postgres;
/// Also what building the guests takes.
pub mod toolchain;

use std::env;
use std::io;

use postgres::Server;

/// Something to have before a suite runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// `cargo fmt`.
    Rustfmt,
    /// `cargo clippy`.
    Clippy,
    /// The target of the guests.
    Target,
    /// Clients of PyPI.
    PyPi,
    /// Clients and servers of npm.
    Npm,
    /// A server of PostgreSQL.
    Postgres,
}

/// What was made ready. A server that was started ends with it.
#[derive(Default)]
pub struct Ready {
    seen: Vec<Need>,
    postgres: Option<Server>,
    missing: Vec<String>,
}

impl Ready {
    /// Sees to each of these once.
    pub fn with<'a>(needs: impl Iterator<Item = &'a Need>) -> Self {
        let mut this = Self::default();
        for need in needs {
            if this.seen.contains(need) {
                continue;
            }
            this.seen.push(*need);
            // A program that is not there is like one that failed.
            let why = match this.see_to(*need) {
                Ok(true) => continue,
                Ok(false) => "see above".to_owned(),
                Err(error) => error.to_string(),
            };
            let missing = format!("{} could not be set up: {why}", need.name());
            eprintln!("warning: {missing}");
            this.missing.push(missing);
        }
        this
    }

    /// What could not be had, and why.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Variables by which the tests find what was started.
    pub fn variables(&self) -> Vec<(&'static str, &str)> {
        self.postgres.iter().map(|server| (postgres::VARIABLE, server.url.as_str())).collect()
    }

    /// Whether it is there now.
    fn see_to(&mut self, need: Need) -> io::Result<bool> {
        match need {
            Need::Rustfmt => toolchain::component("rustfmt", "fmt"),
            Need::Clippy => toolchain::component("clippy", "clippy"),
            Need::Target => toolchain::target(),
            Need::PyPi => Ok(env::var_os("WEIR_PYTHON").is_some() || packages::pypi()?),
            Need::Npm => {
                packages::npm("tests/mcp", "clients and servers of MCP from npm: tests hold the gateway against them")
            }
            Need::Postgres if env::var_os(postgres::VARIABLE).is_some() => Ok(true),
            Need::Postgres => {
                self.postgres = postgres::start()?;
                Ok(self.postgres.is_some())
            }
        }
    }
}

impl Need {
    const fn name(self) -> &'static str {
        match self {
            Self::Rustfmt => "rustfmt",
            Self::Clippy => "clippy",
            Self::Target => "the Rust target of the guests",
            Self::PyPi => "the packages of PyPI",
            Self::Npm => "the packages of npm",
            Self::Postgres => "a PostgreSQL",
        }
    }
}
