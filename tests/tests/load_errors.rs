//! What must not load, as data in `cases/load`: each gives one error that names the file and every cause.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use weir_engine::{Engine, EngineOptions, PolicyLimits, PolicyOptions, PolicySource};
use weir_store::{MemoryState, MemoryStateOptions};
use weir_tests::guests::{assembled, guest, scripted};
use weir_tests::repository::files;

/// The file that every error has to name.
const FILE: &str = "policies/offending.wasm";

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

/// One of `text`, `wat`, `guest` and `script` says what is loaded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Bytes that are no WebAssembly.
    text: Option<String>,
    /// A file of WebAssembly text beside the cases, by its name.
    wat: Option<String>,
    /// A guest by name.
    guest: Option<String>,
    /// A script for the scripted guest.
    script: Option<Value>,
    /// How many bytes of the file are left.
    keep: Option<usize>,
    /// The place of sixteen bytes that are overwritten.
    damage: Option<usize>,
    config: Option<Value>,
    #[serde(default)]
    limits: Limits,
    /// A part of each cause, in order.
    causes: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limits {
    memory: Option<usize>,
    table_elements: Option<usize>,
    component_size: Option<usize>,
    configure_timeout_ms: Option<u64>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_one_error_that_names_file_and_causes() {
    let engine = engine();
    let mut failures = Vec::new();
    for file in files(&["tests/cases/load"], ".json") {
        let File { cases } = serde_json::from_str(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        for case in cases {
            if let Err(failure) = check(&engine, &case).await {
                failures.push(format!("{}: {}\n{failure}", file.path, case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[tokio::test]
async fn what_failed_to_load_holds_nothing_and_hinders_nobody() {
    let engine = engine();
    for _ in 0..3 {
        let options = PolicyOptions {
            limits: PolicyLimits { configure_timeout: Duration::from_millis(50), ..PolicyLimits::default() },
            ..PolicyOptions::default()
        };
        assert!(engine.load(&guest("slow-configure"), options).await.is_err());
    }
    let policy = engine.load(&guest("allow-all"), PolicyOptions::default()).await.unwrap();
    assert_eq!((engine.stats().instances_in_use, policy.stats().in_flight), (0, 0));
}

async fn check(engine: &Engine, case: &Case) -> Result<(), String> {
    let error = match engine.load(&case.source(), case.options()).await {
        Ok(_) => return Err("it was loaded".into()),
        Err(error) => error,
    };
    let causes = error.causes();
    let as_expected = causes.len() == case.causes.len()
        && causes.iter().zip(&case.causes).all(|(cause, part)| cause.contains(part.as_str()));
    if !as_expected {
        return Err(format!("expected causes {:#?}\nbut got {causes:#?}", case.causes));
    }
    let shown = error.to_string();
    if error.file() != FILE || !shown.starts_with(&format!("{FILE}: ")) {
        return Err(format!("the message does not start with the file: {shown}"));
    }
    // It goes into a log line and onto a terminal.
    if shown.len() > 4096 || shown.chars().any(|character| character.is_control() && character != '\n') {
        return Err(format!("the message is {} bytes long or holds control characters: {shown:?}", shown.len()));
    }
    Ok(())
}

impl Case {
    fn source(&self) -> PolicySource {
        let Self { text, wat, guest: name, script, .. } = self;
        let mut bytes = match (text, wat, name, script) {
            (Some(text), None, None, None) => text.clone().into_bytes(),
            (None, Some(wat), None, None) => assembled(wat).bytes,
            (None, None, Some(name), None) => guest(name).bytes,
            (None, None, None, Some(script)) => scripted(script).bytes,
            _ => panic!("{}: give one of text, wat, guest and script", self.name),
        };
        bytes.truncate(self.keep.unwrap_or(usize::MAX));
        if let Some(place) = self.damage {
            bytes[place..place + 16].fill(0xff);
        }
        PolicySource { file: FILE.into(), bytes }
    }

    fn options(&self) -> PolicyOptions {
        let default = PolicyLimits::default();
        let Limits { memory, table_elements, component_size, configure_timeout_ms } = self.limits;
        PolicyOptions {
            config: self.config.as_ref().map(Value::to_string),
            limits: PolicyLimits {
                memory: memory.unwrap_or(default.memory),
                table_elements: table_elements.unwrap_or(default.table_elements),
                component_size: component_size.unwrap_or(default.component_size),
                configure_timeout: configure_timeout_ms.map_or(default.configure_timeout, Duration::from_millis),
                ..default
            },
            ..PolicyOptions::default()
        }
    }
}

fn engine() -> Engine {
    Engine::new(EngineOptions::new(Arc::new(MemoryState::new(MemoryStateOptions::default())))).unwrap()
}
