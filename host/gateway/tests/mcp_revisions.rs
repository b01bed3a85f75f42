//! What every revision of MCP must do, each in its own way.

use serde_json::{Value, json};
use weir_core::Phase;

use crate::support::mcp::{BOTH, Client, SESSIONS, STATELESS, Script, gateway};
use crate::support::{deny_if, mutator};

fn revisions() -> impl Iterator<Item = &'static str> {
    SESSIONS.into_iter().chain([STATELESS])
}

fn call(client: &Client, id: impl Into<Value>, text: &str) -> Value {
    client.request(id, "tools/call", json!({"name": "echo", "arguments": {"text": text}}))
}

#[tokio::test]
async fn a_denied_call_never_reaches_the_server() {
    for revision in revisions() {
        let script = Script::start().await;
        let gateway = gateway(&script, vec![deny_if("tools/call", BOTH, "bad")]).await;
        let client = Client::new(gateway.address, revision);
        for id in [json!(7), json!("7")] {
            let answer = client.send(&call(&client, id.clone(), "bad")).await.unwrap();
            assert_eq!(answer.status, 200, "{revision}");
            let answer = answer.json();
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(-32602)), "{revision}");
        }
        script.hears_nothing().await;
    }
}

#[tokio::test]
async fn a_changed_call_reaches_the_server_as_changed() {
    for revision in revisions() {
        let script = Script::start().await;
        let change = mutator("tools/call", &[Phase::Request], |params| Some(params.replace("secret", "[gone]")));
        let gateway = gateway(&script, vec![change]).await;
        let client = Client::new(gateway.address, revision);
        let answer = client.send(&call(&client, 1, "a secret"));
        let heard = match script.next().await {
            // What is mirrored in headers has to be known once something was changed.
            heard if heard.json()["method"] == "tools/list" => {
                heard.answer(json!({"jsonrpc": "2.0", "id": "x", "result": {"tools": []}}).to_string());
                script.next().await
            }
            heard => heard,
        };
        assert_eq!(heard.json(), call(&client, 1, "a [gone]"), "{revision}");
        assert_eq!(heard.header("content-length").unwrap(), heard.body.len().to_string());
        heard.answer(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#);
        assert_eq!(answer.await.unwrap().text(), r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#);
    }
}

#[tokio::test]
async fn a_denied_question_of_the_server_never_reaches_the_client() {
    for revision in revisions() {
        let script = Script::start().await;
        let gateway = gateway(&script, vec![deny_if("sampling/*", &[Phase::Request], "bad")]).await;
        let client = Client::new(gateway.address, revision);
        let asked = json!({"messages": [{"role": "user", "content": {"type": "text", "text": "bad"}}]});
        if client.is_stateless() {
            let answer = client.send(&call(&client, 1, "x"));
            let result = json!({"resultType": "input_required", "requestState": "s", "inputRequests": {
                "a": {"method": "roots/list"}, "b": {"method": "sampling/createMessage", "params": asked}}});
            script.next().await.answer(json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string());
            let answer = answer.await.unwrap().json();
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32602)), "{answer}");
            continue;
        }
        let answer = client.open(&call(&client, 1, "x"));
        let events = script.next().await.stream();
        events.push("id: 5\nevent: message\nretry: 9\n").await;
        let question = json!({"jsonrpc": "2.0", "id": "q", "method": "sampling/createMessage", "params": asked});
        events.message(&question).await;
        let refused = script.next().await;
        assert_eq!(refused.header("mcp-session-id"), Some("s1"));
        assert_eq!(refused.header("mcp-protocol-version"), Some(revision));
        let said = refused.json();
        assert_eq!((&said["id"], &said["error"]["code"]), (&json!("q"), &json!(-32602)), "{said}");
        refused.accept();
        events.message(&json!({"jsonrpc": "2.0", "id": 1, "result": {"content": []}})).await;
        drop(events);
        let mut answer = answer.await.unwrap();
        assert_eq!(answer.next().await.unwrap(), "id: 5\nretry: 9\n\n", "where to resume is still said");
        assert_eq!(answer.message().await["result"], json!({"content": []}));
        assert_eq!(answer.next().await, None);
    }
}

#[tokio::test]
async fn a_result_inside_a_stream_is_redacted() {
    for revision in revisions() {
        let script = Script::start().await;
        let redact = mutator("tools/call", &[Phase::Response], |result| Some(result.replace("leak", "[gone]")));
        let gateway = gateway(&script, vec![redact]).await;
        let client = Client::new(gateway.address, revision);
        let answer = client.open(&call(&client, 1, "x"));
        let events = script.next().await.stream();
        let mut answer = answer.await.unwrap();
        let progress =
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"x\":\"leak\"}}\n\n";
        for untouched in ["id: 1\ndata: \n\n", progress, ": a leak in a comment\n\n"] {
            events.push(untouched).await;
            assert_eq!(answer.next().await.unwrap(), untouched, "{revision}");
        }
        events.push("id: 2\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"leak\",\"n\":1.0}}\n\n").await;
        assert_eq!(
            answer.next().await.unwrap(),
            "id: 2\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"[gone]\",\"n\":1.0}}\n\n",
            "{revision}"
        );
        drop(events);
        assert_eq!(answer.next().await, None);
    }
}
