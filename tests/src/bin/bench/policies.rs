//! Engines, policies and events for the benchmarks.

use std::sync::Arc;

use weir_core::{
    Chain, ChainOptions, Context, Entry, Event, EventName, InterceptorName, Overrides, Payload, Phase, resolve,
};
use weir_engine::{Engine, EngineOptions, Policy, PolicyOptions, QuarantineOptions};
use weir_store::{MemoryState, MemoryStateOptions};
use weir_tests::guests;

/// An engine; with a folder, compiled code is cached there.
pub fn engine(cache_dir: Option<std::path::PathBuf>) -> Engine {
    let state = Arc::new(MemoryState::new(MemoryStateOptions::default()));
    let quarantine = QuarantineOptions { after: 0, ..QuarantineOptions::default() };
    Engine::new(EngineOptions { cache_dir, quarantine, ..EngineOptions::new(state) }).unwrap()
}

/// A guest with its own name.
pub async fn policy(engine: &Engine, guest: &str, alias: &str, options: PolicyOptions) -> Arc<Policy> {
    let alias = Some(InterceptorName::new(alias).unwrap());
    engine.load(&guests::guest(guest), PolicyOptions { alias, ..options }).await.unwrap()
}

/// A chain of this many copies of a guest.
pub async fn chain(engine: &Engine, guest: &str, length: usize) -> Chain {
    let mut entries = Vec::new();
    for place in 0..length {
        let policy = policy(engine, guest, &format!("{guest}-{place}"), PolicyOptions::default()).await;
        let settings = resolve(policy.declaration(), Some(policy.name().clone()), Overrides::default()).unwrap();
        entries.push(Entry { settings, interceptor: policy });
    }
    Chain::new(entries, ChainOptions::default()).unwrap()
}

/// A `tools/call` with a payload of about this many bytes.
pub fn event(bytes: usize) -> Event {
    let mut text = String::from(r#"{"name":"read_file","arguments":{"path":"src/main.rs","lines":[1,200]},"rows":["#);
    let mut row = 0;
    while text.len() + 64 < bytes {
        if row > 0 {
            text.push(',');
        }
        text.push_str(&format!(r#"{{"id":{row},"title":"row number {row}","done":false,"score":{row}.5}}"#));
        row += 1;
    }
    text.push_str("]}");
    Event {
        name: EventName::new("tools/call").unwrap(),
        phase: Phase::Request,
        payload: Arc::new(Payload::parse(text).unwrap()),
        request: None,
        context: Arc::new(Context {
            timestamp: "2026-01-01T00:00:00Z".into(),
            session_id: Some("session".into()),
            call_ref: Some("01890000-0000-7000-8000-000000000000".into()),
            ..Context::default()
        }),
    }
}
