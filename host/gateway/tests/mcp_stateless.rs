//! The revision without sessions: rounds, what no policy may change, what ends an exchange.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use tokio::sync::Notify;
use weir_gateway::{GatewayOptions, OnDeny, Protocol};

use crate::support::mcp::{BOTH, Client, REQUEST, RESPONSE, STATELESS, Script, gateway, result, tools};
use crate::support::{Route, deny_if, mutator, respond, route, send, sleeper, start, start_with, validator};

#[tokio::test]
async fn questions_inside_a_result_are_events() {
    let script = Script::start().await;
    let saw: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = Arc::clone(&saw);
    let watch = validator("*", BOTH, move |shown| {
        keep.lock().unwrap().push(format!("{} {}", shown.event.name, shown.event.phase));
        None
    });
    let change = mutator("elicitation/create", REQUEST, |params| Some(params.replace("secret", "-")));
    let gateway = gateway(&script, vec![watch, change]).await;
    let client = Client::stateless(&gateway);
    let calling = client.send(&client.request(1, "tools/call", json!({"name": "x"})));
    let asked = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"a/b":{"method":"elicitation/create","params":{"message":"a secret","n":1.0}},"c":{"method":"roots/list"}},"requestState":"st\u0061te secret"}}"#;
    script.next().await.answer(asked);
    let expected = asked.replace("a secret", "a -");
    assert_eq!(calling.await.unwrap().text(), expected);
    assert_eq!(
        *saw.lock().unwrap(),
        ["tools/call request", "tools/call response", "elicitation/create request", "roots/list request"]
    );
}

#[tokio::test]
async fn answers_inside_a_request_are_events() {
    let script = Script::start().await;
    let change = mutator("elicitation/create", RESPONSE, |answer| Some(answer.replace("secret", "-")));
    let greedy = mutator("tools/call", REQUEST, |params| Some(params.replace("\"state\"", "\"forged\"")));
    let policies = vec![change, greedy.named("greedy"), deny_if("sampling/createMessage", RESPONSE, "bad")];
    let gateway = gateway(&script, policies).await;
    let client = Client::stateless(&gateway);
    let retry = |responses: Value| {
        let params = json!({"name": "x", "inputResponses": responses, "requestState": "state"});
        client.request(2, "tools/call", params)
    };
    let calling = client.send(&retry(json!({"a/b": {"action": "accept", "content": {"x": "my secret"}},
        "c": {"role": "assistant", "content": {"type": "text", "text": "fine"}, "model": "m"}})));
    let heard = match script.next().await {
        heard if heard.json()["method"] == "tools/list" => {
            heard.answer(result("x", tools()));
            script.next().await
        }
        heard => heard,
    };
    let params = &heard.json()["params"];
    assert_eq!(params["inputResponses"]["a/b"], json!({"action": "accept", "content": {"x": "my -"}}));
    assert_eq!((&params["requestState"], &params["name"]), (&json!("state"), &json!("x")));
    heard.answer(result(2, json!({"resultType": "complete"})));
    assert_eq!(calling.await.unwrap().status, 200);

    // What could be the answer to anything is judged as such.
    for denied in [json!({"role": "assistant", "text": "bad"}), json!({"text": "bad"}), json!(["bad"])] {
        let said = client.send(&retry(json!({"c": denied}))).await.unwrap().json();
        assert_eq!((&said["id"], &said["error"]["code"]), (&json!(2), &json!(-32602)), "{said}");
    }
    for unreadable in [json!([]), json!("x")] {
        let answer = client.send(&retry(unreadable)).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (400, &json!(-32600)));
    }
    script.hears_nothing().await;
}

#[tokio::test]
async fn what_the_protocol_needs_survives_every_policy() {
    let script = Script::start().await;
    let empty = mutator("*", BOTH, |_| Some("{\"own\":1}".to_owned()));
    let gateway = gateway(&script, vec![empty]).await;
    let client = Client::stateless(&gateway);
    let mut list = client.request(1, "tools/list", json!({"cursor": "x"}));
    list["params"]["_meta"]["progressToken"] = json!(7);
    let calling = client.send(&list);
    let heard = script.next().await;
    assert_eq!(heard.json()["params"], json!({"own": 1, "_meta": list["params"]["_meta"]}));
    let info = json!({"io.modelcontextprotocol/serverInfo": {"name": "s"}, "other": 1});
    let mut answer = tools();
    answer["_meta"] = info.clone();
    heard.answer(result(1, answer));
    let kept = json!({"own": 1, "resultType": "complete", "ttlMs": 1, "cacheScope": "private",
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "s"}}});
    assert_eq!(calling.await.unwrap().json()["result"], kept);
}

#[tokio::test]
async fn nothing_of_a_session_passes() {
    let script = Script::start().await;
    let saw: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let keep = Arc::clone(&saw);
    let watch = validator("*", BOTH, move |shown| {
        keep.lock().unwrap().push(shown.event.context.session_id.clone());
        None
    });
    for policies in [vec![], vec![watch]] {
        let gateway = gateway(&script, policies).await;
        let client = Client::stateless(&gateway);
        let mut request = client.post(&client.request(1, "tools/list", json!({})));
        request.headers_mut().insert("mcp-session-id", "s".parse().unwrap());
        let listing = tokio::spawn(send(gateway.address, request));
        let heard = script.next().await;
        assert_eq!(heard.header("mcp-session-id"), None);
        let mut reply = respond("application/json", result(1, json!({})));
        reply.headers_mut().insert("mcp-session-id", "minted".parse().unwrap());
        heard.respond(reply);
        assert!(!listing.await.unwrap().headers.contains_key("mcp-session-id"));
        for method in ["GET", "DELETE"] {
            let request = Request::builder().method(method).uri("/r").header("mcp-protocol-version", STATELESS);
            let answer = send(gateway.address, request.body("").unwrap()).await;
            assert_eq!((answer.status.as_u16(), answer.headers["allow"].to_str().unwrap()), (405, "POST"));
        }
        let answer = client.send(&json!({"jsonrpc": "2.0", "id": 1, "result": {}})).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (400, &json!(-32600)));
    }
    assert_eq!(*saw.lock().unwrap(), [None, None]);
}

#[tokio::test]
async fn a_server_has_no_questions_of_its_own() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![validator("*", BOTH, |_| None)]).await;
    let client = Client::stateless(&gateway);
    let calling = client.open(&client.request(1, "tools/call", json!({"name": "x"})));
    let events = script.next().await.stream();
    events.message(&json!({"jsonrpc": "2.0", "id": 9, "method": "roots/list"})).await;
    events.push(&format!("data: {}\n\n", result(1, json!({"resultType": "complete"})))).await;
    assert_eq!(calling.await.unwrap().message().await["id"], 1);
    script.hears_nothing().await;
}

#[tokio::test]
async fn going_away_cancels_everything() {
    let script = Script::start().await;
    let dropped = Arc::new(AtomicUsize::new(0));
    let (count, begun) = (Arc::clone(&dropped), Arc::<Notify>::default());
    let slow = sleeper("tools/call", REQUEST, Duration::from_secs(60), move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let policies = vec![slow.telling(&begun), validator("*", BOTH, |_| None).named("other")];
    let slow =
        Route { chain_timeout: Duration::from_secs(60), ..route(Protocol::Mcp, script.upstream.address, policies) };
    let gateway = start(vec![slow]).await;
    let client = Client::stateless(&gateway);
    // While policies run.
    let calling = client.send(&client.request(1, "tools/call", json!({"name": "x"})));
    begun.notified().await;
    calling.abort();
    for _ in 0..100 {
        if dropped.load(Ordering::SeqCst) == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    script.hears_nothing().await;
    // While the server works.
    let calling = client.send(&client.request(2, "prompts/get", json!({"name": "x"})));
    let heard = script.next().await;
    calling.abort();
    heard.gone().await;
    // While it answers.
    let opening = client.open(&client.request(3, "resources/read", json!({"uri": "x"})));
    let events = script.next().await.stream();
    events.push(": begins\n\n").await;
    let mut stream = opening.await.unwrap();
    assert_eq!(stream.next().await.unwrap(), ": begins\n\n");
    drop(stream);
    events.gone().await;
}

#[tokio::test]
async fn what_listens_is_never_late() {
    let script = Script::start().await;
    let options = GatewayOptions { response_timeout: Duration::from_millis(50), ..GatewayOptions::default() };
    let gateway = start_with(vec![route(Protocol::Mcp, script.upstream.address, vec![])], options).await;
    let client = Client::stateless(&gateway);
    let listening = client.open(&client.request("l", "subscriptions/listen", json!({"notifications": {}})));
    let heard = script.next().await;
    // Whiles in which nothing comes.
    tokio::time::sleep(Duration::from_millis(150)).await;
    let events = heard.stream();
    let acknowledged = json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged"});
    events.message(&acknowledged).await;
    let mut stream = listening.await.unwrap();
    assert_eq!(stream.message().await, acknowledged);
    tokio::time::sleep(Duration::from_millis(150)).await;
    events.message(&acknowledged).await;
    assert_eq!(stream.message().await, acknowledged);
    let late = client.send(&client.request(1, "tools/list", json!({})));
    let heard = script.next().await;
    assert_eq!(late.await.unwrap().status, 504);
    drop(heard);
}

#[tokio::test]
async fn a_denied_call_can_be_a_result_of_this_revision() {
    let script = Script::start().await;
    let policies = vec![deny_if("tools/call", BOTH, "bad")];
    let soft = Route { on_deny: OnDeny::ToolError, ..route(Protocol::Mcp, script.upstream.address, policies) };
    let gateway = start(vec![soft]).await;
    let client = Client::stateless(&gateway);
    let denied = client.request(1, "tools/call", json!({"name": "x", "arguments": {"x": "bad"}}));
    let said = client.send(&denied).await.unwrap().json();
    assert_eq!((&said["result"]["resultType"], &said["result"]["isError"]), (&json!("complete"), &json!(true)));
}

#[tokio::test]
async fn the_trace_of_a_message_is_continued() {
    const HEADER: &str = "00-11111111111111111111111111111111-1111111111111111-01";
    const META: &str = "00-22222222222222222222222222222222-2222222222222222-01";
    let script = Script::start().await;
    let saw: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = Arc::clone(&saw);
    let watch = validator("tools/list", REQUEST, move |shown| {
        keep.lock().unwrap().push(shown.event.context.trace_id.clone().unwrap());
        None
    });
    let gateway = gateway(&script, vec![watch]).await;
    let client = Client::stateless(&gateway);
    for (meta, expected) in [(Some(META), &META[..36]), (Some("x"), &HEADER[..36]), (None, &HEADER[..36])] {
        let mut list = client.request(1, "tools/list", json!({}));
        if let Some(meta) = meta {
            list["params"]["_meta"]["traceparent"] = json!(meta);
        }
        let mut request = client.post(&list);
        request.headers_mut().insert("traceparent", HEADER.parse().unwrap());
        let listing = tokio::spawn(send(gateway.address, request));
        let heard = script.next().await;
        let sent = heard.header("traceparent").unwrap();
        assert!(sent.starts_with(expected) && sent != META && sent != HEADER, "{sent}");
        assert_eq!(heard.body, list.to_string());
        heard.answer(result(1, json!({})));
        listing.await.unwrap();
        assert_eq!(saw.lock().unwrap().pop().unwrap(), expected[3..35]);
    }
}

#[tokio::test]
async fn an_answer_inside_a_request_that_a_policy_makes_unusable_is_an_error() {
    let script = Script::start().await;
    let spoil = || mutator("elicitation/create", BOTH, |_| Some("[]".to_owned()));
    let gateway = gateway(&script, vec![spoil()]).await;
    let client = Client::stateless(&gateway);
    let responses = json!({"a": {"action": "accept", "content": {}}});
    let answer = client.send(&client.request(1, "tools/call", json!({"name": "x", "inputResponses": responses})));
    let answer = answer.await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (200, &json!(-32603)), "{}", answer.text());
    script.hears_nothing().await;
    let calling = client.send(&client.request(2, "tools/call", json!({"name": "x"})));
    let asked = json!({"resultType": "input_required", "inputRequests": {"a": {"method": "elicitation/create"}}});
    script.next().await.answer(result(2, asked));
    let said = calling.await.unwrap().json();
    let expected = "A policy changed the message into one that cannot be sent";
    assert_eq!((&said["id"], &said["error"]["message"]), (&json!(2), &json!(expected)), "{said}");
}
