//! Which crate may name which: our own arrows, and one home for every foreign technology.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;
use weir_tests::repository::{files, root};

use super::report;

/// Our crates, and those of ours that each may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("weir-core", &[]),
    ("weir-http", &[]),
    ("weir-record", &["weir-core"]),
    ("weir-mcp", &["weir-core"]),
    ("weir-engine", &["weir-core"]),
    ("weir-store", &["weir-core", "weir-record"]),
    ("weir-gateway", &["weir-core", "weir-record", "weir-http", "weir-mcp"]),
    ("weir-interceptors", &["weir-core", "weir-record", "weir-http", "weir-mcp", "weir-gateway"]),
    ("weir-admin", &["weir-core", "weir-record", "weir-http", "weir-mcp", "weir-gateway"]),
    ("weir-demo", &["weir-core", "weir-mcp"]),
    ("weir", PUT_TOGETHER),
    ("xtask", &[]),
];

/// What the daemon puts together.
const PUT_TOGETHER: &[&str] = &[
    "weir-core",
    "weir-http",
    "weir-record",
    "weir-mcp",
    "weir-engine",
    "weir-store",
    "weir-gateway",
    "weir-interceptors",
    "weir-admin",
    "weir-demo",
];

/// Foreign technologies by the start of their crates' names, and the one crate that may name them.
const HOMES: &[(&str, &str)] = &[
    ("wasmtime", "weir-engine"),
    ("wasmparser", "weir-engine"),
    ("jsonschema", "weir-engine"),
    ("hyper", "weir-http"),
    ("h2", "weir-http"),
    ("http-body", "weir-http"),
    ("rustls", "weir-http"),
    ("rusqlite", "weir-store"),
    ("tokio-postgres", "weir-store"),
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
    // The store sets up TLS towards PostgreSQL.
    ("rustls", "weir-store"),
    // Both are programs with a command line.
    ("clap", "xtask"),
    // The sample tables are a database in memory, which has nothing to do with how records are kept.
    ("rusqlite", "weir-demo"),
    // The end-to-end tests make databases of their own, with the code of the store's tests.
    ("tokio-postgres", "weir-tests"),
    // The chores are a program of their own, with a command line of its own.
    ("clap", "xtask"),
];

/// The crate of the tests across crates, which may name all of it.
const TESTS: &str = "weir-tests";

/// The crates of rules, with their folders: they run nothing, read no clock and parse no format into types of their
/// own.
const PURE: &[(&str, &str)] = &[("weir-core", "host/core/src"), ("weir-record", "host/record/src")];

/// What they may not depend on, beside what has another home.
const NOT_IN_PURE: &[&str] = &["tokio", "tracing", "async-trait", "uuid"];

/// Core has no JSON of its own but what it judges. The forms of rows and handoffs are part of the rules of records.
const NOT_IN_CORE: &[&str] = &["serde"];

/// What their code may not name.
const NOT_NAMED_IN_PURE: &[&str] = &[
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
    report(forbidden_arrows(&packages()));
}

fn forbidden_arrows(packages: &[Package]) -> Vec<String> {
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.name != TESTS) {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            findings.push(format!("{}: not in ARROWS; add it with the crates that it may know", package.name));
            continue;
        };
        for dependency in shipped(package).filter(|dependency| ours.contains(dependency.name.as_str())) {
            if !allowed.contains(&dependency.name.as_str()) {
                findings.push(format!(
                    "{} depends on {}; it may know only {allowed:?}: move what both need into a crate below both",
                    package.name, dependency.name
                ));
            }
        }
    }
    findings
}

#[test]
fn every_foreign_technology_has_one_home() {
    report(strangers(&packages()));
}

/// What a package is built with. Its tests may know more: they stand on the other side of what they test.
fn shipped(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"))
}

fn strangers(packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.name != TESTS) {
        for dependency in shipped(package) {
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
    findings
}

#[test]
fn forbidden_arrows_and_strangers_are_found() {
    let package = |name: &str, dependencies: &[&str]| Package {
        name: name.into(),
        dependencies: dependencies.iter().map(|name| Dependency { name: (*name).into(), kind: None }).collect(),
    };
    let ours = [
        package("weir-core", &["bytes"]),
        package("weir-http", &["weir-core", "hyper-util", "http-body", "rustls"]),
        package("weir-gateway", &["weir-http", "hyper"]),
        package("weir-store", &["weir-core", "rustls", "rusqlite"]),
        package("weir-demo", &["weir-mcp", "rusqlite", "clap"]),
        package("xtask", &["clap"]),
        package("weir", &["weir-gateway", "weir-store", "weir-demo", "clap"]),
        package("weir-new", &[]),
        package("weir-tests", &["weir", "weir-new", "hyper"]),
    ];
    let found = forbidden_arrows(&ours);
    assert!(found.len() == 2 && found[0].starts_with("weir-http depends on weir-core"), "{found:?}");
    assert!(found[1].starts_with("weir-new: not in ARROWS"), "{found:?}");
    let found = strangers(&ours);
    assert!(found.len() == 2 && found[0].starts_with("weir-gateway depends on hyper"), "{found:?}");
    assert!(found[1].starts_with("weir-demo depends on clap"), "{found:?}");
}

#[test]
fn core_and_record_are_pure() {
    let mut findings = Vec::new();
    let packages = packages();
    for (name, folder) in PURE {
        let package = packages.iter().find(|package| package.name == *name).expect("every pure crate is there");
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind.is_none()) {
            let others = if *name == "weir-core" { NOT_IN_CORE } else { &[] };
            if [NOT_IN_PURE, others].concat().contains(&dependency.name.as_str()) {
                findings.push(format!("{name} depends on {}; hand in what is needed instead", dependency.name));
            }
        }
        for file in files(&[folder], ".rs") {
            for (number, line) in file.text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if let Some(named) = NOT_NAMED_IN_PURE.iter().find(|named| code.contains(**named)) {
                    findings.push(format!(
                        "{}:{}: {name} names `{named}`; time, tasks and I/O belong to whoever calls it",
                        file.path,
                        number + 1
                    ));
                }
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
