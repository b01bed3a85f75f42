//! Servers that say nothing, or do not read.

use std::time::Duration;

use serde_json::json;
use weir_gateway::GatewayOptions;
use weir_gateway::surface::mcp::{Command, Sharing};

use super::client::{Events, Session, call, initialize, post, text};
use super::{command, leading_to};
use crate::support::{Running, send, start_with};

/// Long enough for a process that runs to answer on a busy machine. One that has to start is tried again.
const LIMIT: Duration = Duration::from_millis(500);

async fn gateway(command: Command) -> Running {
    let options = GatewayOptions { response_timeout: LIMIT, ..GatewayOptions::default() };
    start_with(vec![leading_to(command, vec![])], options).await
}

async fn begin(gateway: &Running, revision: &'static str) -> Session {
    loop {
        let answer = send(gateway.address, post(None, None, &initialize(revision))).await;
        if answer.status != 504 {
            return Session::of(gateway.address, revision, answer).await;
        }
    }
}

/// A call whose answer takes far longer than the limit, and of which nothing is said before.
fn silent(id: &str) -> serde_json::Value {
    call(id, "slow", json!({"steps": 100_000, "ms": 10}))
}

fn assert_late(answer: &serde_json::Value, id: &str) {
    let expected = json!({"type": "urn:weir:upstream-timeout", "timeoutMs": LIMIT.as_millis()});
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32603)), "{answer}");
    assert_eq!(answer["error"]["data"], expected);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    futures_util::future::join_all([Sharing::PerSession, Sharing::Shared].map(async |sharing| {
        let gateway = gateway(command(sharing)).await;
        let session = begin(&gateway, "2025-06-18").await;
        assert_late(&session.ask(&silent("late")).await, "late");
        gateway.telemetry.wait_for("exchange r POST 200 urn:weir:upstream-timeout").await;
        let mut alone = session.post(&silent("alone"));
        alone.headers_mut().insert("accept", "application/json".parse().unwrap());
        let answer = send(gateway.address, alone).await;
        assert_eq!(answer.status, 504);
        assert_late(&answer.json(), "alone");
        // The process was told that nobody waits.
        assert_eq!(text(&session.call("cancelled", json!({})).await), "2");
        // What has begun may take its time.
        let mut message = call("long", "slow", json!({"steps": 14, "ms": 50}));
        message["params"]["_meta"] = json!({"progressToken": 1});
        assert_eq!(text(session.open(&message).await.messages().await.last().unwrap()), "14 steps ");
    }))
    .await;
}

#[tokio::test]
async fn whoever_is_asked_takes_the_time_they_need() {
    let gateway = gateway(command(Sharing::PerSession)).await;
    let session = begin(&gateway, "2025-11-25").await;
    let mut listening = session.listen(None).await;
    // While two requests are worked on, the question belongs to neither stream.
    let mut other = session.open(&silent("other")).await;
    let mut asking = session.open(&call("ask", "ask", json!({"method": "roots/list", "params": {}}))).await;
    let question = listening.message().await;
    tokio::time::sleep(LIMIT + LIMIT / 2).await;
    session.say(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": []}})).await;
    assert_eq!(text(&asking.message().await), "{\"roots\":[]}");
    assert_late(&other.message().await, "other");
}

#[tokio::test]
async fn exchanges_without_sessions_are_no_exception_but_subscriptions_are() {
    let gateway = gateway(command(Sharing::PerSession)).await;
    let answer = send(gateway.address, super::stateless::post(silent("s"))).await;
    assert_eq!(answer.status, 504);
    assert_late(&answer.json(), "s");
    let listen =
        json!({"jsonrpc": "2.0", "id": "l", "method": "subscriptions/listen", "params": {"notifications": {}}});
    let mut events = Events::of(gateway.address, super::stateless::post(listen)).await;
    events.message().await;
    tokio::time::sleep(LIMIT + LIMIT / 2).await;
    send(gateway.address, super::stateless::post(call(1, "news", json!({})))).await;
    assert_eq!(events.message().await["method"], "notifications/tools/list_changed");
}

#[tokio::test]
async fn a_server_that_does_not_read_holds_nobody_up_for_ever() {
    let deaf = r#"read -r line; id=$(printf '%s' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
        printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18"}}\n' "$id"; exec sleep 600"#;
    let deaf = Command { arguments: vec!["-c".to_owned(), deaf.to_owned()], ..Command::new("sh") };
    let gateway = gateway(deaf).await;
    let session = begin(&gateway, "2025-06-18").await;
    let large = "x".repeat(50_000);
    let calls: Vec<_> = (0..40)
        .map(|id| {
            let request = session.post(&call(format!("{id}"), "echo", json!({"text": large})));
            tokio::spawn(Events::of(gateway.address, request))
        })
        .collect();
    for (id, call) in calls.into_iter().enumerate() {
        assert_late(&call.await.unwrap().message().await, &id.to_string());
    }
}
