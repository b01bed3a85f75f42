//! The clients, and plans for them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use weir_tests::node::{Node, node};
use weir_tests::python::{Python, python};

/// The makers' clients.
pub struct Clients {
    /// What runs the one of npm.
    pub node: Node,
    python: Python,
}

/// A client in one of its modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    maker: Maker,
    mode: &'static str,
    /// What it agrees on with a server that knows every revision.
    pub revision: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Npm,
    PyPi,
}

/// Every client in every mode.
pub const ALL: [Client; 7] = [
    Client { maker: Maker::Npm, mode: "2025-06-18", revision: "2025-06-18" },
    Client { maker: Maker::Npm, mode: "legacy", revision: "2025-11-25" },
    Client { maker: Maker::Npm, mode: "auto", revision: "2026-07-28" },
    Client { maker: Maker::Npm, mode: "2026-07-28", revision: "2026-07-28" },
    Client { maker: Maker::PyPi, mode: "legacy", revision: "2025-11-25" },
    Client { maker: Maker::PyPi, mode: "auto", revision: "2026-07-28" },
    Client { maker: Maker::PyPi, mode: "2026-07-28", revision: "2026-07-28" },
];

/// One client for each revision.
pub const REVISIONS: [Client; 3] = [ALL[0], ALL[1], ALL[3]];

/// Where a client finds its server.
#[derive(Clone)]
pub enum Place {
    /// An endpoint.
    Url(String),
    /// A command to start.
    Command(Vec<String>),
}

/// Both clients, or a skipped test.
pub fn clients() -> Option<Clients> {
    Some(Clients { node: node()?, python: python()? })
}

impl Client {
    /// Whether the revision that it agrees on has sessions.
    pub fn has_sessions(self) -> bool {
        self.revision != "2026-07-28"
    }

    /// Whether it can talk to a server that knows no revision without sessions.
    pub fn falls_back(self) -> bool {
        self.mode != "2026-07-28"
    }

    /// Whether it opens streams of subscriptions by a step of a plan.
    pub fn listens(self) -> bool {
        self.maker == Maker::Npm && !self.has_sessions()
    }
}

impl Clients {
    /// Does the steps, and tells what came of each.
    pub fn run(&self, client: Client, place: &Place, steps: &[Value]) -> Value {
        let mut plan = json!({ "mode": client.mode, "steps": steps, "elicit": { "response": "yes", "name": "Ann" } });
        match place {
            Place::Url(url) => plan["url"] = json!(url),
            Place::Command(command) => plan["command"] = json!(command),
        }
        let plan = plan.to_string();
        let output = match client.maker {
            Maker::Npm => self.node.run("client.js", &[&plan]),
            Maker::PyPi => self.python.run("mcp_plan.py", &[&plan]),
        };
        report(client, &output)
    }
}

fn report(client: Client, output: &Output) -> Value {
    let told = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(told.trim()).unwrap_or_else(|error| {
        panic!("{client:?} told nothing: {error}\n{told}\n{}", String::from_utf8_lossy(&output.stderr))
    });
    assert!(report.get("failed").is_none(), "{client:?} broke off: {}", report["failed"].as_str().unwrap_or_default());
    report
}

/// Both reports have to be the same; says which steps differ.
pub fn assert_same(client: Client, what: &str, direct: &Value, through: &Value, log: &str) {
    let names = direct.as_object().unwrap().keys().chain(through.as_object().unwrap().keys());
    let differ: BTreeSet<&String> = names.filter(|name| direct.get(name) != through.get(name)).collect();
    let lines =
        differ.iter().map(|name| format!("{name}\n    direct:  {}\n    through: {}\n", direct[*name], through[*name]));
    let lines: String = lines.collect();
    assert!(lines.is_empty(), "{client:?} with {what} is told something else:\n{lines}\nlog:\n{log}");
}

/// The call of a tool, as a step.
pub fn call(name: &str, tool: &str, arguments: Value) -> Value {
    json!({ "as": name, "do": "call", "tool": tool, "arguments": arguments })
}

/// A command in words that takes a folder.
pub fn through_weir_stdio(folder: &Path, command: &[String]) -> Vec<String> {
    let weir = weir_tests::weir::binary();
    let start = [weir.to_str().unwrap(), "stdio", "--folder", folder.to_str().unwrap(), "--"];
    start.into_iter().map(str::to_owned).chain(command.iter().cloned()).collect()
}
