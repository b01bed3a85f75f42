//! What an HTTP route does with messages that policies see.

use std::sync::{Arc, Mutex};

use http::{HeaderName, Request, Response};
use serde_json::{Value, json};
use weir_core::{Context, Phase, PrincipalKind};
use weir_gateway::{PrincipalSource, Protocol};

use crate::support::{
    Policy, Route, Upstream, deny_if, echo, full, get, mutator, post, respond, route, send, start, validator,
};

const BOTH: [Phase; 2] = [Phase::Request, Phase::Response];
const EVENT: &str = "http/ingress";

/// A policy that writes down what it is shown.
fn witness(seen: &Arc<Mutex<Vec<Value>>>, phases: &[Phase]) -> Policy {
    let seen = Arc::clone(seen);
    validator(EVENT, phases, move |invocation| {
        let request = invocation.event.request.as_ref().map(|request| parsed(request.text()));
        seen.lock().unwrap().push(json!({
            "phase": invocation.event.phase.as_str(), "payload": parsed(invocation.payload.text()), "request": request,
        }));
        None
    })
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

async fn http(upstream: &Upstream, policies: Vec<Policy>) -> crate::support::Running {
    start(vec![route(Protocol::Http, upstream.address, policies)]).await
}

#[tokio::test]
async fn policies_are_shown_both_halves() {
    let upstream = Upstream::start(|_| async { respond("application/json", "{\"got\": 1.0}") }).await;
    let seen = Arc::default();
    let gateway = http(&upstream, vec![witness(&seen, &BOTH)]).await;
    let body = " {\"b\":1.50,  \"a\":[]}";
    let request = Request::post("/r/x?q=1").header("content-type", "application/json").header("connection", "close");
    let answer = send(gateway.address, request.body(body).unwrap()).await;
    assert_eq!(answer.text(), "{\"got\": 1.0}");
    gateway.telemetry.wait_for("chain r http/ingress request success").await;
    gateway.telemetry.wait_for("chain r http/ingress response success").await;

    let seen = seen.lock().unwrap();
    let request = &seen[0]["payload"];
    assert_eq!(request["method"], "POST");
    assert_eq!(request["url"], format!("http://{}/r/x?q=1", gateway.address));
    assert_eq!((&request["path"], &request["query"]), (&json!("/r/x"), &json!("q=1")));
    assert_eq!(request["headers"], json!({"content-type": "application/json", "content-length": "20"}));
    assert_eq!(request["body"].to_string(), "{\"b\":1.50,\"a\":[]}");
    let response = &seen[1];
    assert_eq!(response["payload"]["status"], 200);
    assert_eq!(response["payload"]["body"].to_string(), "{\"got\":1.0}");
    assert_eq!(response["payload"]["headers"]["content-type"], "application/json");
    assert_eq!(&response["request"], request);
}

/// Whatever its form, a body that no policy changes arrives as it was sent.
#[tokio::test]
async fn what_is_not_changed_keeps_its_exact_bytes() {
    let upstream = Upstream::start(|request| async {
        let content_type = request.headers().get("content-type").cloned();
        let body = http_body_util::BodyExt::collect(request.into_body()).await.unwrap().to_bytes();
        let mut response = Response::new(full(body));
        response.headers_mut().extend(content_type.map(|value| (http::header::CONTENT_TYPE, value)));
        response
    })
    .await;
    let untouched = mutator(EVENT, &BOTH, |_| None);
    let echoed = mutator(EVENT, &BOTH, |payload| Some(format!("{payload} "))).named("echoed");
    let gateway = http(&upstream, vec![untouched, echoed]).await;
    for (content_type, body) in [
        ("application/json", &b" { \"a\" : 1.00e2 , \"b\" : \"\\u0041\" } \n"[..]),
        ("text/plain", b"caf\xc3\xa9\r\n"),
        ("text/plain", b"caf\xe9"),
        ("application/octet-stream", b"\x00\xff\x80"),
        ("application/json", b""),
    ] {
        let answer = post(gateway.address, "/r", content_type, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(&answer.body[..], body, "{content_type}");
    }
}

#[tokio::test]
async fn a_changed_request_is_sent_as_changed() {
    let upstream = Upstream::start(echo).await;
    let change = mutator(EVENT, &[Phase::Request], |payload| {
        let mut payload: Value = serde_json::from_str(payload).unwrap();
        payload["method"] = json!("PATCH");
        payload["path"] = json!("/r/other");
        payload["query"] = json!("");
        payload["headers"]["x-new"] = json!(["1", "2"]);
        payload["headers"]["host"] = json!("elsewhere");
        payload["headers"]["content-length"] = json!("3");
        payload["headers"].as_object_mut().unwrap().remove("x-secret");
        payload["body"]["card"] = json!("[redacted]");
        Some(payload.to_string())
    });
    let gateway = http(&upstream, vec![change]).await;
    let request = Request::post("/r/x?token=1")
        .header("content-type", "application/json")
        .header("x-secret", "s")
        .header("x-kept", "k");
    let answer = send(gateway.address, request.body("{\"card\": \"4111\", \"n\": 1.0}").unwrap()).await;
    let text = answer.text();
    assert!(text.starts_with("PATCH /up/other\n"), "{text}");
    assert!(text.ends_with("\n\n{\"card\":\"[redacted]\",\"n\":1.0}"), "{text}");
    for present in [
        "\nx-new: 1\nx-new: 2\n",
        "\nx-kept: k\n",
        "\ncontent-length: 29\n",
        &format!("\nhost: {}\n", upstream.address),
    ] {
        assert!(text.contains(present), "{present:?} in {text}");
    }
    assert!(!text.contains("x-secret"), "{text}");
}

#[tokio::test]
async fn a_changed_response_is_sent_as_changed() {
    let upstream = Upstream::start(|_| async { respond("text/plain", "the secret is 42") }).await;
    let change = mutator(EVENT, &[Phase::Response], |payload| {
        let mut payload: Value = serde_json::from_str(payload).unwrap();
        payload["status"] = json!(206);
        payload["headers"]["x-new"] = json!("1");
        payload["body"] = json!(payload["body"].as_str().unwrap().replace("42", "[redacted]"));
        Some(payload.to_string())
    });
    let gateway = http(&upstream, vec![change]).await;
    let answer = get(gateway.address, "/r").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (206, "the secret is [redacted]"));
    assert_eq!(
        (&answer.headers["x-new"], &answer.headers["content-length"]),
        (&"1".parse().unwrap(), &"24".parse().unwrap())
    );
}

#[tokio::test]
async fn a_changed_message_that_cannot_be_sent_fails_closed() {
    let upstream = Upstream::start(echo).await;
    for change in [
        r#"{"path":"/elsewhere"}"#,
        r#"{"path":"/r/../secret"}"#,
        r#"{"path":"/r/%2e%2E/secret"}"#,
        r#"{"method":"A B"}"#,
        r#"{"headers":{"x":"a\r\nb: c"}}"#,
        "[]",
    ] {
        let gateway = http(&upstream, vec![mutator(EVENT, &[Phase::Request], |_| Some(change.to_owned()))]).await;
        let answer = get(gateway.address, "/r").await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "urn:weir:policy-failed"), "{change}");
    }
    let gateway =
        http(&upstream, vec![mutator(EVENT, &[Phase::Response], |_| Some(r#"{"status":101}"#.to_owned()))]).await;
    assert_eq!(get(gateway.address, "/r").await.problem(), "urn:weir:policy-failed");
}

#[tokio::test]
async fn a_denial_says_who_and_why() {
    let upstream = Upstream::start(|_| async { respond("text/plain", "leak") }).await;
    let gateway =
        http(&upstream, vec![deny_if(EVENT, &BOTH, "leak"), deny_if(EVENT, &BOTH, "eak").named("other")]).await;
    for (body, phase) in [("leak", "request"), ("fine", "response")] {
        let answer = post(gateway.address, "/r", "text/plain", body).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (403, "urn:weir:denied"));
        let problem = answer.json();
        assert_eq!(problem["interceptor"], "guard");
        assert!(problem["detail"].as_str().unwrap().contains(phase), "{problem}");
        let said = json!([
            {"interceptor": "guard", "severity": "error", "message": "found leak", "path": "/x"},
            {"interceptor": "other", "severity": "error", "message": "found eak", "path": "/x"},
        ]);
        assert_eq!(problem["messages"], said);
        assert!(!answer.text().contains("the secret"));
    }
    gateway.telemetry.wait_for("exchange r POST 403 urn:weir:denied").await;
}

#[tokio::test]
async fn failures_of_policies_block_without_their_words() {
    let upstream = Upstream::start(echo).await;
    let plain = || deny_if(EVENT, &[Phase::Request], "never");
    for (policies, status, kind, interceptor) in [
        (vec![plain().failing()], 503, "urn:weir:policy-failed", Some("guard")),
        (vec![mutator(EVENT, &[Phase::Request], |_| None).failing()], 503, "urn:weir:policy-failed", Some("editor")),
        // Who was told no by one policy reads that no, although another one failed.
        (
            vec![plain().named("a").failing(), deny_if(EVENT, &[Phase::Request], "method")],
            403,
            "urn:weir:denied",
            Some("guard"),
        ),
        (vec![plain().asking("May it?")], 403, "urn:weir:approval-required", Some("guard")),
        (vec![plain().panicking()], 500, "urn:weir:internal", None),
    ] {
        let gateway = http(&upstream, policies).await;
        let answer = get(gateway.address, "/r").await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, kind));
        assert_eq!(answer.json()["interceptor"].as_str(), interceptor);
        assert!(!answer.text().contains("secret cause") && !answer.text().contains("a bug"), "{}", answer.text());
        // The connection and the gateway go on.
        assert_eq!(get(gateway.address, "/r").await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn the_context_says_who_and_where() {
    let upstream = Upstream::start(echo).await;
    let seen: Arc<Mutex<Option<Context>>> = Arc::default();
    let keep = Arc::clone(&seen);
    let policy = validator(EVENT, &[Phase::Request], move |invocation| {
        *keep.lock().unwrap() = Some((*invocation.event.context).clone());
        None
    });
    let header = HeaderName::from_static("x-user");
    let principal = Some(PrincipalSource { header, kind: PrincipalKind::User });
    let route = Route { principal, ..route(Protocol::Http, upstream.address, vec![policy]) };
    let gateway = start(vec![route]).await;
    let request = Request::get("/r")
        .header("x-user", "ada")
        .header("weir-agent-id", "agent-1")
        .header("weir-action-name", "x".repeat(255))
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let answer = send(gateway.address, request.body("").unwrap()).await;
    let context = seen.lock().unwrap().take().unwrap();
    assert_eq!((context.principal.kind, context.principal.id.as_deref()), (PrincipalKind::User, Some("ada")));
    assert_eq!(context.agent_id.as_deref(), Some("agent-1"));
    assert_eq!(context.action_name.map(|name| name.len()), Some(255));
    assert_eq!(context.call_ref.unwrap(), answer.headers["weir-call-ref"].to_str().unwrap());
    assert_eq!(context.trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert!(answer.text().contains(&context.span_id.unwrap()));
    assert_eq!((context.route.as_deref(), context.server.as_deref()), (Some("r"), Some("upstream")));
    assert!(context.timestamp.len() == 24 && context.timestamp.ends_with('Z'), "{}", context.timestamp);

    send(gateway.address, Request::get("/r").header("x-user", "a").header("x-user", "b").body("").unwrap()).await;
    assert_eq!(seen.lock().unwrap().take().unwrap().principal.kind, PrincipalKind::Anonymous, "two claims are none");
}

#[tokio::test]
async fn a_response_policy_keeps_compression_away() {
    let upstream = Upstream::start(|request| async move {
        let asked = request.headers().get("accept-encoding").unwrap().to_str().unwrap().to_owned();
        if request.uri().path().ends_with("stubborn") {
            return Response::builder().header("content-encoding", "gzip").body(full("\x1f")).unwrap();
        }
        respond("text/plain", asked)
    })
    .await;
    let ask = |path: &str| Request::get(path).header("accept-encoding", "gzip").body("").unwrap();
    let gateway = http(&upstream, vec![deny_if(EVENT, &[Phase::Response], "never")]).await;
    assert_eq!(send(gateway.address, ask("/r")).await.text(), "identity");
    let stubborn = send(gateway.address, ask("/r/stubborn")).await;
    assert_eq!((stubborn.status.as_u16(), stubborn.problem().as_str()), (502, "urn:weir:upstream-invalid"));
    let gateway = http(&upstream, vec![deny_if(EVENT, &[Phase::Request], "never")]).await;
    assert_eq!(send(gateway.address, ask("/r")).await.text(), "gzip");
    assert_eq!(send(gateway.address, ask("/r/stubborn")).await.text(), "\x1f");
}

/// The chain of a request is that of the set with which it began, in both phases.
#[tokio::test]
async fn one_request_uses_one_set() {
    let (release, waiting) = tokio::sync::watch::channel(false);
    let upstream = Upstream::start(move |_| {
        let mut waiting = waiting.clone();
        async move {
            waiting.wait_for(|go| *go).await.unwrap();
            respond("text/plain", "leak")
        }
    })
    .await;
    let gateway = http(&upstream, vec![deny_if(EVENT, &BOTH, "leak")]).await;
    let address = gateway.address;
    let old = tokio::spawn(async move { get(address, "/r").await });
    gateway.telemetry.wait_for("chain r http/ingress request success").await;
    gateway.replace(2, vec![route(Protocol::Http, upstream.address, vec![])], Default::default());
    release.send(true).unwrap();
    assert_eq!(old.await.unwrap().problem(), "urn:weir:denied");
    assert_eq!(get(address, "/r").await.text(), "leak");
    assert_eq!(gateway.gateway.current().epoch, 2);
}
