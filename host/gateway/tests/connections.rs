//! How connections begin, are bounded, drain and are cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Notify, mpsc, watch};
use tokio::time::timeout;
use weir_core::Phase;
use weir_gateway::{Drained, GatewayOptions, Protocol};

use crate::support::{
    Answer, Connection, Upstream, body_of, echo, full, get, route, sleeper, start, start_with, streamed,
};

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

/// An upstream that tells of a request, and answers when it is told to.
struct Held {
    upstream: Upstream,
    arrived: Arc<Notify>,
    release: watch::Sender<bool>,
}

impl Held {
    async fn start() -> Self {
        let (release, waiting) = watch::channel(false);
        let arrived = Arc::<Notify>::default();
        let telling = Arc::clone(&arrived);
        let upstream = Upstream::start(move |_| {
            telling.notify_one();
            let mut waiting = waiting.clone();
            async move {
                let _ = waiting.wait_for(|go| *go).await;
                Response::new(full("done"))
            }
        })
        .await;
        Self { upstream, arrived, release }
    }
}

#[tokio::test]
async fn what_is_in_flight_is_finished() {
    for version in VERSIONS {
        let held = Held::start().await;
        let mut gateway = start(vec![route(Protocol::Http, held.upstream.address, vec![])]).await;
        let mut connection = Connection::open(gateway.address, version).await;
        let asking = tokio::spawn(async move {
            let response = connection.send(Request::get("/r").body(body_of("")).unwrap()).await.unwrap();
            Answer::of(response).await
        });
        held.arrived.notified().await;
        let draining = gateway.stop();
        // Nothing new is accepted.
        let refused = async {
            while TcpStream::connect(gateway.address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(5), refused).await.unwrap();
        assert!(!asking.is_finished(), "{version:?}");
        held.release.send(true).unwrap();
        assert_eq!(asking.await.unwrap().text(), "done", "{version:?}");
        assert_eq!(timeout(Duration::from_secs(5), draining).await.unwrap().unwrap(), Drained::Finished);
    }
}

#[tokio::test]
async fn what_does_not_finish_is_cut() {
    for version in VERSIONS {
        let held = Held::start().await;
        let options = GatewayOptions { drain_timeout: Duration::from_millis(100), ..GatewayOptions::default() };
        let mut gateway = start_with(vec![route(Protocol::Http, held.upstream.address, vec![])], options).await;
        let mut connection = Connection::open(gateway.address, version).await;
        let asking =
            tokio::spawn(async move { connection.send(Request::get("/r").body(body_of("")).unwrap()).await.is_err() });
        held.arrived.notified().await;
        assert_eq!(gateway.stop().await.unwrap(), Drained::Cut(1), "{version:?}");
        assert!(asking.await.unwrap());
        gateway.telemetry.wait_for("cancelled r").await;
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_a_drain_up() {
    let upstream = Upstream::start(echo).await;
    let mut gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
    let _silent = TcpStream::connect(gateway.address).await.unwrap();
    let mut kept = Vec::new();
    for version in VERSIONS {
        let mut connection = Connection::open(gateway.address, version).await;
        Answer::of(connection.send(Request::get("/r").body(body_of("")).unwrap()).await.unwrap()).await;
        kept.push(connection);
    }
    let started = Instant::now();
    assert_eq!(gateway.stop().await.unwrap(), Drained::Finished);
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_policies() {
    for version in VERSIONS {
        let upstream = Upstream::start(echo).await;
        let dropped = Arc::new(AtomicUsize::new(0));
        let (count, begun) = (Arc::clone(&dropped), Arc::<Notify>::default());
        let policy = sleeper("*", &[Phase::Request], Duration::from_secs(60), move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let policy = policy.telling(&begun);
        let mut slow = route(Protocol::Http, upstream.address, vec![policy]);
        slow.chain_timeout = Duration::from_secs(60);
        let gateway = start(vec![slow]).await;
        let mut connection = Connection::open(gateway.address, version).await;
        let request = Request::get("/r").body(body_of("")).unwrap();
        tokio::select! {
            answer = connection.send(request) => panic!("{version:?}: {answer:?}"),
            () = begun.notified() => {}
        }
        drop(connection);
        gateway.telemetry.wait_for("cancelled r").await;
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "{version:?}");
        assert!(!gateway.telemetry.lines().iter().any(|line| line.starts_with("exchange")));
    }
}

/// The upstream notices, whether it was about to answer or was in the middle of it.
#[tokio::test]
async fn a_caller_that_goes_away_cancels_the_upstream() {
    for version in VERSIONS {
        for answers in [false, true] {
            let (gone, mut noticed) = mpsc::channel(1);
            let arrived = Arc::<Notify>::default();
            let telling = Arc::clone(&arrived);
            let upstream = Upstream::start(move |_| {
                telling.notify_one();
                let gone = gone.clone();
                async move {
                    let (sender, frames) = mpsc::channel(1);
                    if !answers {
                        let _told = Told(gone);
                        std::future::pending::<()>().await;
                        unreachable!()
                    }
                    tokio::spawn(async move {
                        while sender.send(Frame::data(Bytes::from("data: x\n\n"))).await.is_ok() {}
                        let _told = Told(gone);
                    });
                    streamed("text/event-stream", frames)
                }
            })
            .await;
            let gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
            let mut connection = Connection::open(gateway.address, version).await;
            let asked = connection.send(Request::get("/r").body(body_of("")).unwrap());
            if answers {
                drop(asked.await.unwrap().into_body().frame().await);
            } else {
                tokio::select! {
                    answer = asked => panic!("{version:?}: {answer:?}"),
                    () = arrived.notified() => {}
                }
            }
            drop(connection);
            timeout(Duration::from_secs(5), noticed.recv()).await.expect("the upstream is told").unwrap();
            gateway.telemetry.wait_for("cancelled r").await;
        }
    }
}

struct Told(mpsc::Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

#[tokio::test]
async fn further_connections_wait_for_a_place() {
    let upstream = Upstream::start(echo).await;
    let options = GatewayOptions { max_connections: 1, ..GatewayOptions::default() };
    let gateway = start_with(vec![route(Protocol::Http, upstream.address, vec![])], options).await;
    let mut first = Connection::open(gateway.address, Version::HTTP_11).await;
    Answer::of(first.send(Request::get("/r").body(body_of("")).unwrap()).await.unwrap()).await;
    let address = gateway.address;
    let second = tokio::spawn(async move { get(address, "/r").await });
    // A while in which nothing comes.
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(!second.is_finished());
    drop(first);
    assert_eq!(timeout(Duration::from_secs(5), second).await.unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let upstream = Upstream::start(echo).await;
    let options = GatewayOptions {
        header_read_timeout: Duration::from_millis(100),
        idle_timeout: Duration::from_millis(300),
        ..GatewayOptions::default()
    };
    let gateway = start_with(vec![route(Protocol::Http, upstream.address, vec![])], options).await;
    let closed = async |sent: &[u8]| {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let started = Instant::now();
        let mut rest = Vec::new();
        let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.expect("closed");
        (started.elapsed(), String::from_utf8_lossy(&rest).into_owned())
    };
    for sent in ["", "PRI * HTTP/2.0\r\n", "GET /r HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let (after, _) = closed(sent.as_bytes()).await;
        assert!(after >= Duration::from_millis(90) && after < Duration::from_secs(2), "{sent:?} {after:?}");
    }
    let (after, answer) = closed(b"GET /r HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && after >= Duration::from_millis(290), "{after:?}");
}

#[tokio::test]
async fn heads_are_bounded() {
    let upstream = Upstream::start(echo).await;
    let options = GatewayOptions { max_header_bytes: 8192, max_headers: 20, ..GatewayOptions::default() };
    let gateway = start_with(vec![route(Protocol::Http, upstream.address, vec![])], options).await;
    for version in VERSIONS {
        let many = (0..25).fold(Request::get("/r"), |request, n| request.header(format!("x-{n}"), "1"));
        let long = Request::get("/r").header("x-long", "x".repeat(9000));
        for (request, refused) in [(many, version == Version::HTTP_11), (long, true)] {
            let mut connection = Connection::open(gateway.address, version).await;
            let answered = connection.send(request.body(body_of("")).unwrap()).await;
            let status = answered.map_or(431, |response| response.status().as_u16());
            assert_eq!(status, if refused { 431 } else { 200 }, "{version:?}");
        }
    }
}

/// Many streams of one connection, side by side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_do_not_wait_for_each_other() {
    const STREAMS: usize = 50;
    // Nobody is answered before all have asked.
    let all = Arc::new(Barrier::new(STREAMS));
    let upstream = Upstream::start(move |request| {
        let all = Arc::clone(&all);
        async move {
            all.wait().await;
            Response::new(full(request.uri().path().to_owned()))
        }
    })
    .await;
    let gateway = start(vec![route(Protocol::Http, upstream.address, vec![])]).await;
    let io = hyper_util::rt::TokioIo::new(TcpStream::connect(gateway.address).await.unwrap());
    let (sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), io).await.unwrap();
    let driving = tokio::spawn(connection);
    let asking: Vec<_> = (0..STREAMS)
        .map(|n| {
            let mut sender = sender.clone();
            let request = Request::get(format!("http://{}/r/{n}", gateway.address)).body(body_of("")).unwrap();
            tokio::spawn(async move { Answer::of(sender.send_request(request).await.unwrap()).await })
        })
        .collect();
    for (n, answer) in asking.into_iter().enumerate() {
        let answer = timeout(Duration::from_secs(5), answer).await.expect("none waits for another").unwrap();
        assert_eq!(answer.text(), format!("/up/{n}"));
    }
    driving.abort();
}

/// Servers close idle connections, many of them after five seconds; what is written to one at that moment is lost.
#[tokio::test]
async fn an_idle_connection_is_left_before_its_server_closes_it() {
    assert!(GatewayOptions::default().pool_idle_timeout < Duration::from_secs(5));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (left, mut leaves) = mpsc::channel(2);
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let left = left.clone();
            let mut head = [0; 4096];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            // A second request on it is never answered.
            tokio::spawn(async move {
                let read = stream.read(&mut head).await.unwrap();
                left.send(read).await.unwrap();
            });
        }
    });
    let options = GatewayOptions { pool_idle_timeout: Duration::from_millis(50), ..GatewayOptions::default() };
    let gateway = start_with(vec![route(Protocol::Http, address, vec![])], options).await;
    for _ in 0..2 {
        assert_eq!(get(gateway.address, "/r").await.status, 200);
        // It is closed from this side, and nothing more was written to it.
        assert_eq!(timeout(Duration::from_secs(5), leaves.recv()).await.unwrap(), Some(0));
    }
    serving.abort();
}
