//! What policies do to messages on their way through a process.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;
use weir_core::Phase;
use weir_gateway::surface::mcp::Sharing;

use super::client::{Session, call, notification, text};
use super::{Shared, gateway};
use crate::support::{deny_if, mutator, send, sleeper, validator};

const REVISIONS: [&str; 2] = ["2025-06-18", "2025-11-25"];

#[tokio::test]
async fn a_call_is_denied_changed_and_redacted() {
    let policies = || {
        vec![
            deny_if("tools/call", &[Phase::Request], "forbidden"),
            mutator("tools/call", &[Phase::Request], |params| Some(params.replace("\"five\"", "5"))),
            mutator("tools/call", &[Phase::Response], |result| Some(result.replace("secret", "[gone]")))
                .named("redact"),
        ]
    };
    for sharing in [Sharing::PerSession, Sharing::Shared] {
        let gateway = gateway(sharing, policies()).await;
        for revision in REVISIONS {
            let session = Session::begin(gateway.address, revision).await;
            let answer = send(gateway.address, session.post(&call("d", "echo", json!({"text": "forbidden"})))).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["id"]), (200, &json!("d")));
            assert_eq!(answer.json()["error"]["code"], -32602, "{}", answer.text());

            let mut message = call("c", "slow", json!({"steps": "five", "ms": 1, "text": "a secret"}));
            message["params"]["_meta"] = json!({"progressToken": "p"});
            let messages = session.open(&message).await.messages().await;
            assert_eq!((messages.len(), text(&messages[5])), (6, "5 steps a [gone]"), "{messages:?}");
            assert_eq!(text(&session.call("count", json!({})).await).len(), 1);
            session.end().await;
        }
    }
}

#[tokio::test]
async fn a_request_of_the_server_is_denied_in_both_phases() {
    for (phase, expected) in [(Phase::Request, false), (Phase::Response, true)] {
        let policies = vec![deny_if("sampling/createMessage", &[phase], "forbidden")];
        let gateway = gateway(Sharing::PerSession, policies).await;
        for revision in REVISIONS {
            let session = Session::begin(gateway.address, revision).await;
            let arguments = json!({"method": "sampling/createMessage", "params": {"n": "forbidden"}});
            let mut events = session.open(&call(1, "ask", arguments)).await;
            if expected {
                let question = events.message().await;
                let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"x": "forbidden"}});
                session.say(&answer).await;
            }
            let answer = events.message().await;
            let told = text(&answer);
            assert!(told.contains("-32602") && !told.contains("\"x\""), "{phase} {told}");
            // What policies allow passes.
            let arguments = json!({"method": "sampling/createMessage", "params": {"n": "fine"}});
            let mut events = session.open(&call(2, "ask", arguments)).await;
            let question = events.message().await;
            session.say(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"y": 1}})).await;
            assert_eq!(text(&events.message().await), "{\"y\":1}");
        }
    }
}

#[tokio::test]
async fn a_slow_policy_holds_up_only_what_it_looks_at() {
    let pause = std::time::Duration::from_secs(3);
    let begun = Arc::<Notify>::default();
    let policies = vec![sleeper("prompts/get", &[Phase::Request], pause, || {}).telling(&begun)];
    let gateway = gateway(Sharing::PerSession, policies).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let slow = json!({"jsonrpc": "2.0", "id": "slow", "method": "prompts/get", "params": {}});
    let waiting = tokio::spawn(send(gateway.address, session.post(&slow)));
    begun.notified().await;
    let begun = std::time::Instant::now();
    assert_eq!(text(&session.call("count", json!({})).await), "1");
    assert!(begun.elapsed() < pause);
    assert!(!waiting.is_finished());
    // A cancellation stops the policy, and the process never hears of the request.
    session.say(&notification("notifications/cancelled", json!({"requestId": "slow"}))).await;
    let answer = waiting.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    assert!(begun.elapsed() < pause);
    assert_eq!(text(&session.call("cancelled", json!({})).await), "0");
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_nothing_in_a_session() {
    let dropped: Shared<u32> = Shared::default();
    let (count, begun) = (Shared::clone(&dropped), Arc::<Notify>::default());
    let pause = std::time::Duration::from_millis(150);
    let slow = sleeper("tools/call", &[Phase::Request], pause, move || *count.lock().unwrap() += 1);
    let policies = vec![slow.telling(&begun)];
    let gateway = gateway(Sharing::PerSession, policies).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let waiting = tokio::spawn(send(gateway.address, session.post(&call("x", "count", json!({})))));
    begun.notified().await;
    waiting.abort();
    gateway.telemetry.wait_for("chain r tools/call request success").await;
    assert_eq!(*dropped.lock().unwrap(), 0);
    assert_eq!(text(&session.call("count", json!({})).await), "2", "the call went on");
}

#[tokio::test]
async fn policies_see_the_session() {
    let seen: Shared<Vec<Option<String>>> = Shared::default();
    let keep = Shared::clone(&seen);
    let policy = validator("*", &[Phase::Request, Phase::Response], move |invocation| {
        keep.lock().unwrap().push(invocation.event.context.session_id.clone());
        None
    });
    let gateway = gateway(Sharing::Shared, vec![policy]).await;
    let one = Session::begin(gateway.address, "2025-06-18").await;
    let two = Session::begin(gateway.address, "2025-06-18").await;
    for session in [&one, &two] {
        session.call("count", json!({})).await;
        let ids: Vec<_> = seen.lock().unwrap().drain(..).collect();
        assert_eq!(ids, [Some(session.id.clone()), Some(session.id.clone())]);
    }
}

/// What is in flight when the policies change is judged by those it began with.
#[tokio::test]
async fn a_reload_does_not_touch_what_is_in_flight() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let mut before = session.open(&call("before", "slow", json!({"steps": 20, "ms": 20, "text": "leak"}))).await;
    let deny = deny_if("tools/call", &[Phase::Response], "leak");
    super::replace(&gateway, 2, super::leading_to(super::command(Sharing::PerSession), vec![deny]));
    let after = session.ask(&call("after", "echo", json!({"text": "leak"}))).await;
    assert_eq!(after["error"]["code"], -32602, "{after}");
    assert_eq!(text(&before.message().await), "20 steps leak");
}

/// What the process agreed on with the first client holds for all, whatever they say later.
#[tokio::test]
async fn the_revision_of_a_shared_process_says_which_policies_apply() {
    let seen: Shared<Vec<Option<String>>> = Shared::default();
    let keep = Shared::clone(&seen);
    let policy = validator("tools/call", &[Phase::Request], move |invocation| {
        keep.lock().unwrap().push(invocation.event.context.protocol_revision.clone());
        None
    });
    let gateway = gateway(Sharing::Shared, vec![policy]).await;
    let one = Session::begin(gateway.address, "2025-06-18").await;
    let two = Session::begin(gateway.address, "2025-11-25").await;
    for session in [&one, &two] {
        session.call("count", json!({})).await;
        assert_eq!(seen.lock().unwrap().pop().unwrap().as_deref(), Some("2025-06-18"));
    }
}
