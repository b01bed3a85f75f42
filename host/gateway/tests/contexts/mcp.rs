//! Calls inside contexts on routes that speak MCP.

use std::sync::Arc;

use http::{HeaderValue, Request};
use serde_json::json;
use weir_core::Phase;
use weir_gateway::contexts::OpenContext;
use weir_gateway::{Now, Protocol};

use super::text;
use crate::support::mcp::{Client, SESSIONS, STATELESS, Script};
use crate::support::{Answer, Rows, Running, deny_if, mutator, route, send, start_recording};

fn in_context(mut request: Request<String>, action: &str) -> Request<String> {
    request.headers_mut().insert("weir-agent-id", HeaderValue::from_static("ada"));
    request.headers_mut().insert("weir-action-name", action.parse().unwrap());
    request
}

async fn call(gateway: &Running, request: Request<String>) -> tokio::task::JoinHandle<Answer> {
    let address = gateway.address;
    tokio::spawn(async move { send(address, request).await })
}

#[tokio::test]
async fn what_the_server_said_is_recorded_before_policies_change_it() {
    for revision in [SESSIONS[0], SESSIONS[1], STATELESS] {
        let script = Script::start().await;
        let rows = Arc::new(Rows::new());
        let mask = mutator("tools/call", &[Phase::Response], |payload| Some(payload.replace("secret", "***")));
        let gateway = start_recording(vec![route(Protocol::Mcp, script.upstream.address, vec![mask])], &rows).await;
        let client = Client::new(gateway.address, revision);
        let message = client.request(1, "tools/call", json!({"name": "t", "arguments": {"q": 1}}));
        let said = json!({"jsonrpc": "2.0", "id": 1, "result": {
            "resultType": "complete", "content": [{"type": "text", "text": "secret"}]}});
        for as_stream in [false, true] {
            let before = rows.all().len();
            let waiting = call(&gateway, in_context(client.post(&message), "use-tool")).await;
            let heard = script.next().await;
            assert!(heard.headers.keys().all(|name| !name.as_str().starts_with("weir-")), "{:?}", heard.headers);
            if as_stream {
                let events = heard.stream();
                events.message(&said).await;
                drop(events);
            } else {
                heard.answer(said.to_string());
            }
            let answer = waiting.await.unwrap();
            assert!(answer.text().contains("***") && !answer.text().contains("secret"), "{}", answer.text());
            let row = rows.wait_for(before + 1).await.pop().unwrap();
            assert_eq!(text(&row.raw_response), said, "{revision}");
            assert_eq!((row.agent_id.as_deref(), row.action_name.as_deref()), (Some("ada"), Some("use-tool")));
            let sent = text(&row.request_payload);
            assert_eq!((&sent["method"], &sent["json"]["params"]["arguments"]), (&json!("POST"), &json!({"q": 1})));
            assert_eq!(text(&row.decisions)[0]["modified"], true);
            assert_eq!((row.status.as_str(), row.call_ref.len()), ("200", 36));
        }
    }
}

#[tokio::test]
async fn what_keeps_a_session_going_is_no_action() {
    let script = Script::start().await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Mcp, script.upstream.address, vec![])], &rows).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    for (message, is_action) in [
        (client.request(1, "initialize", json!({})), false),
        (json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), false),
        (client.request(2, "ping", json!({})), false),
        (client.request(3, "tools/call", json!({"name": "t"})), true),
        (json!({"jsonrpc": "2.0", "id": "s1", "result": {}}), false),
    ] {
        let before = rows.all().len();
        let waiting = call(&gateway, in_context(client.post(&message), "act")).await;
        script.next().await.answer(r#"{"jsonrpc":"2.0","id":3,"result":{}}"#);
        assert_eq!(waiting.await.unwrap().status, 200);
        assert_eq!(rows.all().len() - before, usize::from(is_action), "{message}");
    }
    // They are checked all the same.
    assert_eq!(rows.touched(), (1, 5));
}

#[tokio::test]
async fn a_denied_message_makes_a_row_without_what_it_said() {
    for revision in [SESSIONS[1], STATELESS] {
        let script = Script::start().await;
        let rows = Arc::new(Rows::new());
        let policies = vec![deny_if("tools/call", &[Phase::Request], "forbidden-word")];
        let gateway = start_recording(vec![route(Protocol::Mcp, script.upstream.address, policies)], &rows).await;
        let client = Client::new(gateway.address, revision);
        let message = client.request(1, "tools/call", json!({"name": "t", "arguments": {"q": "forbidden-word"}}));
        let answer = call(&gateway, in_context(client.post(&message), "act")).await.await.unwrap();
        assert!(answer.json()["error"].is_object(), "{}", answer.text());
        let row = rows.wait_for(1).await.remove(0);
        assert_eq!((row.status.as_str(), row.raw_response.as_str()), ("denied", "null"));
        assert!(!row.request_payload.contains("forbidden"), "{}", row.request_payload);
        script.hears_nothing().await;
    }
}

#[tokio::test]
async fn the_promised_reference_is_that_of_the_first_action() {
    let script = Script::start().await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Mcp, script.upstream.address, vec![])], &rows).await;
    let wanted =
        OpenContext { agent_id: "ada".into(), action_name: "use-tool".into(), index: None, ttl: None, parent: None };
    let opened = gateway.gateway.contexts().open(wanted, Now::read()).unwrap();
    let client = Client::new(gateway.address, SESSIONS[1]);
    for (message, is_first) in [
        (client.request(1, "initialize", json!({})), false),
        (json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), false),
        (client.request(3, "tools/call", json!({"name": "t"})), true),
        (client.request(3, "tools/call", json!({"name": "t"})), false),
    ] {
        let mut request = client.post(&message);
        request.headers_mut().insert("weir-context", opened.token.parse().unwrap());
        let waiting = call(&gateway, request).await;
        script.next().await.answer(r#"{"jsonrpc":"2.0","id":3,"result":{}}"#);
        let answer = waiting.await.unwrap();
        if is_first {
            assert_eq!(answer.headers["weir-call-ref"].to_str().unwrap(), opened.standing.call_ref);
        }
    }
    let refs: Vec<String> = rows.wait_for(2).await.into_iter().map(|row| row.call_ref).collect();
    assert_eq!(refs[0], opened.standing.call_ref);
    assert_ne!(refs[1], opened.standing.call_ref);
}
