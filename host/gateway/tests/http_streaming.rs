//! What passes a route untouched.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::mpsc;
use tokio::time::timeout;
use weir_core::Phase;
use weir_gateway::Protocol;

use crate::support::{Answer, Connection, Upstream, body_of, deny_if, echo, full, get, route, send, start, streamed};

#[tokio::test]
async fn a_request_goes_on_with_its_end_to_end_headers_only() {
    let upstream = Upstream::start(echo).await;
    let gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut connection = Connection::open(gateway.address, version).await;
        let mut request = Request::put("/r/a%20b?x=1&y")
            .header("x-own", "1")
            .header("authorization", "Bearer t")
            .header("weir-agent-id", "a")
            .header("weir-action-name", "b")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .header("tracestate", "a=b");
        if version == Version::HTTP_11 {
            request = request.header("connection", "x-hop").header("x-hop", "1").header("te", "trailers");
        }
        let response = connection.send(request.body(body_of("hello")).unwrap()).await.unwrap();
        let answer = Answer::of(response).await;
        let text = answer.text();
        assert!(text.starts_with("PUT /up/a%20b?x=1&y\n"), "{version:?} {text}");
        assert!(text.ends_with("\n\nhello"), "{text}");
        for present in [
            "\nx-own: 1\n",
            "\nauthorization: Bearer t\n",
            "\ntracestate: a=b\n",
            "\ncontent-length: 5\n",
            &format!("\nhost: {}\n", upstream.address),
            "\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-",
        ] {
            assert!(text.contains(present), "{version:?} {present:?} in {text}");
        }
        for absent in ["x-hop", "weir-", "connection:", "00f067aa0ba902b7"] {
            assert!(!text.contains(absent), "{version:?} {absent:?} in {text}");
        }
        assert_eq!(text.contains("te: trailers"), version == Version::HTTP_11);
        assert_eq!(answer.headers["weir-call-ref"].len(), 36);
    }
    gateway.telemetry.wait_for("exchange r PUT 200 -").await;
}

#[tokio::test]
async fn a_response_comes_with_its_end_to_end_headers_only() {
    let upstream = Upstream::start(|_| async {
        let response = Response::builder()
            .status(203)
            .header("x-own", "1")
            .header("weir-call-ref", "forged")
            .header("keep-alive", "timeout=5")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2");
        response.body(full("x")).unwrap()
    })
    .await;
    let gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
    let answer = get(gateway.address, "/r").await;
    assert_eq!(answer.status, 203);
    assert_eq!(answer.headers["x-own"], "1");
    assert_ne!(answer.headers["weir-call-ref"], "forged");
    assert_eq!(answer.headers.get_all("weir-call-ref").iter().count(), 1);
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
    assert!(!answer.headers.contains_key("keep-alive"));
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let upstream = Upstream::start(|request| async {
        let trailers = request.into_body().collect().await.unwrap().trailers().cloned().unwrap();
        let (sender, frames) = mpsc::channel(4);
        sender.send(Frame::data(Bytes::from_static(b"data"))).await.unwrap();
        sender
            .send(Frame::trailers(HeaderMap::from_iter([("x-sum".parse().unwrap(), trailers["x-sum"].clone())])))
            .await
            .unwrap();
        let mut response = streamed("text/plain", frames);
        response.headers_mut().insert("trailer", HeaderValue::from_static("x-sum"));
        response
    })
    .await;
    let gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let frames = [
            Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"up"))),
            Ok(Frame::trailers(HeaderMap::from_iter([("x-sum".parse().unwrap(), HeaderValue::from_static("7"))]))),
        ];
        let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
        let request = Request::post("/r").header("trailer", "x-sum").header("te", "trailers").body(body).unwrap();
        let mut connection = Connection::open(gateway.address, version).await;
        let answer = Answer::of(connection.send(request).await.unwrap()).await;
        assert_eq!((answer.text(), answer.trailers["x-sum"].to_str().unwrap()), ("data", "7"), "{version:?}");
    }
}

/// The sender of a body that nobody reads comes to a stop: the gateway holds only what the sockets hold.
#[tokio::test]
async fn a_large_body_waits_for_its_reader() {
    const PIECE: usize = 64 * 1024;
    const PIECES: usize = 1024;
    let (progress, mut sent) = mpsc::channel(PIECES + 1);
    let upstream = Upstream::start(move |_| {
        let progress = progress.clone();
        async move {
            let (sender, frames) = mpsc::channel(1);
            tokio::spawn(async move {
                for _ in 0..PIECES {
                    if sender.send(Frame::data(Bytes::from(vec![7; PIECE]))).await.is_err() {
                        return;
                    }
                    let _ = progress.try_send(());
                }
            });
            streamed("application/octet-stream", frames)
        }
    })
    .await;
    // A policy of the request phase does not make the response wait.
    let policies = vec![deny_if("http/ingress", &[Phase::Request], "never")];
    let gateway = start(vec![route(Protocol::Http, upstream.address, policies)]).await;
    let mut connection = Connection::open(gateway.address, Version::HTTP_11).await;
    let response = connection.send(Request::get("/r").body(body_of("")).unwrap()).await.unwrap();

    let mut early = 0;
    // Until nothing comes for a while.
    while timeout(Duration::from_millis(150), sent.recv()).await.is_ok() {
        early += 1;
    }
    assert!(early < PIECES / 2, "{early} of {PIECES} pieces went out although nobody read");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), PIECE * PIECES);
}

#[tokio::test]
async fn an_upload_streams_to_the_upstream_before_it_is_complete() {
    let (arrived, mut arrivals) = mpsc::channel(4);
    let upstream = Upstream::start(move |request| {
        let arrived = arrived.clone();
        async move {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                arrived.send(frame.unwrap().into_data().unwrap()).await.unwrap();
            }
            Response::new(full("done"))
        }
    })
    .await;
    let gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
    let (sender, mut pieces) = mpsc::channel::<Bytes>(1);
    let stream = futures_util::stream::poll_fn(move |context| {
        pieces.poll_recv(context).map(|piece| piece.map(|piece| Ok::<_, std::io::Error>(Frame::data(piece))))
    });
    let mut connection = Connection::open(gateway.address, Version::HTTP_11).await;
    let request = Request::post("/r").body(StreamBody::new(stream).boxed_unsync()).unwrap();
    let sending = tokio::spawn(async move { Answer::of(connection.send(request).await.unwrap()).await });
    for piece in ["one", "two"] {
        sender.send(Bytes::from(piece)).await.unwrap();
        assert_eq!(timeout(Duration::from_secs(5), arrivals.recv()).await.unwrap().unwrap(), piece);
    }
    drop(sender);
    assert_eq!(sending.await.unwrap().text(), "done");
}

#[tokio::test]
async fn server_sent_events_are_flushed_one_by_one() {
    let (upstream, sender) = Upstream::of_one_stream().await;
    let gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
    let mut connection = Connection::open(gateway.address, Version::HTTP_11).await;
    let response = connection.send(Request::get("/r").body(body_of("")).unwrap()).await.unwrap();
    let mut body = response.into_body();
    for event in ["data: 1\n\n", ": still here\n", "id: 2\ndata: 2\n\n"] {
        sender.send(Frame::data(Bytes::from(event))).await.unwrap();
        let frame = timeout(Duration::from_secs(5), body.frame()).await.unwrap().unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), event);
    }
    drop(sender);
    assert!(timeout(Duration::from_secs(5), body.frame()).await.unwrap().is_none());
    gateway.telemetry.wait_for("exchange r GET 200 -").await;
}

#[tokio::test]
async fn heads_and_empty_answers_stay_what_they_are() {
    let upstream = Upstream::start(|request: Request<hyper::body::Incoming>| async move {
        let status = if request.uri().path() == "/up/gone" { 204 } else { 200 };
        Response::builder().status(status).body(full(if status == 204 { "" } else { "hello" })).unwrap()
    })
    .await;
    let policies = || vec![deny_if("http/ingress", &[Phase::Request, Phase::Response], "never")];
    for policies in [vec![], policies()] {
        let gateway = start(vec![route(Protocol::Http, upstream.address, policies)]).await;
        let head = send(gateway.address, Request::head("/r").body("").unwrap()).await;
        assert_eq!((head.headers["content-length"].to_str().unwrap(), head.body.len()), ("5", 0));
        let gone = get(gateway.address, "/r/gone").await;
        assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
        gateway.telemetry.wait_for("exchange r HEAD 200 -").await;
        gateway.telemetry.wait_for("exchange r GET 204 -").await;
    }
}

/// A client nobody here wrote, in both versions.
#[test]
fn curl_agrees() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (upstream, gateway) = runtime.block_on(async {
        let upstream = Upstream::start(echo).await;
        let gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
        (upstream, gateway)
    });
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let ran = std::process::Command::new("curl")
            .args(["--silent", "--show-error", version, "--data-binary", "@-", "-H", "Expect: 100-continue"])
            .arg(format!("http://{}/r/curl", gateway.address))
            .stdin(std::process::Stdio::null())
            .output();
        let Ok(ran) = ran else { return };
        let text = String::from_utf8_lossy(&ran.stdout);
        assert!(text.starts_with("POST /up/curl\n"), "{version} {text} {}", String::from_utf8_lossy(&ran.stderr));
        assert!(!text.contains("expect:"), "{text}");
    }
    drop((upstream, gateway));
}
