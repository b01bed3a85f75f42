//! Hostile guests against the clock: a deadline bounds them whatever they do, and whoever runs beside them
//! hardly notices.
//!
//! The only tests that assert times. They run in a process of their own, one after the other, and a bound that
//! is missed is tried again: a machine that is busy with something else proves nothing either way.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use weir_core::state::StateStore;
use weir_core::{
    Completed, Context, Ended, Event, EventName, FaultKind, Interceptor, Invocation, Limits, Payload, Phase,
};
use weir_engine::{Engine, EngineOptions, Policy, PolicyLimits, PolicyOptions, PolicySource, QuarantineOptions};
use weir_store::{MemoryState, MemoryStateOptions};
use weir_tests::guests;

const TIMEOUT: Duration = Duration::from_millis(20);

/// A call ends by then at the 99th percentile.
const BOUND: Duration = Duration::from_millis(25);

/// Calls of each hostile guest in one attempt.
const CALLS: usize = 100;

/// How often a missed bound is tried again.
const ATTEMPTS: usize = 4;

/// Below this, a percentile of the light policy says more about the machine's timer than about its neighbour.
const NOISE: Duration = Duration::from_micros(250);

struct Row {
    guest: &'static str,
    config: Option<&'static str>,
    fault: FaultKind,
}

const fn row(guest: &'static str, config: Option<&'static str>, fault: FaultKind) -> Row {
    Row { guest, config, fault }
}

const ROWS: &[Row] = &[
    row("endless-loop", None, FaultKind::Deadline),
    row("sleep", None, FaultKind::Deadline),
    row("deep-recursion", None, FaultKind::Trap),
    row("deep-recursion", Some(r#"{"stack":"shadow"}"#), FaultKind::Trap),
    row("memory-bomb", None, FaultKind::Memory),
    row("table-bomb", None, FaultKind::Memory),
    row("huge-output", None, FaultKind::Memory),
    row("huge-output", Some(r#"{"bytes":1200000}"#), FaultKind::Output),
    row("wrong-kind", None, FaultKind::Output),
    row("wrong-kind-mutation", None, FaultKind::Output),
    row("malformed-json", None, FaultKind::Output),
    row("malformed-verdict", None, FaultKind::Output),
    row("bad-edit", None, FaultKind::Output),
    row("trap", None, FaultKind::Trap),
    row("trap-in-allocation", None, FaultKind::Trap),
    row("host-call-storm", None, FaultKind::Refused),
    row("returns-error", None, FaultKind::Refused),
];

#[test]
fn deadlines_bound_whatever_a_guest_does_and_neighbours_hardly_notice() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = engine();
        let light = load(&engine, "read-one", None).await;
        for row in ROWS {
            let hostile = load(&engine, row.guest, row.config).await;
            let mut missed = Vec::new();
            let held = loop {
                let quiet = percentile_99(&beside(&light, None).await.1);
                let (ends, neighbour) = beside(&light, Some(&hostile)).await;
                // A machine that stood still for the whole of a timeout turns any fault into a deadline: try again.
                let mut stalled = false;
                for completed in &ends {
                    let Ended::Fault(fault) = &completed.ended else { panic!("{}: {:?}", row.guest, completed.ended) };
                    stalled |= fault.kind != row.fault;
                    let named = fault.kind == row.fault || fault.kind == FaultKind::Deadline;
                    assert!(named, "{}: {fault}, which is not {}", row.guest, row.fault.as_str());
                }
                let ended = percentile_99(&ends.iter().map(|completed| completed.elapsed).collect::<Vec<_>>());
                let busy = percentile_99(&neighbour);
                println!(
                    "{:20} ends p99 {ended:>10.1?}; a light policy beside it p99 {quiet:.1?} -> {busy:.1?}",
                    row.guest
                );
                if !stalled && ended <= BOUND && busy <= (quiet * 2).max(NOISE) {
                    break true;
                }
                missed.push((ended, quiet, busy));
                if missed.len() == ATTEMPTS {
                    break false;
                }
            };
            assert!(held, "{}: bounds missed in every attempt (ends, quiet, busy): {missed:?}", row.guest);
        }
    });
}

#[test]
fn a_fuel_verdict_is_the_same_every_time() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let options = PolicyOptions { metering: weir_engine::Metering::Always, ..PolicyOptions::default() };
        let policy = engine().load(&source("fuel-steps"), options).await.unwrap();
        let event = event(r#"{"steps":10000}"#);
        let run = |fuel: Option<u64>| call(&policy, &event, Limits { fuel, ..Limits::default() });
        let used = run(None).await.fuel.unwrap();
        for _ in 0..50 {
            assert_eq!(run(None).await.fuel, Some(used));
            assert!(matches!(run(Some(used)).await.ended, Ended::Outcome(_)));
            let Ended::Fault(fault) = run(Some(used / 2)).await.ended else { panic!("half of it must not do") };
            assert_eq!(fault.kind, FaultKind::Fuel);
        }
    });
}

#[test]
fn a_failing_policy_is_set_aside_and_recovers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let first = Duration::from_millis(200);
        let quarantine = QuarantineOptions { after: 3, first, longest: Duration::from_secs(2) };
        let engine = Engine::new(EngineOptions { quarantine, ..EngineOptions::new(state()) }).unwrap();
        let policy = load(&engine, "fuel-steps", None).await;
        let (slow, quick) = (event(r#"{"steps":4000000000}"#), event(r#"{"steps":1}"#));
        let limits = Limits { timeout: Some(Duration::from_millis(5)), ..Limits::default() };

        for _ in 0..3 {
            let Ended::Fault(fault) = call(&policy, &slow, limits).await.ended else { panic!("too quick") };
            assert_eq!(fault.kind, FaultKind::Deadline);
        }
        assert!(policy.stats().quarantined);
        let Ended::Fault(fault) = call(&policy, &quick, limits).await.ended else { panic!("set aside") };
        assert_eq!(fault.kind, FaultKind::Unavailable);

        tokio::time::sleep(first + Duration::from_millis(50)).await;
        assert!(matches!(call(&policy, &quick, limits).await.ended, Ended::Outcome(_)));
        assert!(!policy.stats().quarantined);
        assert_eq!(policy.stats().quarantines, 1);
    });
}

#[test]
fn dropping_a_call_frees_its_instance() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::new(EngineOptions { max_instances: 1, ..EngineOptions::new(state()) }).unwrap();
        let policy = load(&engine, "endless-loop", None).await;
        let light = load(&engine, "read-one", None).await;
        let event = event("{}");
        let endless = call(&policy, &event, Limits::default());
        assert!(tokio::time::timeout(Duration::from_millis(30), endless).await.is_err());
        let limits = Limits { timeout: Some(Duration::from_secs(5)), ..Limits::default() };
        assert!(matches!(call(&light, &event, limits).await.ended, Ended::Outcome(_)));
        assert_eq!(policy.stats().in_flight, 0);
        assert_eq!(policy.stats().faults, [0; 7], "a cancelled call is no fault");
    });
}

/// Runs the light policy for a while, with a hostile one beside it if there is one.
async fn beside(light: &Arc<Policy>, hostile: Option<&Arc<Policy>>) -> (Vec<Completed>, Vec<Duration>) {
    let over = Arc::new(AtomicBool::new(false));
    let (policy, stop) = (Arc::clone(light), Arc::clone(&over));
    let neighbour = tokio::spawn(async move {
        let event = event(r#"{"name":"x"}"#);
        let mut times = Vec::new();
        while !stop.load(Ordering::Relaxed) || times.len() < 2000 {
            let start = Instant::now();
            let completed = call(&policy, &event, Limits::default()).await;
            times.push(start.elapsed());
            assert!(matches!(completed.ended, Ended::Outcome(_)), "{:?}", completed.ended);
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        times
    });
    let mut ends = Vec::new();
    if let Some(hostile) = hostile {
        let event = event(r#"{"name":"x"}"#);
        for _ in 0..CALLS {
            ends.push(call(hostile, &event, Limits { timeout: Some(TIMEOUT), ..Limits::default() }).await);
        }
    }
    over.store(true, Ordering::Relaxed);
    (ends, neighbour.await.unwrap())
}

fn percentile_99(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[(times.len() * 99).div_ceil(100) - 1]
}

async fn call(policy: &Policy, event: &Event, limits: Limits) -> Completed {
    policy.invoke(Invocation { event, payload: Arc::clone(&event.payload), limits }).await
}

fn event(payload: &str) -> Event {
    Event {
        name: EventName::new("tools/call").unwrap(),
        phase: Phase::Request,
        payload: Arc::new(Payload::parse(payload).unwrap()),
        request: None,
        context: Arc::new(Context { timestamp: "2026-01-01T00:00:00Z".into(), ..Context::default() }),
    }
}

async fn load(engine: &Engine, guest: &str, config: Option<&str>) -> Arc<Policy> {
    // Little output, so that a guest which answers with more gets there long before its deadline.
    let limits = PolicyLimits { output: 1 << 20, ..PolicyLimits::default() };
    let options = PolicyOptions { config: config.map(str::to_owned), limits, ..PolicyOptions::default() };
    engine.load(&source(guest), options).await.unwrap()
}

fn source(guest: &str) -> PolicySource {
    if guest == "table-bomb" { guests::table_bomb() } else { guests::guest(guest) }
}

fn engine() -> Engine {
    let quarantine = QuarantineOptions { after: 0, ..QuarantineOptions::default() };
    Engine::new(EngineOptions { quarantine, ..EngineOptions::new(state()) }).unwrap()
}

fn state() -> Arc<dyn StateStore> {
    Arc::new(MemoryState::new(MemoryStateOptions::default()))
}
