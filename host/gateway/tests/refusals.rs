//! What goes wrong towards callers and upstreams, and what is answered then.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use weir_core::Phase;
use weir_gateway::{GatewayOptions, Protocol};

use crate::support::{
    Route, Upstream, deny_if, echo, get, post, respond, route, send, sleeper, start, start_with, streamed,
};

const EVENT: &str = "http/ingress";

#[tokio::test]
async fn routes_are_prefixes_that_end_at_a_slash() {
    let upstream = Upstream::start(echo).await;
    let at = |name: &str, path: &str, upstream_path: &str| Route {
        name: name.to_owned(),
        path: path.to_owned(),
        upstream: format!("http://{}{upstream_path}", upstream.address).parse().unwrap(),
        ..route(Protocol::Http, upstream.address, vec![])
    };
    let routes = vec![
        at("api", "/api", "/v0"),
        at("users", "/api/users/", "/u/"),
        at("keyed", "/keyed", "/k?key=1"),
        at("deep", "/deep", ""),
    ];
    let gateway = start(routes).await;
    for (path, expected) in [
        ("/api", Some("/v0")),
        ("/api/", Some("/v0/")),
        ("/api/x/y?q=%20", Some("/v0/x/y?q=%20")),
        ("/api/users", Some("/u/")),
        ("/api/users/7", Some("/u/7")),
        ("/api/usersx", Some("/v0/usersx")),
        ("/keyed/a?b=2", Some("/k/a?key=1&b=2")),
        ("/deep", Some("/")),
        ("/deep/a//b", Some("/a//b")),
        ("/apix", None),
        ("/", None),
        ("/api/../keyed", None),
        ("/api/%2e%2E/keyed", None),
        ("/api/.%2e/x", None),
        ("/api/..%2fx", None),
        ("/api/a%5c..%5cx", None),
        ("/api/.", None),
        ("/api/...", Some("/v0/...")),
        ("/api/a..b/.well-known/x", Some("/v0/a..b/.well-known/x")),
    ] {
        let answer = get(gateway.address, path).await;
        match expected {
            Some(expected) => {
                assert!(answer.text().starts_with(&format!("GET {expected}\n")), "{path}: {}", answer.text())
            }
            None => {
                assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (404, "urn:weir:no-route"), "{path}");
            }
        }
    }
    gateway.telemetry.wait_for("exchange  GET 404 urn:weir:no-route").await;
}

#[tokio::test]
async fn an_upstream_that_does_not_work_is_named_so() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = free.local_addr().unwrap();
    drop(free);
    let silent = Upstream::start(|_| async { std::future::pending().await }).await;
    let rude = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rude_address = rude.local_addr().unwrap();
    let closing = tokio::spawn(async move {
        loop {
            let (mut stream, _) = rude.accept().await.unwrap();
            let mut head = [0; 16];
            let _ = stream.read(&mut head).await;
        }
    });
    let at = |path: &str, upstream| Route {
        name: path.to_owned(),
        path: path.to_owned(),
        ..route(Protocol::Http, upstream, vec![])
    };
    let options = GatewayOptions { response_timeout: Duration::from_millis(200), ..GatewayOptions::default() };
    let routes = vec![at("/nobody", nobody), at("/silent", silent.address), at("/rude", rude_address)];
    let gateway = start_with(routes, options).await;
    for (path, status, kind) in [
        ("/nobody", 502, "urn:weir:upstream-unreachable"),
        ("/rude", 502, "urn:weir:upstream-unreachable"),
        ("/silent", 504, "urn:weir:upstream-timeout"),
    ] {
        let answer = get(gateway.address, path).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, kind), "{path}");
        assert!(!answer.text().contains("refused") && !answer.text().contains("os error"), "{}", answer.text());
        gateway.telemetry.wait_for(&format!("exchange {path} GET {status} {kind}")).await;
    }
    closing.abort();
}

#[tokio::test]
async fn bodies_for_policies_are_bounded_and_others_are_not() {
    let upstream = Upstream::start(|request| async {
        let body = http_body_util::BodyExt::collect(request.into_body()).await.unwrap().to_bytes();
        respond("text/plain", body)
    })
    .await;
    let limited = |policies| Route { max_body: 1000, ..route(Protocol::Http, upstream.address, policies) };
    let large = "x".repeat(1001);

    let gateway = start(vec![limited(vec![])]).await;
    assert_eq!(post(gateway.address, "/r", "text/plain", large.clone()).await.body.len(), 1001);

    let gateway = start(vec![limited(vec![deny_if(EVENT, &[Phase::Request], "never")])]).await;
    assert_eq!(post(gateway.address, "/r", "text/plain", large[1..].to_owned()).await.status, 200);
    let answer = post(gateway.address, "/r", "text/plain", large.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (413, "urn:weir:body-too-large"));
    assert!(answer.json()["detail"].as_str().unwrap().contains("1000"));

    let gateway = start(vec![limited(vec![deny_if(EVENT, &[Phase::Response], "never")])]).await;
    assert_eq!(post(gateway.address, "/r", "text/plain", large[1..].to_owned()).await.status, 200);
    let answer = post(gateway.address, "/r", "text/plain", large).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (502, "urn:weir:upstream-invalid"));
}

/// A length that is not given is found out while reading.
#[tokio::test]
async fn a_chunked_body_is_bounded_too() {
    let upstream = Upstream::start(echo).await;
    let gateway = start(vec![Route {
        max_body: 4,
        ..route(Protocol::Http, upstream.address, vec![deny_if(EVENT, &[Phase::Request], "never")])
    }])
    .await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let head = "POST /r HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.write_all(format!("{head}3\r\nabc\r\n2\r\nde\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("urn:weir:body-too-large"), "{answer}");
}

#[tokio::test]
async fn what_policies_cannot_read_is_refused() {
    let upstream = Upstream::start(echo).await;
    let gateway =
        start(vec![route(Protocol::Http, upstream.address, vec![deny_if(EVENT, &[Phase::Request], "never")])]).await;
    for body in ["{", "{\"a\":1}x", "1,\"method\":2", "{\"a\":1,\"a\":2}", "NaN", &"[".repeat(20_000)] {
        let answer = post(gateway.address, "/r", "application/json", body.to_owned()).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (400, "urn:weir:bad-request"), "{body:.40}");
    }
    let request = Request::post("/r").header("content-encoding", "gzip").body("\x1f").unwrap();
    let answer = send(gateway.address, request).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (415, "urn:weir:encoded-body"));
    let unseen = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
    assert_eq!(post(unseen.address, "/r", "application/json", "{").await.status, 200);
    let request = Request::post("/r").header("content-encoding", "gzip").body("\x1f").unwrap();
    assert_eq!(send(unseen.address, request).await.status, 200);
}

#[tokio::test]
async fn a_chain_that_is_late_blocks() {
    let upstream = Upstream::start(echo).await;
    let policies = vec![sleeper(EVENT, &[Phase::Request], Duration::from_secs(60), || {})];
    let gateway = start(vec![Route {
        chain_timeout: Duration::from_millis(50),
        ..route(Protocol::Http, upstream.address, policies)
    }])
    .await;
    let answer = get(gateway.address, "/r").await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "urn:weir:policy-timeout"));
    assert_eq!(answer.json()["interceptor"], "guard");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let upstream = Upstream::start(echo).await;
    let options = GatewayOptions { body_read_timeout: Duration::from_millis(100), ..GatewayOptions::default() };
    let policies = vec![deny_if(EVENT, &[Phase::Request], "never")];
    let gateway = start_with(vec![route(Protocol::Http, upstream.address, policies)], options).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"POST /r HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nabc").await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("urn:weir:body-timeout"), "{answer}");
}

/// Once bytes of a reply went out, a failure can only be shown by breaking off.
#[tokio::test]
async fn a_response_that_breaks_off_breaks_off() {
    let raw = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = raw.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = raw.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
        }
    });
    let gateway = start(vec![route(Protocol::Http, address, vec![])]).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"GET /r HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nabc"), "{answer}");
    gateway.telemetry.wait_for("exchange r GET 200 urn:weir:upstream-unreachable").await;
    // With a policy on it, nothing has gone out yet.
    let policies = vec![deny_if(EVENT, &[Phase::Response], "never")];
    let gateway = start(vec![route(Protocol::Http, address, policies)]).await;
    assert_eq!(get(gateway.address, "/r").await.problem(), "urn:weir:upstream-unreachable");
    serving.abort();
}

/// An upstream that says `https` is spoken to in TLS, and one that cannot prove its name is not spoken to at all.
#[tokio::test]
async fn https_upstreams_are_spoken_to_in_tls() {
    let raw = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = raw.local_addr().unwrap();
    let hello = tokio::spawn(async move {
        let (mut stream, _) = raw.accept().await.unwrap();
        let mut hello = [0; 3];
        stream.read_exact(&mut hello).await.unwrap();
        hello
    });
    let upstream = format!("https://{address}/up").parse().unwrap();
    let gateway = start(vec![Route { upstream, ..route(Protocol::Http, address, vec![]) }]).await;
    assert_eq!(get(gateway.address, "/r").await.problem(), "urn:weir:upstream-unreachable");
    assert_eq!(hello.await.unwrap(), [0x16, 3, 1], "the record header of a ClientHello");
}

/// A request that is not idempotent reaches an upstream at most once, even over a connection that is being closed.
#[tokio::test]
async fn nothing_is_sent_twice() {
    let raw = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = raw.local_addr().unwrap();
    let (count, mut counted) = tokio::sync::mpsc::channel(16);
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = raw.accept().await.unwrap();
            let count = count.clone();
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                // Answers the first request of a connection and drops the second one after having read it.
                let _ = stream.read(&mut head).await;
                count.send(()).await.unwrap();
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
                if stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    count.send(()).await.unwrap();
                }
            });
        }
    });
    let gateway = start(vec![route(Protocol::Http, address, vec![])]).await;
    assert_eq!(post(gateway.address, "/r", "text/plain", "1").await.status, 200);
    assert_eq!(post(gateway.address, "/r", "text/plain", "2").await.problem(), "urn:weir:upstream-unreachable");
    for _ in 0..2 {
        counted.recv().await.unwrap();
    }
    let third = tokio::time::timeout(Duration::from_millis(150), counted.recv()).await;
    assert!(third.is_err(), "nothing comes for a while");
    serving.abort();
}

#[tokio::test]
async fn an_event_stream_with_a_policy_is_read_whole() {
    let upstream = Upstream::start(|_| async {
        let (sender, frames) = tokio::sync::mpsc::channel(2);
        sender.send(http_body::Frame::data(Bytes::from("data: a\n\n"))).await.unwrap();
        sender.send(http_body::Frame::data(Bytes::from("data: leak\n\n"))).await.unwrap();
        streamed("text/event-stream", frames)
    })
    .await;
    let gateway =
        start(vec![route(Protocol::Http, upstream.address, vec![deny_if(EVENT, &[Phase::Response], "leak")])]).await;
    assert_eq!(get(gateway.address, "/r").await.problem(), "urn:weir:denied");
}
