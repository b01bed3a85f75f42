//! Several sessions with one process.

use serde_json::{Value, json};
use weir_gateway::surface::mcp::Sharing;

use super::client::{Session, call, notification, text};
use super::{gateway, is_there, until};

#[tokio::test]
async fn sessions_share_a_process_and_nothing_else() {
    let gateway = gateway(Sharing::Shared, vec![]).await;
    let one = Session::begin(gateway.address, "2025-06-18").await;
    let two = Session::begin(gateway.address, "2025-11-25").await;
    // The second is told what the process agreed on with the first.
    assert_eq!((&one.result["protocolVersion"], &two.result), (&json!("2025-06-18"), &one.result));
    assert_ne!(one.id, two.id);
    assert_eq!(one.pid().await, two.pid().await);
    assert_eq!(text(&one.call("count", json!({})).await), "1");
    assert_eq!(text(&two.call("count", json!({})).await), "2");
    assert_eq!(text(&two.call("heard", json!({})).await), "notifications/initialized", "once for all");

    // The same ids and tokens at the same time.
    let slow = |text: &str| {
        let mut message = call("same", "slow", json!({"steps": 5, "ms": 20, "text": text}));
        message["params"]["_meta"] = json!({"progressToken": "same"});
        message
    };
    let (mut first, mut second) = (one.open(&slow("one")).await, two.open(&slow("two")).await);
    let (first, second) = (first.messages().await, second.messages().await);
    for (messages, name) in [(first, "one"), (second, "two")] {
        assert_eq!(messages.len(), 6, "{messages:?}");
        let tokens = messages[..5].iter().all(|message| message["params"]["progressToken"] == "same");
        assert!(
            tokens && messages[5]["id"] == "same" && text(&messages[5]) == format!("5 steps {name}"),
            "{messages:?}"
        );
    }

    // A cancellation reaches the request of its own session.
    let (mut first, mut second) = (one.open(&slow("one")).await, two.open(&slow("two")).await);
    one.say(&notification("notifications/cancelled", json!({"requestId": "same"}))).await;
    assert!(first.messages().await.iter().all(|message| message.get("id").is_none()));
    assert_eq!(text(second.messages().await.last().unwrap()), "5 steps two");

    let pid = one.pid().await;
    assert_eq!(one.end().await.status, 204);
    assert_eq!(two.pid().await, pid);
    assert!(is_there(pid));
}

#[tokio::test]
async fn what_the_process_asks_goes_to_whom_it_works_for_or_to_nobody() {
    let gateway = gateway(Sharing::Shared, vec![]).await;
    let one = Session::begin(gateway.address, "2025-06-18").await;
    let two = Session::begin(gateway.address, "2025-06-18").await;
    let ask = call(1, "ask", json!({"method": "roots/list", "params": {}}));
    let mut events = one.open(&ask).await;
    let question = events.message().await;
    // Whoever was not asked cannot answer.
    two.say(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"forged": true}})).await;
    one.say(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": []}})).await;
    assert_eq!(text(&events.message().await), "{\"roots\":[]}");

    // While it works for both, it cannot be told whom the question is for.
    let mut other = two.open(&call(1, "slow", json!({"steps": 100, "ms": 20}))).await;
    let answer = one.ask(&ask).await;
    assert!(text(&answer).contains("No client can be asked"), "{answer}");
    let alive = one.ask(&call(2, "ask", json!({"method": "ping", "params": {}}))).await;
    assert_eq!(text(&alive), "{}");
    // Nor a line of its log.
    assert_eq!(one.open(&call(3, "log", json!({"text": "whose"}))).await.messages().await.len(), 1);
    two.say(&notification("notifications/cancelled", json!({"requestId": 1}))).await;
    assert_eq!(other.messages().await, Vec::<Value>::new());

    // News are for all.
    let (mut first, mut second) = (one.listen(None).await, two.listen(None).await);
    one.call("news", json!({})).await;
    for listening in [&mut first, &mut second] {
        assert_eq!(listening.message().await["method"], "notifications/tools/list_changed");
    }
}

#[tokio::test]
async fn a_session_that_ends_has_its_requests_cancelled() {
    let gateway = gateway(Sharing::Shared, vec![]).await;
    let one = Session::begin(gateway.address, "2025-06-18").await;
    let two = Session::begin(gateway.address, "2025-06-18").await;
    let mut events = one.open(&call(1, "slow", json!({"steps": 1000, "ms": 10}))).await;
    one.end().await;
    assert_eq!(events.next().await, None);
    for _ in 0..500 {
        if text(&two.call("cancelled", json!({})).await) == "1" {
            return;
        }
    }
    panic!("the process was never told");
}

#[tokio::test]
async fn all_sessions_end_with_their_process() {
    let gateway = gateway(Sharing::Shared, vec![]).await;
    let one = Session::begin(gateway.address, "2025-06-18").await;
    let two = Session::begin(gateway.address, "2025-06-18").await;
    let pid = one.pid().await;
    let mut waiting = two.open(&call(5, "slow", json!({"steps": 1000, "ms": 10}))).await;
    let answer = one.ask(&call(6, "crash", json!({}))).await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(6), &json!(-32603)));
    assert_eq!(waiting.message().await["error"]["code"], -32603);
    until("the process is reaped", || !is_there(pid)).await;
    for session in [&one, &two] {
        let answer = crate::support::send(gateway.address, session.post(&call(1, "pid", json!({})))).await;
        assert_eq!(answer.status, 404);
    }
}
