//! Sessions: how they begin and end, their streams, resumption.

use http::Request;
use serde_json::json;
use weir_core::PrincipalKind;
use weir_gateway::PrincipalSource;
use weir_gateway::surface::mcp::Sharing;

use super::client::{Events, Session, call, initialize, notification, post, text};
use super::{command, gateway, is_there, leading_to, until};
use crate::support::{Route, send, start};

const REVISIONS: [&str; 2] = ["2025-06-18", "2025-11-25"];

#[tokio::test]
async fn each_session_has_a_process_of_its_own() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    for revision in REVISIONS {
        let (one, two) =
            (Session::begin(gateway.address, revision).await, Session::begin(gateway.address, revision).await);
        assert_eq!(one.result["protocolVersion"], revision);
        assert_ne!((one.pid().await, &one.id), (two.pid().await, &two.id));
        for expected in ["1", "2", "3"] {
            assert_eq!(text(&one.call("count", json!({})).await), expected);
        }
        assert_eq!(text(&two.call("count", json!({})).await), "1");
        assert_eq!(text(&one.call("heard", json!({})).await), "notifications/initialized");
        let pid = one.pid().await;
        assert_eq!(one.end().await.status, 204);
        until("the process has ended", || !is_there(pid)).await;
        assert_eq!(one.end().await.status, 404);
        assert_eq!(send(gateway.address, one.post(&call(1, "pid", json!({})))).await.status, 404);
        assert_eq!(text(&two.call("count", json!({})).await), "2");
    }
}

#[tokio::test]
async fn requests_say_which_session_they_belong_to() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let id = Some(session.id.as_str());
    let message = call(7, "pid", json!({}));
    for (session, revision, status) in [
        (None, None, 400),
        (Some("unknown"), None, 404),
        (id, Some("1999-01-01"), 400),
        (id, None, 200),
        (id, Some("2025-03-26"), 200),
    ] {
        let answer = send(gateway.address, post(session, revision, &message)).await;
        assert_eq!(answer.status, status, "{session:?} {revision:?} {}", answer.text());
        if status != 200 {
            let answer = answer.json();
            assert!(answer["error"]["code"].is_i64() && answer["error"]["message"].is_string(), "{answer}");
        }
    }
    for (method, accept, session, revision, status) in [
        ("GET", "application/json", id, None, 406),
        ("GET", "text/event-stream", None, None, 400),
        ("GET", "text/event-stream", Some("unknown"), None, 404),
        ("GET", "text/event-stream", id, Some("2026-07-28"), 405),
        ("GET", "text/event-stream", id, Some("1999-01-01"), 400),
        ("DELETE", "*/*", None, None, 400),
        ("DELETE", "*/*", Some("unknown"), None, 404),
        ("DELETE", "*/*", id, Some("2026-07-28"), 405),
        ("PUT", "*/*", id, None, 405),
    ] {
        let mut request = Request::builder().method(method).uri("/r").header("accept", accept);
        for (name, value) in [("mcp-session-id", session), ("mcp-protocol-version", revision)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let answer = send(gateway.address, request.body("").unwrap()).await;
        assert_eq!(answer.status, status, "{method} {accept} {session:?} {revision:?} {}", answer.text());
    }
    let other = Request::post("/r").header("origin", "http://evil.example").body(message.to_string()).unwrap();
    assert_eq!(send(gateway.address, other).await.status, 403);
    assert_eq!(text(&session.call("count", json!({})).await), "1");
}

#[tokio::test]
async fn a_session_is_of_whoever_began_it() {
    const WHO: &str = "x-forwarded-user";
    let principal = Some(PrincipalSource { header: WHO.parse().unwrap(), kind: PrincipalKind::User });
    for sharing in [Sharing::PerSession, Sharing::Shared] {
        let route = Route { principal: principal.clone(), ..leading_to(command(sharing), vec![]) };
        let gateway = start(vec![route]).await;
        let by = |who: Option<&str>, mut request: Request<String>| {
            if let Some(who) = who {
                request.headers_mut().insert(WHO, who.parse().unwrap());
            }
            send(gateway.address, request)
        };
        let begun = by(Some("ada"), post(None, None, &initialize("2025-11-25"))).await;
        let id = begun.headers["mcp-session-id"].to_str().unwrap();
        let of_session = |method: &str| {
            let request = Request::builder().method(method).uri("/r").header("accept", "text/event-stream");
            request.header("mcp-session-id", id).body(String::new()).unwrap()
        };
        for who in [Some("eve"), None] {
            for request in [
                post(Some(id), None, &call(1, "count", json!({}))),
                post(Some(id), None, &notification("notifications/cancelled", json!({"requestId": 1}))),
                post(Some(id), None, &json!({"jsonrpc": "2.0", "id": "q0", "result": {}})),
                of_session("GET"),
                of_session("DELETE"),
            ] {
                let about = format!("{who:?} {} {}", request.method(), request.body());
                let answer = by(who, request).await;
                assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (404, &json!(-32600)), "{about}");
            }
        }
        let mut counting = post(Some(id), None, &call(1, "count", json!({})));
        counting.headers_mut().insert("accept", "application/json".parse().unwrap());
        assert_eq!(text(&by(Some("ada"), counting).await.json()), "1");
        assert_eq!(by(Some("ada"), of_session("DELETE")).await.status, 204);
    }
}

#[tokio::test]
async fn what_names_a_session_or_an_event_comes_once() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-11-25").await;
    let mut listing = session.get(Some("0-0"));
    listing.headers_mut().append("last-event-id", "0-0".parse().unwrap());
    let mut twice = session.post(&call(1, "count", json!({})));
    twice.headers_mut().append("mcp-session-id", session.id.parse().unwrap());
    for request in [listing, twice] {
        let answer = send(gateway.address, request).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    assert_eq!(text(&session.call("count", json!({})).await), "1");
}

#[tokio::test]
async fn who_reads_no_events_gets_one_answer() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let mut request = session.post(&call("x", "log", json!({"text": "hello"})));
    request.headers_mut().insert("accept", "application/json".parse().unwrap());
    let answer = send(gateway.address, request).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!((text(&answer.json()), &answer.json()["id"]), ("logged", &json!("x")));
    // What it could not be told meanwhile waits for whoever listens.
    assert_eq!(session.listen(None).await.message().await["params"]["data"], "hello");
}

#[tokio::test]
async fn progress_comes_before_the_answer_on_its_stream() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    for (revision, primed) in [("2025-06-18", false), ("2025-11-25", true)] {
        let session = Session::begin(gateway.address, revision).await;
        let mut message = call("a", "slow", json!({"steps": 3, "ms": 20}));
        message["params"]["_meta"] = json!({"progressToken": "token"});
        let mut events = session.open(&message).await;
        assert_eq!(events.headers["content-type"], "text/event-stream");
        let mut all = Vec::new();
        while let Some(event) = events.next().await {
            all.push(event);
        }
        assert!(all.iter().all(|event| event.id.is_some()), "{all:?}");
        assert_eq!(all[0].data.is_none(), primed);
        let data: Vec<_> = all.iter().filter_map(|event| event.data.clone()).collect();
        assert_eq!(data.len(), 4, "{data:?}");
        for (step, progress) in data[..3].iter().enumerate() {
            assert_eq!(
                (&progress["params"]["progressToken"], &progress["params"]["progress"]),
                (&json!("token"), &json!(step + 1))
            );
        }
        assert_eq!((&data[3]["id"], text(&data[3])), (&json!("a"), "3 steps "));
    }
}

#[tokio::test]
async fn what_was_missed_is_sent_again() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-11-25").await;
    let mut message = call("a", "slow", json!({"steps": 5, "ms": 60}));
    message["params"]["_meta"] = json!({"progressToken": 1});
    let mut events = session.open(&message).await;
    let prime = events.next().await.unwrap();
    assert!(prime.data.is_none());
    let first = events.next().await.unwrap();
    assert_eq!(first.data.as_ref().unwrap()["params"]["progress"], 1);
    // The connection breaks; that cancels nothing.
    drop(events);
    gateway.telemetry.wait_for("cancelled r").await;
    let mut resumed = session.listen(first.id.as_deref()).await;
    assert_eq!(resumed.status, 200);
    let data = resumed.messages().await;
    let progress: Vec<_> = data.iter().filter_map(|message| message["params"]["progress"].as_i64()).collect();
    assert_eq!(progress, [2, 3, 4, 5], "{data:?}");
    assert_eq!(text(data.last().unwrap()), "5 steps ");
    // From its beginning, too; and not beyond its end.
    let again = session.listen(prime.id.as_deref()).await.messages().await;
    assert_eq!((again.len(), again.last()), (6, data.last()));
    let mut over = session.listen(prime.id.as_deref()).await;
    let mut last = None;
    while let Some(event) = over.next().await {
        last = event.id;
    }
    assert_eq!(session.listen(last.as_deref()).await.status, 405);
    assert_eq!(session.listen(Some("nonsense")).await.status, 400);
    assert_eq!(text(&session.call("cancelled", json!({})).await), "0");
}

#[tokio::test]
async fn one_stream_of_a_session_listens() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let mut listening = session.listen(None).await;
    assert_eq!(listening.headers["mcp-session-id"].to_str().unwrap(), session.id);
    let refused = send(gateway.address, session.get(None)).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    // News belong to no request, so they come here, and only here.
    let data = session.open(&call(1, "news", json!({}))).await.messages().await;
    assert_eq!((data.len(), text(&data[0])), (1, "told"));
    let event = listening.next().await.unwrap();
    assert_eq!(event.data.unwrap()["method"], "notifications/tools/list_changed");
    // Two in a row while nobody listens are held, in order.
    drop(listening);
    let mut resumed = session.listen(event.id.as_deref()).await;
    session.call("news", json!({})).await;
    assert_eq!(resumed.message().await["method"], "notifications/tools/list_changed");
    assert_eq!(session.end().await.status, 204);
    assert_eq!(resumed.next().await, None);
}

#[tokio::test]
async fn a_cancelled_request_ends_without_an_answer() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let mut events = session.open(&call("c", "slow", json!({"steps": 1000, "ms": 10}))).await;
    let twice = send(gateway.address, session.post(&call("c", "pid", json!({})))).await;
    assert_eq!(twice.status, 400, "{}", twice.text());
    session.say(&notification("notifications/cancelled", json!({"requestId": "c"}))).await;
    assert_eq!(events.next().await, None);
    assert_eq!(text(&session.call("cancelled", json!({})).await), "1");
    // The id may be used again, and what is not known is not passed on.
    session.say(&notification("notifications/cancelled", json!({"requestId": "unknown"}))).await;
    assert_eq!(text(&session.ask(&call("c", "cancelled", json!({}))).await), "1");
}

#[tokio::test]
async fn a_request_of_the_server_is_answered_by_a_post() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let arguments = json!({"method": "sampling/createMessage", "params": {"n": 1}});
    let mut events = session.open(&call(1, "ask", arguments.clone())).await;
    let question = events.message().await;
    assert_eq!((&question["method"], &question["params"]), (&json!("sampling/createMessage"), &json!({"n": 1})));
    // An answer to what was not asked reaches nobody.
    session.say(&json!({"jsonrpc": "2.0", "id": "q77", "result": {"forged": true}})).await;
    session.say(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"ok": true}})).await;
    session.say(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"ok": false}})).await;
    assert_eq!(text(&events.message().await), "{\"ok\":true}");
    assert_eq!(events.next().await, None);
    // Where two requests are worked on, it goes to whoever listens.
    let mut listening = session.listen(None).await;
    let mut other = session.open(&call(2, "slow", json!({"steps": 10, "ms": 50}))).await;
    let mut events = session.open(&call(3, "ask", arguments)).await;
    let question = listening.message().await;
    session.say(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"second": true}})).await;
    assert_eq!(text(&events.message().await), "{\"second\":true}");
    assert_eq!(other.messages().await.len(), 1);
}

#[tokio::test]
async fn idle_sessions_end() {
    let mut command = command(Sharing::PerSession);
    command.idle_timeout = std::time::Duration::from_millis(100);
    let gateway = start(vec![leading_to(command, vec![])]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let pid = session.pid().await;
    // Whoever listens is there, for a while in which nothing comes.
    let listening = session.listen(None).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(is_there(pid));
    drop(listening);
    until("the idle session has ended", || !is_there(pid)).await;
    assert_eq!(send(gateway.address, session.post(&call(1, "pid", json!({})))).await.status, 404);
}

#[tokio::test]
async fn an_error_to_initialize_begins_no_session() {
    let mut command = command(Sharing::PerSession);
    command.arguments = vec!["--fail".to_owned()];
    let gateway = start(vec![leading_to(command, vec![])]).await;
    let answer = send(gateway.address, post(None, None, &initialize("2025-06-18"))).await;
    assert!(!answer.headers.contains_key("mcp-session-id"));
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("ended"), "{}", answer.text());
    assert_eq!(answer.json()["id"], "init");
    let events = Events::of(gateway.address, post(Some("x"), None, &call(1, "pid", json!({})))).await;
    assert_eq!(events.status, 404);
}
