//! Which crate may name which: our own arrows, and one home for every foreign technology.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;
use weir_tests::repository::{files, root};

use super::report;

/// Our crates, and those of ours that each may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("weir-core", &[]),
    ("weir-engine", &["weir-core"]),
    ("weir-store", &["weir-core"]),
    ("weir-gateway", &["weir-core"]),
    ("weir", &["weir-core", "weir-engine", "weir-store", "weir-gateway"]),
    ("xtask", &[]),
    ("weir-tests", &["weir-core", "weir-engine", "weir-store", "weir-gateway", "weir"]),
];

/// Foreign technologies by the start of their crates' names, and the one crate that may name them.
const HOMES: &[(&str, &str)] = &[
    ("wasmtime", "weir-engine"),
    ("wasmparser", "weir-engine"),
    ("jsonschema", "weir-engine"),
    ("hyper", "weir-gateway"),
    ("h2", "weir-gateway"),
    ("http-body", "weir-gateway"),
    ("rustls", "weir-gateway"),
    ("rusqlite", "weir-store"),
    ("tokio-postgres", "weir-store"),
    ("tokio-rustls", "weir-store"),
    ("clap", "weir"),
    ("toml", "weir"),
    ("notify", "weir"),
    ("prometheus-client", "weir"),
    ("tracing-subscriber", "weir"),
    ("proptest", "weir-tests"),
    ("wat", "weir-tests"),
    ("wit-", "weir-tests"),
];

/// Homes that share a technology, with the reason.
const SHARED: &[(&str, &str)] = &[
    // The engine hands outbound calls of guests over as HTTP bodies; it opens no connection of its own kind.
    ("http-body-util", "weir-engine"),
    ("http-body", "weir-engine"),
    // The end-to-end tests make databases of their own, with the code of the store's tests.
    ("tokio-postgres", "weir-tests"),
    // The chores are a program of their own, with a command line of its own.
    ("clap", "xtask"),
];

/// What core may not depend on, beside what has another home: it runs nothing, reads no clock and parses no format
/// into types of its own.
const NOT_IN_CORE: &[&str] = &["tokio", "serde", "tracing", "async-trait", "uuid"];

/// What core's code may not name.
const NOT_NAMED_IN_CORE: &[&str] = &[
    "SystemTime",
    "Instant::now",
    "std::env",
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "tokio",
    "println!",
];

/// Crates of which two versions would cost build time, binary size, or a type that does not fit itself.
const ONE_VERSION: &[&str] = &[
    "bytes",
    "http",
    "http-body",
    "hyper",
    "rustls",
    "serde",
    "serde_json",
    "sonic-rs",
    "tokio",
    "toml",
    "tracing",
    "wasmparser",
    "wasmtime",
    "wasmtime-wasi",
    "wit-component",
    "wit-parser",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Metadata>(&output.stdout).unwrap().packages
}

fn is_of(name: &str, technology: &str) -> bool {
    name == technology
        || name.strip_prefix(technology).is_some_and(|rest| technology.ends_with('-') || rest.starts_with('-'))
}

#[test]
fn our_crates_know_only_those_below_them() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &packages {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            findings.push(format!("{}: not in ARROWS; add it with the crates that it may know", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| ours.contains(dependency.name.as_str())) {
            if !allowed.contains(&dependency.name.as_str()) {
                findings.push(format!(
                    "{} depends on {}; it may know only {allowed:?}: move what both need into weir-core",
                    package.name, dependency.name
                ));
            }
        }
    }
    report(findings);
}

#[test]
fn every_foreign_technology_has_one_home() {
    let mut findings = Vec::new();
    for package in packages().iter().filter(|package| package.name != "weir-tests") {
        for dependency in &package.dependencies {
            let home = HOMES.iter().find(|(technology, _)| is_of(&dependency.name, technology));
            let shared = SHARED.contains(&(dependency.name.as_str(), package.name.as_str()));
            if let Some((_, home)) = home.filter(|(_, home)| *home != package.name && !shared) {
                findings.push(format!(
                    "{} depends on {}, whose home is {home}: offer what is needed through {home}'s own types",
                    package.name, dependency.name
                ));
            }
        }
    }
    report(findings);
}

#[test]
fn core_is_pure() {
    let mut findings = Vec::new();
    let core = packages().into_iter().find(|package| package.name == "weir-core").expect("weir-core is there");
    for dependency in core.dependencies.iter().filter(|dependency| dependency.kind.is_none()) {
        if NOT_IN_CORE.contains(&dependency.name.as_str()) {
            findings.push(format!("weir-core depends on {}; hand in what is needed instead", dependency.name));
        }
    }
    for file in files(&["host/core/src"], ".rs") {
        for (number, line) in file.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(named) = NOT_NAMED_IN_CORE.iter().find(|named| code.contains(**named)) {
                findings.push(format!(
                    "{}:{}: core names `{named}`; time, tasks and I/O belong to whoever calls core",
                    file.path,
                    number + 1
                ));
            }
        }
    }
    report(findings);
}

#[test]
fn what_matters_is_there_once() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut name = "";
    for line in lock.lines() {
        let value = |key| line.strip_prefix(key).map(|value: &str| value.trim_matches(['"', ' ', '=']));
        if let Some(found) = value("name = ") {
            name = found;
        } else if let Some(version) = value("version = ")
            && !name.is_empty()
        {
            versions.entry(name).or_default().push(version);
        }
    }
    let twice = |(_, versions): &(&&str, &Vec<&str>)| versions.len() > 1;
    println!("{} crates, {} of them in more than one version", versions.len(), versions.iter().filter(twice).count());
    let important = versions.iter().filter(twice).filter(|(name, _)| ONE_VERSION.contains(name));
    report(
        important
            .map(|(name, versions)| {
                format!(
                    "{name} is there in versions {versions:?}; `cargo tree -i {name}@VERSION` shows who wants which"
                )
            })
            .collect(),
    );
}

#[test]
fn every_crate_inherits_the_lints() {
    let manifests = files(&["host", "tests", "guests"], "Cargo.toml");
    let packages = manifests.iter().filter(|file| file.text.contains("[package]"));
    report(
        packages
            .filter(|file| !file.text.contains("[lints]\nworkspace = true"))
            .map(|file| format!("{}: add\n[lints]\nworkspace = true", file.path))
            .collect(),
    );
}
