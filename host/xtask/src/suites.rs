//! The suites of `cargo xtask test`.
//!
//! A failing suite does not stop the others, so one run reports everything. Suites that measure time or start the
//! gateway run alone, after those that use all cores.

use std::io;
use std::process::Command;
use std::time::Instant;

use clap::ValueEnum;

use crate::guests;
use crate::setup::{Need, Ready};
use crate::skips::Skips;
use crate::step::{Count, Step, built, cargo, say};
use crate::summary::Summary;

/// A group of checks. They run in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// Formatting.
    Fmt,
    /// Lints.
    Clippy,
    /// Tests in the host's crates.
    Host,
    /// Tests in the guests' crates, natively.
    Guests,
    /// The whole model: chain cases, properties, load errors; the tidiness of this repository.
    Conformance,
    /// The whole model: chain cases, properties, load errors; repository checks.
    Cases,
    /// Guests that misbehave, with time limits.
    Hostile,
    /// The gateway as a process, with real clients and upstreams.
    EndToEnd,
    /// Third-party MCP clients and servers on both sides of the gateway.
    McpClients,
    /// The official MCP conformance suite, with and without the gateway.
    McpConformance,
}

impl Suite {
    /// The name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What it needs besides the code.
    const fn needs(self) -> &'static [Need] {
        match self {
            Self::Fmt => &[Need::Rustfmt],
            Self::Clippy => &[Need::Clippy, Need::Target],
            Self::Host => &[Need::Postgres],
            Self::EndToEnd => &[Need::PyPi, Need::Postgres],
            Self::McpClients => &[Need::PyPi, Need::Npm],
            Self::McpConformance => &[Need::Npm],
            Self::Guests | Self::Conformance | Self::Cases | Self::Hostile => &[],
        }
    }

    /// How long it takes in a fresh checkout, if worth mentioning.
    const fn takes(self) -> Option<&'static str> {
        match self {
            Self::Clippy | Self::Host => Some("about 5 minutes on two cores"),
            _ => None,
        }
    }

    const fn needs_guests(self) -> bool {
        matches!(self, Self::Conformance | Self::Hostile) || self.needs_weir()
    }

    const fn needs_weir(self) -> bool {
        matches!(self, Self::Cases | Self::EndToEnd | Self::McpClients | Self::McpConformance)
    }

    fn steps(self, arguments: &[String]) -> io::Result<Vec<Step>> {
        let one_at_a_time: Vec<String> = arguments.iter().cloned().chain(["--test-threads=1".to_owned()]).collect();
        let integration = |binary, arguments: &[String]| {
            cargo(["test", "--release", "--workspace", "--test", binary]).and_for_tests(arguments)
        };
        Ok(match self {
            Self::Fmt => vec![cargo(["fmt", "--all", "--check"]), cargo(["fmt", "--all", "--check"]).within("guests")],
            Self::Clippy => {
                let host = cargo(["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"]);
                vec![host, cargo(["clippy", "--release", "--workspace", "--", "-D", "warnings"]).within("guests")]
            }
            Self::Host => vec![cargo(["test", "--release", "--workspace", "--no-fail-fast"]).and_for_tests(arguments)],
            Self::Guests => {
                let target = native_target()?;
                let workspace = ["test", "--workspace", "--target", &target, "--no-fail-fast"];
                vec![cargo(workspace).within("guests").and_for_tests(arguments)]
            }
            Self::Conformance => vec![integration("conformance", arguments)],
            Self::Cases => guests::shipped()?.iter().map(|name| cases(name)).collect::<io::Result<_>>()?,
            Self::Hostile => vec![integration("hostile", &one_at_a_time)],
            Self::EndToEnd => vec![integration("end_to_end", &one_at_a_time)],
            Self::McpClients => vec![integration("mcp_clients", &one_at_a_time)],
            Self::McpConformance => vec![integration("mcp_conformance", &one_at_a_time)],
        })
    }
}

/// Runs the suites, or only the given ones, and prints the results. Returns whether all passed without forbidden skips.
pub fn run(only: &[Suite], no_skips: bool, arguments: &[String]) -> io::Result<bool> {
    let chosen = |suite: &&Suite| only.is_empty() || only.contains(suite);
    let suites: Vec<Suite> = Suite::value_variants().iter().filter(chosen).copied().collect();
    let ready = Ready::with(suites.iter().flat_map(|suite| suite.needs()));
    if suites.iter().any(|suite| suite.needs_guests()) && !guests::install(&[])? {
        return Ok(false);
    }
    if suites.iter().any(|suite| suite.needs_weir()) && !crate::build(&["weir"])? {
        return Ok(false);
    }
    let mut summary = Summary::default();
    for suite in suites {
        if let Some(takes) = suite.takes() {
            say(&format!("building and running the suite {} ({takes} the first time)", suite.name()));
        }
        let start = Instant::now();
        let (mut count, mut skips) = (Count::default(), Skips::default());
        for step in suite.steps(arguments)? {
            let (further, skipped) = step.check(&ready.variables())?;
            count = count.and(further);
            skips.extend(skipped);
        }
        summary.add(suite, count, skips, start.elapsed());
    }
    println!("\n{}", summary.text(ready.missing()));
    let total = summary.total();
    let too_few = no_skips && total.skipped > 0;
    if too_few {
        eprintln!("error: nothing may be skipped here");
    }
    Ok(total.failed == 0 && !too_few)
}

/// A shipped policy's cases, as an author would run them.
fn cases(name: &str) -> io::Result<Step> {
    let (component, cases) = (format!("policies/{name}.wasm"), format!("guests/{name}/cases"));
    // Log lines of policies are not of interest here.
    built("weir", ["policy", "test", &component, "--cases", &cases, "--log", "off"])
}

/// The target of this machine: the guests' workspace builds for WebAssembly by default.
fn native_target() -> io::Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| io::Error::other("`rustc -vV` does not name its host"))
}
