//! Exchanges without sessions: one process for all of them, numbers of its own for each.

use http::Request;
use serde_json::{Value, json};
use weir_gateway::surface::mcp::Sharing;

use super::client::{Events, Session, call, text};
use super::gateway;
use crate::support::send;

const REVISION: &str = "2026-07-28";

/// A request as this revision has it.
pub fn post(mut message: Value) -> Request<String> {
    let meta = &mut message["params"]["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = json!(REVISION);
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    let mut request = Request::post("/r")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", REVISION)
        .header("mcp-method", message["method"].as_str().unwrap_or_default());
    if let Some(name) = message["params"]["name"].as_str() {
        request = request.header("mcp-name", name);
    }
    request.body(message.to_string()).unwrap()
}

#[tokio::test]
async fn every_exchange_stands_for_itself() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let ask = async |message: Value| send(gateway.address, post(message)).await;
    let discovered = ask(json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover"})).await;
    assert_eq!(discovered.json()["result"]["supportedVersions"], json!([REVISION]));
    assert!(!discovered.headers.contains_key("mcp-session-id"));
    for expected in ["1", "2", "3"] {
        // The same id again and again.
        let answer = ask(call(1, "count", json!({}))).await;
        assert_eq!((answer.status.as_u16(), text(&answer.json()), &answer.json()["id"]), (200, expected, &json!(1)));
        assert_eq!(answer.json()["result"]["resultType"], "complete");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    let unknown = ask(json!({"jsonrpc": "2.0", "id": "u", "method": "nothing/here"})).await;
    assert_eq!((unknown.status.as_u16(), &unknown.json()["error"]["code"]), (404, &json!(-32601)));
    // Sessions beside it have processes of their own.
    let session = Session::begin(gateway.address, "2025-11-25").await;
    assert_eq!(text(&session.call("count", json!({})).await), "1");
}

#[tokio::test]
async fn exchanges_at_one_time_are_not_mixed_up() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let mut open = Vec::new();
    for number in 0..10 {
        let mut message = call(1, "slow", json!({"steps": 5, "ms": 20, "text": format!("of {number}")}));
        message["params"]["_meta"] = json!({"progressToken": "p"});
        open.push(Events::of(gateway.address, post(message)).await);
    }
    for (number, events) in open.iter_mut().enumerate() {
        assert_eq!(events.headers["content-type"], "text/event-stream");
        let first = events.next().await.unwrap();
        assert_eq!((first.id, &first.data.unwrap()["params"]["progress"]), (None, &json!(1)));
        let rest = events.messages().await;
        assert_eq!((rest.len(), text(&rest[4])), (5, &*format!("5 steps of {number}")), "{rest:?}");
    }
}

#[tokio::test]
async fn whoever_goes_away_cancels() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let mut message = call(1, "slow", json!({"steps": 1000, "ms": 10}));
    message["params"]["_meta"] = json!({"progressToken": "p"});
    let mut events = Events::of(gateway.address, post(message.clone())).await;
    events.message().await;
    drop(events);
    // Also before anything came back.
    message["params"]["arguments"]["ms"] = json!(100_000);
    message["params"]["_meta"] = json!({});
    let waiting = tokio::spawn(Events::of(gateway.address, post(message)));
    while text(&send(gateway.address, post(call(1, "begun", json!({})))).await.json()) != "2" {
        assert!(!waiting.is_finished());
    }
    waiting.abort();
    for _ in 0..500 {
        if text(&send(gateway.address, post(call(1, "cancelled", json!({})))).await.json()) == "2" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the process was never told");
}

#[tokio::test]
async fn servers_ask_nothing_here() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let message = call(1, "ask", json!({"method": "sampling/createMessage", "params": {}}));
    let answer = send(gateway.address, post(message)).await;
    // It may be told on the stream or refused outright; no request reaches the client.
    assert!(!answer.text().contains("sampling/createMessage"), "{}", answer.text());
    assert!(text(&answer.json()).contains("No client can be asked"), "{}", answer.text());
}

#[tokio::test]
async fn subscriptions_get_their_own_news() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let listen =
        json!({"jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen", "params": {"notifications": {}}});
    let subscription = |message: &Value| message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone();
    let mut first = Events::of(gateway.address, post(listen.clone())).await;
    let mut second = Events::of(gateway.address, post(listen)).await;
    for events in [&mut first, &mut second] {
        let acknowledged = events.message().await;
        assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
        assert_eq!(subscription(&acknowledged), "s");
    }
    assert_eq!(text(&send(gateway.address, post(call(1, "news", json!({})))).await.json()), "told");
    for events in [&mut first, &mut second] {
        let news = events.message().await;
        assert_eq!((&news["method"], subscription(&news)), (&json!("notifications/tools/list_changed"), json!("s")));
    }
}
