//! What suites need besides the code: installed once if missing, without root, with a message.
//!
//! Invariant: a missing dependency does not stop a suite that can run without it. Its tests report the skip, and the
//! end of the run says why.

mod packages;
mod postgres;
/// Also used for building the guests.
pub mod toolchain;

use std::env;
use std::io;

use postgres::Server;

/// Something a suite needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// `cargo fmt`.
    Rustfmt,
    /// `cargo clippy`.
    Clippy,
    /// The target of the guests.
    Target,
    /// Packages from PyPI.
    PyPi,
    /// Packages from npm.
    Npm,
    /// A PostgreSQL server.
    Postgres,
}

/// What was set up. A server that was started stops on drop.
#[derive(Default)]
pub struct Ready {
    seen: Vec<Need>,
    postgres: Option<Server>,
    missing: Vec<String>,
}

impl Ready {
    /// Sets up each of these once.
    pub fn with<'a>(needs: impl Iterator<Item = &'a Need>) -> Self {
        let mut this = Self::default();
        for need in needs {
            if this.seen.contains(need) {
                continue;
            }
            this.seen.push(*need);
            // A missing program counts as a failed one.
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

    /// What could not be set up, and why.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Environment variables that tell the tests about started servers.
    pub fn variables(&self) -> Vec<(&'static str, &str)> {
        self.postgres.iter().map(|server| (postgres::VARIABLE, server.url.as_str())).collect()
    }

    /// Whether it is available now.
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
