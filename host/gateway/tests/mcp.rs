//! What an MCP route does with messages: cases as data.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body::Frame;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use weir_core::{Context, Phase};
use weir_gateway::{Admission, GatewayOptions, OnDeny, PassAuthorization, Protocol};

use crate::support::{
    Answer, Connection, Policy, Route, Upstream, body_of, deny_if, echo, mutator, post, respond, route, send, sleeper,
    start, start_with, streamed, validator,
};

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

/// What is not expected passes unchanged.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    policies: Vec<Described>,
    on_deny: Option<String>,
    chain_timeout_ms: Option<u64>,
    /// The body of the client's POST.
    send: String,
    /// What has to arrive at the upstream.
    arrives: Option<String>,
    /// What the upstream answers; without it nothing may arrive there.
    answer: Option<String>,
    answer_type: Option<String>,
    answer_status: Option<u16>,
    status: Option<u16>,
    gets: Option<Value>,
    gets_text: Option<String>,
    contains: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Described {
    phases: Vec<String>,
    allow: Option<String>,
    deny: Option<String>,
    replace: Option<String>,
    expect: Option<String>,
    fail: Option<String>,
    fail_mutator: Option<String>,
    sleep: Option<String>,
    panic: Option<String>,
    text: Option<String>,
    from: Option<String>,
    to: Option<String>,
    payload: Option<String>,
}

impl Described {
    fn policy(self) -> Policy {
        let phases: Vec<Phase> = self.phases.iter().map(|phase| Phase::parse(phase).unwrap()).collect();
        if let Some(event) = self.allow {
            return validator(&event, &phases, |_| None);
        }
        if let Some(event) = self.deny {
            return deny_if(&event, &phases, self.text.unwrap().leak());
        }
        if let Some(event) = self.replace {
            let (from, to) = (self.from.unwrap(), self.to.unwrap());
            return mutator(&event, &phases, move |payload| Some(payload.replace(&from, &to)));
        }
        if let Some(event) = self.expect {
            let payload = self.payload.unwrap();
            return validator(&event, &phases, move |shown| {
                (shown.payload.text() != payload).then(|| "other".to_owned())
            });
        }
        if let Some(event) = self.fail {
            return deny_if(&event, &phases, "").failing();
        }
        if let Some(event) = self.fail_mutator {
            return mutator(&event, &phases, |_| None).failing();
        }
        if let Some(event) = self.sleep {
            return sleeper(&event, &phases, Duration::from_secs(60), || {});
        }
        deny_if(&self.panic.unwrap(), &phases, "").panicking()
    }
}

#[tokio::test]
async fn cases() {
    let Cases { cases } = serde_json::from_str(include_str!("mcp_cases.json")).unwrap();
    assert!(cases.len() > 30);
    for case in cases {
        check(case).await;
    }
}

async fn check(case: Case) {
    let name = case.name;
    let (arrived, mut arrivals) = mpsc::channel(4);
    let answer = case.answer.clone();
    let (answer_type, answer_status) =
        (case.answer_type.unwrap_or("application/json".to_owned()), case.answer_status.unwrap_or(200));
    let upstream = Upstream::start(move |request| {
        let (arrived, answer, answer_type) = (arrived.clone(), answer.clone(), answer_type.clone());
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            arrived.send(String::from_utf8(body.to_vec()).unwrap()).await.unwrap();
            let mut response = respond(&answer_type, answer.unwrap_or_default());
            *response.status_mut() = answer_status.try_into().unwrap();
            response
        }
    })
    .await;
    let policies = case.policies.into_iter().map(Described::policy).collect();
    let mut route = route(Protocol::Mcp, upstream.address, policies);
    if case.on_deny.as_deref() == Some("tool-error") {
        route.on_deny = OnDeny::ToolError;
    }
    if let Some(timeout) = case.chain_timeout_ms {
        route.chain_timeout = Duration::from_millis(timeout);
    }
    let gateway = start(vec![route]).await;
    let got = post(gateway.address, "/r", "application/json", case.send.clone()).await;

    assert_eq!(got.status.as_u16(), case.status.or(case.answer_status).unwrap_or(200), "{name}: {}", got.text());
    assert!(got.headers.contains_key("weir-call-ref"), "{name}");
    match (&case.answer, arrivals.try_recv()) {
        (Some(_), Ok(arrived)) => assert_eq!(arrived, case.arrives.unwrap_or(case.send), "{name}"),
        (None, Err(_)) => {}
        (answer, arrived) => panic!("{name}: answer {answer:?} but arrived {arrived:?}"),
    }
    match (case.gets, case.gets_text, case.contains) {
        (Some(gets), ..) => {
            assert_eq!(got.json(), gets, "{name}");
            assert_eq!(got.headers["content-type"], "application/json", "{name}");
        }
        (_, Some(gets), _) => assert_eq!(got.text(), gets, "{name}"),
        (.., Some(part)) => assert!(got.text().contains(&part), "{name}: {}", got.text()),
        _ => assert_eq!(got.text(), case.answer.unwrap(), "{name}"),
    }
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#;

#[tokio::test]
async fn sessions_pass_and_are_in_the_context() {
    let upstream = Upstream::start(|request| async move {
        let session = request.headers().get("mcp-session-id").cloned();
        let mut response = respond("application/json", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
        response.headers_mut().insert("mcp-session-id", session.unwrap_or("new".parse().unwrap()));
        response
    })
    .await;
    let seen: Arc<Mutex<Vec<Context>>> = Arc::default();
    let keep = Arc::clone(&seen);
    let policy = validator("*", &[Phase::Request, Phase::Response], move |invocation| {
        keep.lock().unwrap().push((*invocation.event.context).clone());
        None
    });
    let gateway = start(vec![route(Protocol::Mcp, upstream.address, vec![policy])]).await;
    for (version, expected) in [("2025-06-18", Some("2025-06-18")), ("", None)] {
        let request = Request::post("/r").header("mcp-session-id", "s1").header("mcp-protocol-version", version);
        let answer = send(gateway.address, request.body(CALL).unwrap()).await;
        assert_eq!(answer.headers["mcp-session-id"], "s1");
        for context in seen.lock().unwrap().drain(..) {
            assert_eq!((context.session_id.as_deref(), context.protocol_revision.as_deref()), (Some("s1"), expected));
        }
    }
}

#[tokio::test]
async fn get_and_delete_pass_as_they_are() {
    let upstream = Upstream::start(echo).await;
    let policy = deny_if("*", &[Phase::Request, Phase::Response], "");
    let gateway = start(vec![route(Protocol::Mcp, upstream.address, vec![policy])]).await;
    for method in ["GET", "DELETE", "OPTIONS"] {
        let request = Request::builder().method(method).uri("/r?a=1").header("last-event-id", "7");
        let answer = send(gateway.address, request.body("").unwrap()).await;
        assert!(answer.text().starts_with(&format!("{method} /up?a=1\n")), "{}", answer.text());
        assert!(answer.text().contains("\nlast-event-id: 7\n"));
    }
    let answer = send(gateway.address, Request::put("/r").body(CALL).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (405, "urn:weir:method-not-allowed"));
    assert!(answer.headers["allow"].to_str().unwrap().contains("POST"));
}

#[tokio::test]
async fn the_bearer_token_is_for_the_gateway() {
    let upstream = Upstream::start(echo).await;
    for (authorization, passes) in [(PassAuthorization::Drop, false), (PassAuthorization::Pass, true)] {
        let gateway = start(vec![Route { authorization, ..route(Protocol::Mcp, upstream.address, vec![]) }]).await;
        for method in ["POST", "GET", "DELETE"] {
            let request = Request::builder().method(method).uri("/r").header("authorization", "Bearer t");
            let answer = send(gateway.address, request.body(CALL).unwrap()).await;
            assert_eq!(answer.text().contains("authorization: Bearer t"), passes, "{method}");
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_kept_out() {
    let upstream = Upstream::start(echo).await;
    let gateway = start(vec![route(Protocol::Mcp, upstream.address, vec![])]).await;
    for (header, value, status) in [
        ("origin", "http://evil.example", 403),
        ("host", "evil.example", 403),
        ("origin", "http://localhost:6274", 200),
        ("host", "localhost:1", 200),
    ] {
        let answer = send(gateway.address, Request::post("/r").header(header, value).body(CALL).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{header}: {value}");
    }
    // That comes before anything else that is wrong with a request.
    let request = Request::post("/r").header("origin", "http://evil.example").header("weir-agent-id", "alone");
    assert_eq!(send(gateway.address, request.body(CALL).unwrap()).await.status, 403);
}

#[tokio::test]
async fn pages_come_in_where_the_operator_lets_them() {
    let upstream = Upstream::start(echo).await;
    let admission = Admission {
        allowed_origins: vec!["https://app.example".to_owned()],
        allowed_hosts: vec!["gateway.example".to_owned()],
    };
    let options = GatewayOptions { admission, ..GatewayOptions::default() };
    let gateway = start_with(vec![route(Protocol::Mcp, upstream.address, vec![])], options).await;
    for (host, origin, status) in [
        ("gateway.example:8080", "https://app.example", 200),
        ("localhost", "https://APP.example", 200),
        ("localhost", "https://app.example:8443", 403),
        ("other.example", "https://app.example", 403),
    ] {
        let request = Request::post("/r").header("host", host).header("origin", origin);
        let answer = send(gateway.address, request.body(CALL).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{host} {origin}");
    }
    // Refused before its body is waited for.
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let head = "POST /r HTTP/1.1\r\nhost: localhost\r\norigin: http://evil.example\r\ncontent-length: 10\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 403");
}

#[tokio::test]
async fn large_and_compressed_messages_are_refused() {
    let upstream = Upstream::start(echo).await;
    let gateway = start(vec![Route { max_body: 100, ..route(Protocol::Mcp, upstream.address, vec![]) }]).await;
    let answer = post(gateway.address, "/r", "application/json", format!("{CALL}{}", " ".repeat(100))).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (413, "urn:weir:body-too-large"));
    let request = Request::post("/r").header("content-encoding", "gzip").body("x").unwrap();
    assert_eq!(send(gateway.address, request).await.problem(), "urn:weir:encoded-body");
}

/// Progress reaches the caller while the answer is still being worked on, and while a policy looks at it.
#[tokio::test]
async fn events_are_flushed_at_once() {
    let (upstream, sender) = Upstream::of_one_stream().await;
    let policies = vec![mutator("tools/call", &[Phase::Response], |payload| Some(payload.replace("leak", "-")))];
    let gateway = start(vec![route(Protocol::Mcp, upstream.address, policies)]).await;
    let mut connection = Connection::open(gateway.address, Version::HTTP_11).await;
    let response = connection.send(Request::post("/r").body(body_of(CALL)).unwrap()).await.unwrap();
    let mut body = response.into_body();
    let mut next = async || {
        let frame = timeout(Duration::from_secs(5), body.frame()).await.expect("flushed")?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    };
    let push = async |text: &str| sender.send(Frame::data(Bytes::copy_from_slice(text.as_bytes()))).await.unwrap();
    push(":\n").await;
    assert_eq!(next().await.unwrap(), ":\n");
    push("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\nda").await;
    assert_eq!(next().await.unwrap(), "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n");
    push("ta: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"leak\"}}\n\n").await;
    assert_eq!(next().await.unwrap(), "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"-\"}}\n\n");
    drop(sender);
    assert_eq!(next().await, None);
    gateway.telemetry.wait_for("exchange r POST 200 -").await;
    gateway.telemetry.wait_for("chain r tools/call response success").await;
}

#[tokio::test]
async fn an_event_without_end_is_cut_off() {
    let upstream = Upstream::start(|_| async {
        let (sender, frames) = mpsc::channel(1);
        tokio::spawn(async move { while sender.send(Frame::data(Bytes::from(vec![b'x'; 1024]))).await.is_ok() {} });
        streamed("text/event-stream", frames)
    })
    .await;
    let policies = vec![deny_if("*", &[Phase::Response], "never")];
    let gateway = start(vec![Route { max_body: 4096, ..route(Protocol::Mcp, upstream.address, policies) }]).await;
    let mut connection = Connection::open(gateway.address, Version::HTTP_11).await;
    let response = connection.send(Request::post("/r").body(body_of(CALL)).unwrap()).await.unwrap();
    let answer = Answer::of(response).await;
    assert!(answer.text().starts_with("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"error\""), "{}", answer.text());
    gateway.telemetry.wait_for("exchange r POST 200 urn:weir:upstream-invalid").await;
}
