//! The official conformance suite of MCP against a complete server: directly, and with the gateway in its way.
//!
//! The gateway is right if nobody can tell that it is there: every check of the suite comes out as it does without
//! it, with no policy, with policies that allow everything, and with policies that would deny and change everything
//! but only watch. Needs the guests, the binary and the packages of npm.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of this is test code; a panic is a test's failure")]

/// The folders of the gateway that the suite must not notice.
mod folders;
/// A run of the suite, and what its checks came to.
mod run;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::OnceLock;

use weir_tests::folder::Folder;
use weir_tests::node::{Node, node};
use weir_tests::repository::root;
use weir_tests::weir::Weir;

use run::{Checks, differences};

#[test]
fn the_server_passes_what_its_sdk_can() {
    let Some(node) = node() else { return };
    let direct = directly(&node);
    let exceptions = fs::read_to_string(root().join("tests/mcp/exceptions.json")).unwrap();
    let exceptions: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(&exceptions).unwrap();
    for (set, checks) in direct {
        let excepted: Vec<&str> = exceptions[*set].keys().map(String::as_str).collect();
        assert_eq!(checks.failing(), excepted, "{set}: what fails and what is excepted differ:\n{}", checks.failures());
        // A run that checks next to nothing would agree with any other.
        let passed = checks.passed();
        assert!(passed >= 80, "{set}: only {passed} checks passed");
        println!("{set}: {passed} checks pass, {} scenarios are excepted", excepted.len());
    }
}

#[test]
fn no_policy_makes_no_difference() {
    compare("no policy", folders::no_policy);
}

#[test]
fn policies_that_allow_everything_make_no_difference() {
    compare("allow-all policies", folders::allow_all);
}

#[test]
fn policies_that_only_watch_make_no_difference() {
    compare("audit policies", folders::audit);
}

/// The comparison itself: it has to see a gateway that does something.
#[test]
fn a_policy_that_denies_is_noticed() {
    let Some(node) = node() else { return };
    let found = compared(&node, folders::deny);
    for (scenario, what) in [("tools-call-image", "tools-call-image"), ("caching", "ReadCachingHints")] {
        let noticed = |line: &String| line.contains(&format!("{scenario}: ")) && line.contains(what);
        assert!(found.iter().any(noticed), "nothing tells of {scenario}:\n{}", found.join("\n"));
    }
}

fn compare(what: &str, folder: impl Fn(SocketAddr) -> Folder) {
    let Some(node) = node() else { return };
    let found = compared(&node, folder);
    assert!(found.is_empty(), "with {what}, the gateway can be told from nothing:\n{}", found.join("\n"));
}

/// Where runs of both sets through the gateway differ from direct ones.
fn compared(node: &Node, folder: impl Fn(SocketAddr) -> Folder) -> Vec<String> {
    let direct = directly(node);
    let server = node.server();
    let folder = folder(server.address);
    let weir = Weir::serve(folder.path());
    let through = run::suites(node, weir.gateway);
    let of_set = |(set, direct): &(&'static str, Checks)| {
        let (_, through) = through.iter().find(|(name, _)| name == set).unwrap();
        differences(direct, through).into_iter().map(|difference| format!("{set}: {difference}")).collect::<Vec<_>>()
    };
    direct.iter().flat_map(of_set).collect()
}

/// Both sets without a gateway, run once for all tests.
fn directly(node: &Node) -> &'static [(&'static str, Checks)] {
    static DIRECT: OnceLock<Vec<(&str, Checks)>> = OnceLock::new();
    DIRECT.get_or_init(|| run::suites(node, node.server().address))
}
