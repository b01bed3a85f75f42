//! The suites of `cargo xtask test`.
//!
//! A failing suite does not keep the others from running: one run tells everything. Suites that measure time
//! or start the gateway run alone, after those that keep every core busy.

use std::io;
use std::process::Command;
use std::time::Instant;

use crate::guests;
use crate::step::{Count, Step, built, cargo};
use crate::summary::Summary;

/// A group of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Every shipped policy's own cases.
    Cases,
    /// Guests that misbehave, with bounds on time.
    Hostile,
    /// The gateway as a process, with real clients and upstreams.
    EndToEnd,
    /// MCP clients and servers of other makers on both sides of the gateway.
    McpClients,
    /// The official conformance suite of MCP, with and without the gateway in its way.
    McpConformance,
}

impl Suite {
    /// All suites, in the order in which they run.
    pub const ALL: [Self; 10] = [
        Self::Fmt,
        Self::Clippy,
        Self::Host,
        Self::Guests,
        Self::Conformance,
        Self::Cases,
        Self::Hostile,
        Self::EndToEnd,
        Self::McpClients,
        Self::McpConformance,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Host => "host",
            Self::Guests => "guests",
            Self::Conformance => "conformance",
            Self::Cases => "cases",
            Self::Hostile => "hostile",
            Self::EndToEnd => "end-to-end",
            Self::McpClients => "mcp-clients",
            Self::McpConformance => "mcp-conformance",
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

/// Runs the suites, or only these, and prints what they came to. Whether all passed.
pub fn run(only: &[Suite], arguments: &[String]) -> io::Result<bool> {
    let suites: Vec<Suite> = Suite::ALL.into_iter().filter(|suite| only.is_empty() || only.contains(suite)).collect();
    if suites.iter().any(|suite| suite.needs_guests()) && !guests::install(&[])? {
        return Ok(false);
    }
    if suites.iter().any(|suite| suite.needs_weir()) && !crate::build(&["weir"]).show()? {
        return Ok(false);
    }
    let mut summary = Summary::default();
    for suite in suites {
        let start = Instant::now();
        let mut count = Count::default();
        for step in suite.steps(arguments)? {
            let Count { passed, failed } = step.check()?;
            count = Count { passed: count.passed + passed, failed: count.failed + failed };
        }
        summary.add(suite, count, start.elapsed());
    }
    println!("\n{}", summary.text());
    Ok(summary.total().failed == 0)
}

/// A shipped policy's cases, as an author would run them.
fn cases(name: &str) -> io::Result<Step> {
    let (component, cases) = (format!("policies/{name}.wasm"), format!("guests/{name}/cases"));
    // Lines that policies log are not what is looked at here.
    built("weir", ["policy", "test", &component, "--cases", &cases, "--log", "off"])
}

/// The target of this machine: the guests' workspace builds for WebAssembly unless told otherwise.
fn native_target() -> io::Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| io::Error::other("`rustc -vV` does not name its host"))
}
