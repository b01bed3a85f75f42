//! A run of the suite, and what its checks came to.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;

use serde::Deserialize;
use weir_tests::folder::Folder;
use weir_tests::node::Node;

/// The requirement sets that the suite has.
const SETS: [&str; 2] = ["2025-11-25", "2026-07-28"];

/// What the checks of a run came to, by scenario, in the order in which they were made.
pub struct Checks(BTreeMap<String, Vec<Check>>);

/// One check.
#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
struct Check {
    id: String,
    name: String,
    status: String,
    error_message: Option<String>,
}

/// Runs both sets, each of them in the version of the protocol that it is for.
pub fn suites(node: &Node, address: SocketAddr) -> Vec<(&'static str, Checks)> {
    SETS.map(|set| (set, suite(node, set, address))).into()
}

/// Runs a requirement set against the endpoint `/mcp` there.
fn suite(node: &Node, set: &str, address: SocketAddr) -> Checks {
    let results = Folder::new();
    let url = format!("http://{address}/mcp");
    let folder = results.path().to_str().unwrap();
    let arguments = ["server", "--url", &url, "--requirements", set, "--output-dir", folder];
    let output = node.run("node_modules/@modelcontextprotocol/conformance/dist/index.js", &arguments);
    let mut checks = BTreeMap::new();
    for entry in fs::read_dir(results.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(path.join("checks.json")).unwrap();
        let name = scenario(path.file_name().unwrap().to_str().unwrap());
        checks.insert(name, serde_json::from_str(&text).unwrap());
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    // A scenario that breaks off leaves no file, and must not be missed.
    for line in printed.lines() {
        if let Some(name) = line.strip_prefix("=== Running scenario: ").and_then(|rest| rest.strip_suffix(" ===")) {
            checks.entry(name.to_owned()).or_insert_with(|| vec![Check::broken_off()]);
        }
    }
    assert!(!checks.is_empty(), "the suite ran nothing: {printed}{}", String::from_utf8_lossy(&output.stderr));
    Checks(checks)
}

/// `server-NAME-TIME` → `NAME`; the time is `2026-07-28T12-00-00-000Z`.
fn scenario(folder: &str) -> String {
    const TIME: usize = "-2026-07-28T12-00-00-000Z".len();
    let name = folder.strip_prefix("server-").unwrap_or(folder);
    name[..name.len() - TIME].to_owned()
}

impl Check {
    fn broken_off() -> Self {
        Self { id: "scenario".into(), name: "ran to its end".into(), status: "FAILURE".into(), error_message: None }
    }

    fn label(&self) -> String {
        format!("{} ({})", self.id, self.name)
    }

    fn failed(&self) -> bool {
        self.status == "FAILURE" || self.status == "WARNING"
    }

    fn reason(&self) -> String {
        self.error_message.clone().map(|message| format!(": {message}")).unwrap_or_default()
    }
}

impl Checks {
    /// Scenarios with a check that failed or warned.
    pub fn failing(&self) -> Vec<&str> {
        let failing = self.0.iter().filter(|(_, checks)| checks.iter().any(Check::failed));
        failing.map(|(scenario, _)| scenario.as_str()).collect()
    }

    /// How many checks passed.
    pub fn passed(&self) -> usize {
        self.0.values().flatten().filter(|check| check.status == "SUCCESS").count()
    }

    /// Every check that failed or warned, for people.
    pub fn failures(&self) -> String {
        let lines = self.0.iter().flat_map(|(scenario, checks)| {
            let failed = checks.iter().filter(|check| check.failed());
            failed.map(move |check| format!("  {scenario}: {}{}\n", check.label(), check.reason()))
        });
        lines.collect()
    }
}

/// Where two runs differ. A check that is made several times is compared time by time.
pub fn differences(direct: &Checks, through: &Checks) -> Vec<String> {
    let mut found = Vec::new();
    let scenarios: std::collections::BTreeSet<&String> = direct.0.keys().chain(through.0.keys()).collect();
    for scenario in scenarios {
        let (before, after) = (by_label(direct, scenario), by_label(through, scenario));
        let labels: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for label in labels {
            let [before, after] = [&before, &after].map(|checks| checks.get(label).map_or(&[][..], Vec::as_slice));
            for time in 0..before.len().max(after.len()) {
                let status =
                    |checks: &[Check]| checks.get(time).map_or("not made".into(), |check| check.status.clone());
                let (expected, got) = (status(before), status(after));
                if expected != got {
                    let reason = after.get(time).map(Check::reason).unwrap_or_default();
                    found
                        .push(format!("{scenario}: {label}: {expected} without the gateway, {got} through it{reason}"));
                }
            }
        }
    }
    found
}

fn by_label(checks: &Checks, scenario: &str) -> BTreeMap<String, Vec<Check>> {
    let mut by_label: BTreeMap<String, Vec<Check>> = BTreeMap::new();
    for check in checks.0.get(scenario).into_iter().flatten() {
        by_label.entry(check.label()).or_default().push(check.clone());
    }
    by_label
}
