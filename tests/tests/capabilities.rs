//! What a policy may reach beyond its call, through the guests made for it: state, clocks, randomness, HTTP; and
//! what bounds its answers.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use weir_core::{
    Completed, Context, Ended, Event, EventName, Interceptor, Invocation, Limits, Outcome, Payload, Phase,
};
use weir_engine::{Engine, EngineOptions, Grants, Policy, PolicyOptions};
use weir_store::{MemoryState, MemoryStateOptions};
use weir_tests::guests::guest;

#[tokio::test]
async fn state_is_kept_by_session_and_by_policy() {
    let engine = engine();
    let policy = load(&engine, "session-counter", PolicyOptions::default()).await;
    let mut counts = Vec::new();
    for session in [Some("a"), Some("a"), Some("b"), None] {
        let context = Context { session_id: session.map(str::to_owned), ..context() };
        counts.push(info(&call(&policy, "{}", context).await));
    }
    assert_eq!(
        counts[..3],
        [
            json!({ "session": 1, "policy": 1 }),
            json!({ "session": 2, "policy": 2 }),
            json!({ "session": 1, "policy": 3 }),
        ]
    );
    // Calls without a session share none: the host says why instead of opening a bucket.
    assert!(counts[3]["session"].is_string() && counts[3]["policy"] == 4, "{}", counts[3]);
}

#[tokio::test]
async fn two_entries_of_one_component_do_not_share_state() {
    let engine = engine();
    let alias = |name: &str| PolicyOptions {
        alias: Some(weir_core::InterceptorName::new(name).unwrap()),
        ..PolicyOptions::default()
    };
    let first = load(&engine, "session-counter", alias("first")).await;
    let second = load(&engine, "session-counter", alias("second")).await;
    let in_session = || Context { session_id: Some("s".into()), ..context() };
    call(&first, "{}", in_session()).await;
    assert_eq!(info(&call(&second, "{}", in_session()).await), json!({ "session": 1, "policy": 1 }));
    assert_eq!(info(&call(&first, "{}", in_session()).await), json!({ "session": 2, "policy": 2 }));
}

#[tokio::test]
async fn time_and_randomness_come_from_the_call_unless_granted() {
    let engine = engine();
    let closed = load(&engine, "random-and-clock", PolicyOptions::default()).await;
    let of = |call_ref: &str| Context { call_ref: Some(call_ref.into()), ..context() };
    let first = info(&call(&closed, "{}", of("1")).await);
    assert_eq!(first["wall"], "1767225600000", "2026-01-01T00:00:00Z is the call's timestamp");
    assert_eq!(first, info(&call(&closed, "{}", of("1")).await), "the same call sees the same");
    let other = info(&call(&closed, "{}", of("2")).await);
    assert!(first["random"] != other["random"] && first["seed"] != other["seed"], "{first} {other}");

    let grants = Grants { clock: true, random: true, http: Vec::new() };
    let open = load(&engine, "random-and-clock", PolicyOptions { grants, ..PolicyOptions::default() }).await;
    let (first, second) = (info(&call(&open, "{}", of("1")).await), info(&call(&open, "{}", of("1")).await));
    assert!(first["random"] != second["random"] && first["bytes"] != second["bytes"], "{first} {second}");
    let wall: u128 = first["wall"].as_str().unwrap().parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    assert!(now.abs_diff(wall) < 60_000, "{wall} is not now, {now}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outbound_http_reaches_granted_origins_only() {
    let engine = engine();
    let granted = upstream();
    let other = upstream();
    let grants = Grants { http: vec![format!("http://{granted}")], ..Grants::default() };
    let policy = load(&engine, "http-out", PolicyOptions { grants, ..PolicyOptions::default() }).await;
    let ask = |url: String| {
        let policy = Arc::clone(&policy);
        async move { info(&call(&policy, &json!({ "url": url }).to_string(), context()).await) }
    };
    assert_eq!(ask(format!("http://{granted}/path")).await, json!({ "status": 200, "body": "GET /path HTTP/1.1" }));
    for refused in [format!("http://{other}/path"), format!("https://{granted}/path"), "http://localhost/".into()] {
        let answer = ask(refused.clone()).await;
        assert!(answer["error"].is_string(), "{refused}: {answer}");
    }
    assert!(policy.stats().denied_capabilities >= 2, "{:?}", policy.stats());
}

#[tokio::test]
async fn answers_are_bounded() {
    let engine = engine();
    for (config, word) in [
        (json!({ "count": 1001 }), "1001 findings; at most 1000"),
        (json!({ "count": 1001, "bytes": 0, "suggestions": true }), "at most 1000"),
        (json!({ "count": 1, "bytes": 20_000 }), "20000 bytes; at most 16384"),
    ] {
        let options = PolicyOptions { config: Some(config.to_string()), ..PolicyOptions::default() };
        let policy = load(&engine, "huge-findings", options).await;
        match call(&policy, "{}", context()).await.ended {
            Ended::Fault(fault) => {
                assert!(fault.to_string().starts_with("output: ") && fault.message.contains(word), "{fault}")
            }
            other => panic!("{config}: {other:?}"),
        }
    }
    let options = PolicyOptions { config: Some(json!({ "count": 1000 }).to_string()), ..PolicyOptions::default() };
    let policy = load(&engine, "huge-findings", options).await;
    assert!(matches!(call(&policy, "{}", context()).await.ended, Ended::Outcome(_)));
}

#[tokio::test]
async fn a_declared_compat_reaches_the_host() {
    let policy = load(&engine(), "compat-range", PolicyOptions::default()).await;
    let compat = policy.declaration().compat.clone().unwrap();
    assert!(compat.contains("2025-06-18") && compat.contains("2025-11-25") && !compat.contains("2026-07-17"));
}

/// An HTTP server that answers every request with its first line.
fn upstream() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Ends with the process: the listener has no other owner.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            let line = String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned();
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length:";
            stream.write_all(format!("{head} {}\r\n\r\n{line}", line.len()).as_bytes()).unwrap();
        }
    });
    address
}

async fn load(engine: &Engine, name: &str, options: PolicyOptions) -> Arc<Policy> {
    engine.load(&guest(name), options).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn call(policy: &Policy, payload: &str, context: Context) -> Completed {
    let event = Event {
        name: EventName::new("tools/call").unwrap(),
        phase: Phase::Request,
        payload: Arc::new(Payload::parse(payload).unwrap()),
        request: None,
        context: Arc::new(context),
    };
    let limits = Limits { timeout: Some(Duration::from_secs(5)), ..Limits::default() };
    policy.invoke(Invocation { event: &event, payload: Arc::clone(&event.payload), limits }).await
}

fn info(completed: &Completed) -> Value {
    match &completed.ended {
        Ended::Outcome(Outcome::Validation(validation)) => {
            serde_json::from_str(validation.info.as_deref().unwrap_or("null")).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

fn context() -> Context {
    Context { timestamp: "2026-01-01T00:00:00Z".into(), ..Context::default() }
}

fn engine() -> Engine {
    Engine::new(EngineOptions::new(Arc::new(MemoryState::new(MemoryStateOptions::default())))).unwrap()
}
