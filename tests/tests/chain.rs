//! The cases of `cases/chain`, each on core alone and through real components.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Mutex;
use weir_core::{
    Chain, ChainOptions, Context, Declaration, Entry, Event, EventName, Interceptor, Overrides, Payload, Phase, resolve,
};
use weir_engine::{Engine, EngineOptions, Metering, Policy, PolicyOptions, QuarantineOptions};
use weir_store::{MemoryState, MemoryStateOptions};
use weir_tests::case::{Case, CaseEntry, cases};
use weir_tests::guests::{guest, scripted};
use weir_tests::scripted::Scripted;

/// Fewer would mean that files were lost.
const AT_LEAST: usize = 200;

#[tokio::test]
async fn on_core_alone() {
    let mut failures = Vec::new();
    let cases = cases("chain");
    assert!(cases.len() >= AT_LEAST, "only {} cases", cases.len());
    for (file, case) in cases {
        let interceptors = case.entries.iter().map(in_memory).collect();
        if let Err(difference) = case.run(interceptors).await {
            failures.push(describe(&file, &case, &difference));
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_real_components() {
    let components = Arc::new(Components::new());
    let mut failures = Vec::new();
    // Two at a time: more would compete for the cores while their deadlines run.
    let mut running = tokio::task::JoinSet::new();
    let mut cases = cases("chain").into_iter();
    loop {
        while running.len() < 2
            && let Some((file, case)) = cases.next()
        {
            let components = Arc::clone(&components);
            running.spawn(async move {
                let loaded = components.load(&case).await;
                let outcome = match loaded {
                    Ok(interceptors) => case.run(interceptors).await,
                    Err(error) => Err(error),
                };
                outcome.map_err(|difference| describe(&file, &case, &difference))
            });
        }
        match running.join_next().await {
            None => break,
            Some(outcome) => failures.extend(outcome.unwrap().err()),
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_the_guests() {
    let components = Components::new();
    let policy = components.engine.load(&guest("endless-loop"), PolicyOptions::default()).await.unwrap();
    let settings = resolve(policy.declaration(), None, Overrides::default()).unwrap();
    let interceptor: Arc<dyn Interceptor> = Arc::clone(&policy) as _;
    let chain = Chain::new(vec![Entry { settings, interceptor }], ChainOptions::default()).unwrap();
    let event = event();

    let gone = tokio::time::timeout(Duration::from_millis(50), chain.run(&event, None)).await;
    assert!(gone.is_err(), "an endless loop answered");
    // The guest is stopped by its store's end, at once or at its next epoch slice.
    for _ in 0..200 {
        if policy.stats().in_flight == 0 && components.engine.stats().instances_in_use == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("a second after the caller had gone, {:?} {:?}", policy.stats(), components.engine.stats());
}

#[tokio::test]
async fn a_chain_that_is_not_polled_does_nothing() {
    let policy: Arc<dyn Interceptor> = Arc::new(Scripted::new(weir_core::Kind::Validation, "{}".into()));
    let (declaration, _) =
        in_memory(&serde_json::from_str(r#"{"name":"v","kind":"validation","behaviour":{}}"#).unwrap());
    let settings = resolve(&declaration, None, Overrides::default()).unwrap();
    let chain = Chain::new(vec![Entry { settings, interceptor: policy }], ChainOptions::default()).unwrap();
    let event = Event { name: EventName::new("other/event").unwrap(), ..event() };
    // Its behaviour is none, so running it would panic: the future is only made and dropped.
    drop(chain.run(&event, None));
    drop(chain.run_only(&[], &event, None).now_or_never());
}

/// Components made of cases' scripts, each loaded once.
struct Components {
    engine: Engine,
    loaded: Mutex<HashMap<(String, bool), Arc<Policy>>>,
}

impl Components {
    fn new() -> Self {
        let mut options = EngineOptions::new(Arc::new(MemoryState::new(MemoryStateOptions::default())));
        // Cases share components, and many of them fail on purpose.
        options.quarantine = QuarantineOptions { after: 0, ..QuarantineOptions::default() };
        // Below the target folder, so that a second run has its code at hand.
        options.cache_dir = Some(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("code"));
        Self { engine: Engine::new(options).unwrap(), loaded: Mutex::default() }
    }

    async fn load(&self, case: &Case) -> Result<Vec<(Declaration, Arc<dyn Interceptor>)>, String> {
        let mut interceptors = Vec::new();
        for entry in &case.entries {
            let policy = self.policy(entry).await?;
            if *policy.declaration() != entry.declaration() {
                return Err(format!("the component declares {:?}", policy.declaration()));
            }
            interceptors.push((policy.declaration().clone(), policy as Arc<dyn Interceptor>));
        }
        Ok(interceptors)
    }

    async fn policy(&self, entry: &CaseEntry) -> Result<Arc<Policy>, String> {
        let script = entry.script();
        let key = (script.to_string(), entry.is_metered());
        if let Some(policy) = self.loaded.lock().await.get(&key) {
            return Ok(Arc::clone(policy));
        }
        let metering = if entry.is_metered() { Metering::Always } else { Metering::Off };
        let options = PolicyOptions { metering, ..PolicyOptions::default() };
        let policy = self.engine.load(&scripted(&script), options).await.map_err(|error| error.to_string())?;
        self.loaded.lock().await.insert(key, Arc::clone(&policy));
        Ok(policy)
    }
}

fn in_memory(entry: &CaseEntry) -> (Declaration, Arc<dyn Interceptor>) {
    let declaration = entry.declaration();
    let interceptor = Arc::new(Scripted::new(entry.kind(), entry.behaviour.clone()));
    (declaration, interceptor)
}

fn describe(file: &str, case: &Case, difference: &str) -> String {
    format!("{file}: {}\n{difference}", case.name)
}

fn event() -> Event {
    Event {
        name: EventName::new("tools/call").unwrap(),
        phase: Phase::Request,
        payload: Arc::new(Payload::parse("{}").unwrap()),
        request: None,
        context: Arc::new(Context { timestamp: "2026-01-01T00:00:00Z".into(), ..Context::default() }),
    }
}
