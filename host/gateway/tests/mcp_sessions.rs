//! Sessions: requests of the server, GET streams, resumption, cancellation, many sessions at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Response;
use serde_json::{Value, json};
use tokio::sync::Notify;
use weir_core::Phase;
use weir_gateway::{GatewayOptions, Protocol};

use crate::support::mcp::{BOTH, Client, Events, REQUEST, RESPONSE, SESSIONS, Script, Stream, gateway};
use crate::support::{
    Policy, Route, deny_if, full, mutator, respond, route, send, sleeper, start, start_with, validator,
};

fn question(id: impl Into<Value>, text: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "elicitation/create", "params": {"message": text}})
}

fn result(id: impl Into<Value>, text: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "result": {"text": text}})
}

/// Posts an answer of the client, and gives what the server hears of it.
async fn told(script: &Script, client: &Client, answer: &Value) -> Value {
    let posted = client.send(answer);
    let heard = script.next().await;
    let said = heard.json();
    heard.accept();
    assert_eq!(posted.await.unwrap().status, 202);
    said
}

/// The stream of a session, from both ends.
async fn listen(script: &Script, client: &Client, last_event_id: Option<&str>) -> (Events, Stream) {
    let listening = client.listen(last_event_id);
    let heard = script.next().await;
    assert_eq!((heard.method.as_str(), heard.header("last-event-id")), ("GET", last_event_id));
    let events = heard.stream();
    (events, listening.await.unwrap())
}

#[tokio::test]
async fn both_halves_of_a_question_of_the_server_are_events() {
    for revision in SESSIONS {
        let script = Script::start().await;
        let saw = Arc::new(std::sync::Mutex::new(Vec::new()));
        let keep = Arc::clone(&saw);
        let watch = validator("elicitation/create", BOTH, move |shown| {
            let request = shown.event.request.as_ref().map(|request| request.text().to_owned());
            let context = &shown.event.context;
            keep.lock().unwrap().push((shown.event.phase, shown.payload.text().to_owned(), request));
            assert_eq!(context.session_id.as_deref(), Some("s1"));
            assert_eq!(context.agent_id.as_deref(), None);
            None
        });
        let change = mutator("elicitation/create", BOTH, |payload| Some(payload.replace("secret", "-")));
        let gateway = gateway(&script, vec![watch, change]).await;
        let client = Client::new(gateway.address, revision);
        let (events, mut stream) = listen(&script, &client, None).await;
        events.message(&question(1, "a secret")).await;
        assert_eq!(stream.message().await, question(1, "a -"), "{revision}");
        let answer = |text: &str| json!({"jsonrpc": "2.0", "id": 1, "result": {"content": {"x": text}}});
        assert_eq!(told(&script, &client, &answer("my secret")).await, answer("my -"));
        // Sending mutates before it validates, receiving validates first.
        let asked = "{\"message\":\"a -\"}".to_owned();
        assert_eq!(
            *saw.lock().unwrap(),
            [
                (Phase::Request, asked.clone(), None),
                (Phase::Response, "{\"content\":{\"x\":\"my secret\"}}".to_owned(), Some(asked)),
            ]
        );
        // It was answered, so another answer is one to nothing.
        assert_eq!(told(&script, &client, &answer("again")).await["error"]["code"], -32603);
    }
}

#[tokio::test]
async fn a_denied_question_on_the_stream_of_a_session_is_answered_for_the_client() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![deny_if("*", REQUEST, "bad")]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let (events, mut stream) = listen(&script, &client, None).await;
    for id in [json!(1), json!("1")] {
        events.message(&question(id.clone(), "bad")).await;
        let heard = script.next().await;
        assert_eq!((heard.method.as_str(), heard.header("mcp-session-id")), ("POST", Some("s1")));
        assert_eq!(heard.header("last-event-id"), None);
        let said = heard.json();
        assert_eq!((&said["id"], &said["error"]["code"]), (&id, &json!(-32602)));
        heard.accept();
    }
    let notification = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "bad"}});
    events.message(&notification).await;
    assert_eq!(stream.message().await, notification);
    let ping = json!({"jsonrpc": "2.0", "id": 3, "method": "ping"});
    events.message(&ping).await;
    assert_eq!(stream.message().await, ping);
}

#[tokio::test]
async fn a_denied_answer_of_the_client_is_an_error_for_the_server() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![deny_if("elicitation/create", RESPONSE, "secret")]).await;
    let client = Client::new(gateway.address, SESSIONS[0]);
    let (events, mut stream) = listen(&script, &client, None).await;
    for (id, text, passes) in [(json!("a"), "fine", true), (json!("b"), "secret", false)] {
        events.message(&question(id.clone(), "?")).await;
        stream.message().await;
        let said = told(&script, &client, &result(id.clone(), text)).await;
        assert_eq!(said["id"], id);
        assert_eq!((said.get("result").is_some(), said["error"]["code"] == -32602), (passes, !passes), "{said}");
    }
}

/// An answer that was lost comes again on another stream, and is judged as what it answers.
#[tokio::test]
async fn a_resumed_answer_is_judged_with_its_question() {
    for revision in SESSIONS {
        let script = Script::start().await;
        let redact = mutator("tools/call", RESPONSE, |result| Some(result.replace("leak", "-")));
        let gateway = gateway(&script, vec![redact]).await;
        let client = Client::new(gateway.address, revision);
        let call = client.request(1, "tools/call", json!({"name": "slow"}));
        let other = client.request(2, "tools/list", json!({}));
        let opening = (client.open(&call), script.next().await.stream());
        let mut stream = opening.0.await.unwrap();
        opening.1.push("id: 1\nretry: 10\ndata:\n\n").await;
        assert_eq!(stream.next().await.unwrap(), "id: 1\nretry: 10\ndata:\n\n");
        drop((stream, opening.1));
        let listed = client.send(&other);
        script.next().await.answer(result(2, "leak").to_string());
        assert_eq!(listed.await.unwrap().json(), result(2, "leak"), "no policy wants this one");

        for _ in 0..2 {
            let (events, mut stream) = listen(&script, &client, Some("1")).await;
            events.push(&format!("id: 2\ndata: {}\n\n", result(1, "leak"))).await;
            assert_eq!(stream.next().await.unwrap(), format!("id: 2\ndata: {}\n\n", result(1, "-")), "{revision}");
            // Nobody knows what this would be the answer to.
            events.message(&result(99, "leak")).await;
            let unknown = stream.message().await;
            assert_eq!((&unknown["id"], &unknown["error"]["code"]), (&json!(99), &json!(-32603)));
            // It had its answer as a whole, which cannot come again.
            events.message(&result(2, "leak")).await;
            assert_eq!(stream.message().await["error"]["code"], -32603);
        }
    }
}

/// With one id for two requests nobody can say which of them an answer on another stream belongs to.
#[tokio::test]
async fn an_id_of_two_requests_answers_neither_on_another_stream() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![deny_if("tools/call", RESPONSE, "leak")]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let mut kept = Vec::new();
    for method in ["tools/call", "tools/list"] {
        let opening = client.open(&client.request(1, method, json!({})));
        let events = script.next().await.stream();
        events.push("id: 1\ndata:\n\n").await;
        kept.push((events, opening.await.unwrap()));
    }
    let (events, mut stream) = listen(&script, &client, None).await;
    events.message(&result(1, "leak")).await;
    assert_eq!(stream.message().await["error"]["code"], -32603);
    // On its own stream each is known.
    let (listed, list) = kept.get_mut(1).unwrap();
    listed.message(&result(1, "leak")).await;
    assert_eq!(list.message().await, result(1, "leak"));
    let (called, call) = kept.get_mut(0).unwrap();
    called.message(&result(1, "leak")).await;
    assert_eq!(call.message().await["error"]["code"], -32602);
}

#[tokio::test]
async fn a_server_cannot_answer_one_request_in_the_place_of_another() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![deny_if("tools/call", RESPONSE, "leak")]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let called = client.open(&client.request(1, "tools/call", json!({})));
    let held = script.next().await.stream();
    let pinged = client.send(&client.request(2, "ping", json!({})));
    script.next().await.answer(result(1, "leak").to_string());
    let got = pinged.await.unwrap().json();
    assert_eq!((&got["id"], &got["error"]["code"]), (&json!(1), &json!(-32602)));
    drop(held);
    assert_eq!(called.await.unwrap().next().await, None);
}

#[tokio::test]
async fn a_session_that_ended_is_forgotten() {
    for ends_by in ["DELETE", "404"] {
        let script = Script::start().await;
        let gateway = gateway(&script, vec![deny_if("elicitation/create", RESPONSE, "never")]).await;
        let client = Client::new(gateway.address, SESSIONS[1]);
        let (events, mut stream) = listen(&script, &client, None).await;
        events.message(&question(1, "?")).await;
        stream.message().await;
        let address = gateway.address;
        let ending = if ends_by == "DELETE" {
            let request = http::Request::delete("/r").header("mcp-session-id", "s1").body("").unwrap();
            tokio::spawn(async move { crate::support::send(address, request).await })
        } else {
            client.send(&client.request(5, "tools/list", json!({})))
        };
        let status = if ends_by == "DELETE" { 204 } else { 404 };
        script.next().await.respond(Response::builder().status(status).body(full("")).unwrap());
        assert_eq!(ending.await.unwrap().status, status);
        assert_eq!(told(&script, &client, &result(1, "late")).await["error"]["code"], -32603, "{ends_by}");
    }
}

/// What is retained is bounded: the oldest question is forgotten, and params go before questions do.
#[tokio::test]
async fn what_is_awaited_is_bounded() {
    let script = Script::start().await;
    let saw = Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = Arc::clone(&saw);
    let watch = validator("elicitation/create", RESPONSE, move |shown| {
        keep.lock().unwrap().push(shown.event.request.is_some());
        None
    });
    let gateway = gateway(&script, vec![watch]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let answer = async |id: usize| told(&script, &client, &result(id, "x")).await.get("result").is_some();
    let (events, mut stream) = listen(&script, &client, None).await;
    let large = "x".repeat(60_000);
    for (count, text) in [(160, large.as_str()), (1030, "?")] {
        for id in 0..count {
            events.message(&question(id, text)).await;
            stream.message().await;
        }
        assert!(answer(count - 1).await);
        assert_eq!(answer(0).await, count == 160, "{count}");
        let judged: Vec<bool> = saw.lock().unwrap().drain(..).collect();
        assert_eq!(judged, if count == 160 { vec![true, false] } else { vec![true] });
        for id in 1..count - 1 {
            if count == 160 {
                answer(id).await;
            }
        }
        saw.lock().unwrap().clear();
    }
}

/// Sessions, with the revision agreed on in them.
type Seen = Arc<std::sync::Mutex<Vec<(Option<String>, Option<String>)>>>;

/// A policy that notes of which sessions `tools/list` is.
fn sessions_of_lists() -> (Seen, Policy) {
    let saw = Seen::default();
    let keep = Arc::clone(&saw);
    let watch = validator("tools/list", REQUEST, move |shown| {
        let context = &shown.event.context;
        keep.lock().unwrap().push((context.session_id.clone(), context.protocol_revision.clone()));
        None
    });
    (saw, watch)
}

/// What a handshake agreed on says which policies apply, whatever later headers say.
#[tokio::test]
async fn a_session_begins_with_its_handshake() {
    let script = Script::start().await;
    let (saw, watch) = sessions_of_lists();
    let gateway = gateway(&script, vec![watch]).await;
    let client = Client::new(gateway.address, SESSIONS[0]);
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}});
    let address = gateway.address;
    let text = hello.to_string();
    let greeted = tokio::spawn(async move { crate::support::post(address, "/r", "application/json", text).await });
    let agreed = json!({"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": "2025-11-25"}}).to_string();
    let mut reply = respond("application/json", agreed.clone());
    reply.headers_mut().insert("mcp-session-id", "s1".parse().unwrap());
    script.next().await.respond(reply);
    let greeted = greeted.await.unwrap();
    assert_eq!((greeted.headers["mcp-session-id"].to_str().unwrap(), greeted.text()), ("s1", agreed.as_str()));
    let listed = client.send(&client.request(1, "tools/list", json!({})));
    script.next().await.answer(result(1, "").to_string());
    listed.await.unwrap();
    assert_eq!(*saw.lock().unwrap(), [(Some("s1".to_owned()), Some("2025-11-25".to_owned()))]);
}

/// The answer to a handshake may come on another stream as soon as the session has a name.
#[tokio::test]
async fn a_handshake_can_be_resumed() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![deny_if("tools/call", RESPONSE, "never")]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let opening = client.greet(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}}));
    let events = script.next().await.stream_in(Some("s1"));
    events.push("id: 1\nretry: 10\ndata:\n\n").await;
    assert!(opening.await.unwrap().next().await.unwrap().starts_with("id: 1\n"));
    drop(events);
    let (events, mut stream) = listen(&script, &client, Some("1")).await;
    events.message(&result(0, "hello")).await;
    assert_eq!(stream.message().await, result(0, "hello"));
}

fn slow_route(script: &Script, policies: Vec<Policy>) -> Route {
    Route { chain_timeout: Duration::from_secs(60), ..route(Protocol::Mcp, script.upstream.address, policies) }
}

#[tokio::test]
async fn a_cancelled_request_is_not_forwarded() {
    let script = Script::start().await;
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&dropped);
    let slow = sleeper("tools/call", REQUEST, Duration::from_secs(60), move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let gateway = start(vec![slow_route(&script, vec![slow])]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let called = client.send(&client.request("c", "tools/call", json!({})));
    script.hears_nothing().await;
    let cancel =
        |id: Value| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    for (id, counts) in [(json!("other"), 0), (json!("c"), 1)] {
        let cancelled = client.send(&cancel(id.clone()));
        let heard = script.next().await;
        assert_eq!(heard.json(), cancel(id));
        heard.accept();
        assert_eq!(cancelled.await.unwrap().status, 202);
        if counts == 0 {
            assert!(!called.is_finished());
        }
    }
    let nothing = called.await.unwrap();
    assert_eq!((nothing.status.as_u16(), nothing.text()), (200, ""));
    assert_eq!(nothing.headers["content-type"], "text/event-stream");
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    script.hears_nothing().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_cancel() {
    for revision in SESSIONS {
        let script = Script::start().await;
        let begun = Arc::<Notify>::default();
        let slow = sleeper("tools/call", REQUEST, Duration::from_millis(150), || panic!("it was cancelled"));
        let gateway = start(vec![slow_route(&script, vec![slow.telling(&begun)])]).await;
        let client = Client::new(gateway.address, revision);
        let called = client.send(&client.request(1, "tools/call", json!({})));
        begun.notified().await;
        called.abort();
        let heard = script.next().await;
        assert_eq!(heard.json()["method"], "tools/call", "{revision}");
        heard.answer(result(1, "").to_string());
        gateway.telemetry.wait_for("chain r tools/call request success").await;
    }
}

/// A stream that may stay silent is not late.
#[tokio::test]
async fn the_stream_of_a_session_may_begin_late() {
    let script = Script::start().await;
    let options = GatewayOptions { response_timeout: Duration::from_millis(50), ..GatewayOptions::default() };
    let gateway = start_with(vec![route(Protocol::Mcp, script.upstream.address, vec![])], options).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let listening = client.listen(None);
    let heard = script.next().await;
    // A while in which nothing comes.
    tokio::time::sleep(Duration::from_millis(150)).await;
    let events = heard.stream();
    events.message(&question(1, "late")).await;
    assert_eq!(listening.await.unwrap().message().await, question(1, "late"));
}

/// Many sessions at a time, each with calls whose answers stream and a stream of its own: every message arrives once,
/// in order, and nowhere else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sessions_do_not_mix() {
    const SESSIONS_AT_A_TIME: usize = 200;
    const EVENTS: usize = 5;
    let upstream = crate::support::Upstream::start(|request| async move {
        let session = request.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let is_stream = request.method() == http::Method::GET;
        let body = http_body_util::BodyExt::collect(request.into_body()).await.unwrap().to_bytes();
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        if asked.get("result").is_some() {
            assert_eq!(asked["result"]["session"], session);
            return Response::builder().status(202).body(full("")).unwrap();
        }
        let (sender, frames) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for n in 0..EVENTS {
                let message = if is_stream {
                    json!({"jsonrpc": "2.0", "id": n, "method": "elicitation/create",
                        "params": {"session": session, "n": n, "secret": "leak"}})
                } else {
                    json!({"jsonrpc": "2.0", "method": "notifications/progress",
                        "params": {"session": session, "n": n}})
                };
                let event = format!("id: {n}\ndata: {message}\n\n");
                // Cut in the middle, so that events of many streams are under way at a time.
                for piece in event.as_bytes().chunks(event.len() / 2 + 1) {
                    let frame = http_body::Frame::data(bytes::Bytes::copy_from_slice(piece));
                    if sender.send(frame).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            }
            if !is_stream {
                let result = json!({"session": session, "of": asked["params"]["of"], "secret": "leak"});
                let message = json!({"jsonrpc": "2.0", "id": asked["id"], "result": result});
                let frame = http_body::Frame::data(bytes::Bytes::from(format!("data: {message}\n\n")));
                let _ = sender.send(frame).await;
            }
        });
        crate::support::streamed("text/event-stream", frames)
    })
    .await;
    let redact = mutator("*", BOTH, |payload| Some(payload.replace("leak", "-")));
    let own = validator("tools/call", RESPONSE, |shown| {
        let asked = shown.event.request.as_ref().and_then(|request| request.string("/of"));
        (shown.payload.string("/of") != asked).then(|| "the answer to another question".to_owned())
    });
    let gateway = start(vec![route(Protocol::Mcp, upstream.address, vec![redact, own])]).await;
    let sessions: Vec<_> = (0..SESSIONS_AT_A_TIME)
        .map(|number| {
            let mut client = Client::new(gateway.address, SESSIONS[number % 2]);
            client.session = format!("session-{number}");
            tokio::spawn(async move {
                let session = client.session.clone();
                let listening = client.listen(None);
                // The ids are the same in all sessions.
                let calls: Vec<_> = (0..2)
                    .map(|id| {
                        let params = json!({"name": "x", "of": format!("{session} {id}")});
                        client.open(&client.request(id, "tools/call", params))
                    })
                    .collect();
                let mut stream = listening.await.unwrap();
                for n in 0..EVENTS {
                    let asked = stream.message().await;
                    let params = json!({"session": session, "n": n, "secret": "-"});
                    assert_eq!((&asked["id"], &asked["params"]), (&json!(n), &params));
                    let answer = json!({"jsonrpc": "2.0", "id": n, "result": {"session": session}});
                    assert_eq!(client.send(&answer).await.unwrap().status, 202);
                }
                assert_eq!(stream.next().await, None);
                for (id, call) in calls.into_iter().enumerate() {
                    let mut call = call.await.unwrap();
                    for n in 0..EVENTS {
                        assert_eq!(call.message().await["params"], json!({"session": session, "n": n}));
                    }
                    let result = json!({"session": session, "of": format!("{session} {id}"), "secret": "-"});
                    assert_eq!(call.message().await, json!({"jsonrpc": "2.0", "id": id, "result": result}));
                    assert_eq!(call.next().await, None);
                }
            })
        })
        .collect();
    for session in sessions {
        session.await.unwrap();
    }
}

/// Two readers could take two values for different sessions, or half of one.
#[tokio::test]
async fn what_names_a_session_or_a_revision_comes_once() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    for method in ["POST", "GET", "DELETE"] {
        for (name, value) in [
            ("mcp-session-id", "s2"),
            ("mcp-session-id", "s1"),
            ("mcp-protocol-version", SESSIONS[0]),
            ("mcp-protocol-version", SESSIONS[1]),
        ] {
            let mut request = client.post(&client.request(1, "tools/list", json!({})));
            *request.method_mut() = method.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
            let answer = send(gateway.address, request).await;
            assert_eq!(answer.status, 400, "{method} {name} {value}: {}", answer.text());
            assert!(answer.json()["error"]["code"].is_i64(), "{}", answer.text());
        }
    }
    for (name, value) in [("mcp-session-id", &b"s\xe9"[..]), ("mcp-protocol-version", b"1999-01-01")] {
        let mut request = http::Request::get("/r").body(String::new()).unwrap();
        request.headers_mut().insert(name, http::HeaderValue::from_bytes(value).unwrap());
        assert_eq!(send(gateway.address, request).await.status, 400, "{name}");
    }
    script.hears_nothing().await;
}

/// A handshake begins a session of its own, whatever session its sender was in before.
#[tokio::test]
async fn a_handshake_under_an_old_id_begins_a_new_session() {
    let script = Script::start().await;
    let (saw, watch) = sessions_of_lists();
    let gateway = gateway(&script, vec![watch]).await;
    let old = Client::new(gateway.address, SESSIONS[0]);
    let new = Client { session: "s2".to_owned(), ..old.clone() };
    let greeting = old.send(&old.request(0, "initialize", json!({})));
    let mut reply =
        respond("application/json", crate::support::mcp::result(0, json!({"protocolVersion": SESSIONS[1]})));
    reply.headers_mut().insert("mcp-session-id", "s2".parse().unwrap());
    script.next().await.respond(reply);
    greeting.await.unwrap();
    for client in [&new, &old] {
        let listing = client.send(&client.request(1, "tools/list", json!({})));
        script.next().await.answer(result(1, "").to_string());
        listing.await.unwrap();
    }
    let seen = |session: &str, revision: &str| (Some(session.to_owned()), Some(revision.to_owned()));
    // The header of both says the revision before.
    assert_eq!(*saw.lock().unwrap(), [seen("s2", SESSIONS[1]), seen("s1", SESSIONS[0])]);
}

/// A question that comes on a stream from before the reload is one of the session, as is its answer.
#[tokio::test]
async fn policies_that_come_with_a_reload_judge_what_comes_on_an_open_stream() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let (events, mut stream) = listen(&script, &client, None).await;
    let deny = deny_if("elicitation/create", BOTH, "bad");
    gateway.replace(2, vec![route(Protocol::Mcp, script.upstream.address, vec![deny])], Default::default());
    events.message(&question("q", "bad")).await;
    let heard = script.next().await;
    assert_eq!(heard.json()["error"]["code"], -32602);
    heard.accept();
    for (text, passes) in [("fine", true), ("bad", false)] {
        events.message(&question(text, "fine")).await;
        assert_eq!(stream.message().await, question(text, "fine"));
        let said = told(&script, &client, &result(text, text)).await;
        assert_eq!((said.get("result").is_some(), said["error"]["code"] == -32602), (passes, !passes), "{said}");
    }
}

#[tokio::test]
async fn the_answer_to_a_ping_of_the_server_passes() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![deny_if("*", BOTH, "")]).await;
    let client = Client::new(gateway.address, SESSIONS[1]);
    let (events, mut stream) = listen(&script, &client, None).await;
    let ping = json!({"jsonrpc": "2.0", "id": "p", "method": "ping"});
    events.message(&ping).await;
    assert_eq!(stream.message().await, ping);
    let pong = json!({"jsonrpc": "2.0", "id": "p", "result": {}});
    for passes in [true, false] {
        assert_eq!(told(&script, &client, &pong).await == pong, passes, "once");
    }
}

/// Whoever is asked is told, and nobody waits for ever.
#[tokio::test]
async fn an_answer_that_a_policy_makes_unusable_is_an_error_for_the_server() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![mutator("elicitation/create", RESPONSE, |_| Some("[]".to_owned()))]).await;
    let client = Client::new(gateway.address, SESSIONS[0]);
    let (events, mut stream) = listen(&script, &client, None).await;
    events.message(&question(1, "?")).await;
    stream.message().await;
    let said = told(&script, &client, &result(1, "x")).await;
    assert_eq!((&said["id"], &said["error"]["code"]), (&json!(1), &json!(-32603)));
}
