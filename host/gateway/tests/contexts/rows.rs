//! What is recorded of an exchange, however it ends, and what is refused.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body::Frame;
use http_body_util::BodyExt;
use serde_json::json;
use weir_core::Phase;
use weir_gateway::Protocol;
use weir_record::{Row, Status};

use super::{call, counting, inside, moody, text};
use crate::support::{
    Connection, Rows, Upstream, body_of, deny_if, get, mutator, respond, route, send, start_recording, status,
};

#[tokio::test]
async fn what_is_not_trusted_does_not_leave() {
    let (upstream, calls) = counting().await;
    let at_policy = Arc::clone(&calls);
    // A policy that leads calls elsewhere, and counts those that it sees.
    let lead = move |payload: &str| {
        at_policy.fetch_add(1, Ordering::Relaxed);
        payload.contains("elsewhere").then(|| payload.replace("/r/elsewhere", "/r/secret"))
    };
    let policies = vec![mutator("http/ingress", &[Phase::Request], lead)];
    let rows = Arc::new(Rows::new().distrusting(|url| url.contains("secret")));
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, policies)], &rows).await;
    let answer = call(&gateway, "/r/secret?key=1", "ada", "{}").await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (403, "urn:weir:untrusted"));
    assert!(answer.json()["detail"].as_str().unwrap().starts_with("BLOCKED: endpoint http://"), "{}", answer.text());
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert_eq!((rows.touched(), rows.all().len()), ((0, 1), 0));
    // Led to an endpoint that is not trusted: found before it leaves, and the row says that it did not.
    assert_eq!(call(&gateway, "/r/elsewhere", "ada", "{}").await.problem(), "urn:weir:untrusted");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(rows.wait_for(1).await[0].status, status(Status::Untrusted));
    for request in [
        inside("/r/secret", "ada", "act").header("weir-passthrough", "true"),
        Request::post("/r/secret"),
        inside("/r/open", "ada", "act"),
    ] {
        assert_eq!(send(gateway.address, request.body("").unwrap()).await.status, 200);
    }
}

#[tokio::test]
async fn the_row_holds_what_the_upstream_said_and_the_caller_sees_what_policies_made_of_it() {
    let upstream = Upstream::start(|_| async { respond("application/json", "{\"n\":1.50,\"secret\":\"x\"}") }).await;
    let policies = vec![
        mutator("http/ingress", &[Phase::Request], |payload| Some(payload.replace("asked", "changed"))),
        mutator("http/ingress", &[Phase::Response], |payload| Some(payload.replace("\"x\"", "\"***\""))).named("mask"),
    ];
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, policies)], &rows).await;
    let request = inside("/r/p?b=2&a=1", "ada", "act")
        .header("content-type", "application/json")
        .header("cookie", "session=hidden")
        .header("authorization", "Bearer hidden");
    let answer = send(gateway.address, request.body("{\"q\":\"asked\"}").unwrap()).await;
    assert_eq!(answer.text(), "{\"n\":1.50,\"secret\":\"***\"}");
    let row = rows.wait_for(1).await.remove(0);
    assert_eq!(row.raw_response, "{\"n\":1.50,\"secret\":\"x\"}");
    assert_eq!(row.status, "200");
    let sent = text(&row.request_payload);
    assert_eq!(sent["json"], json!({"q": "changed"}));
    assert_eq!((&sent["method"], &sent["params"]), (&json!("POST"), &json!({"b": "2", "a": "1"})));
    let decisions = text(&row.decisions);
    let told: Vec<_> = decisions
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["phase"].clone(), one["policies"][0]["interceptor"].clone(), one["modified"].clone()))
        .collect();
    assert_eq!(
        told,
        [(json!("request"), json!("editor"), json!(true)), (json!("response"), json!("mask"), json!(true))]
    );
    let all = format!("{row:?}");
    assert!(!all.contains("hidden") && !all.contains("cookie"), "{all}");
}

#[tokio::test]
async fn a_stream_is_recorded_while_it_passes_event_by_event() {
    let (upstream, sender) = Upstream::of_one_stream().await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    let mut connection = Connection::open(gateway.address, Version::HTTP_11).await;
    let response = connection.send(inside("/r", "ada", "act").body(body_of("")).unwrap()).await.unwrap();
    let mut body = response.into_body();
    for event in ["data: 1\n\n", ": still here\n", "id: 2\ndata: two\n\n"] {
        sender.send(Frame::data(Bytes::from(event))).await.unwrap();
        let frame = tokio::time::timeout(Duration::from_secs(5), body.frame()).await.unwrap().unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), event);
    }
    assert!(rows.all().is_empty());
    drop(sender);
    assert!(body.frame().await.is_none());
    let row = rows.wait_for(1).await.remove(0);
    assert_eq!((text(&row.raw_response), row.status.as_str()), (json!({"text": "1\ntwo"}), "200"));
}

#[tokio::test]
async fn an_exchange_makes_one_row_however_it_ends() {
    let upstream = Upstream::start(moody).await;
    let policies = vec![
        deny_if("http/ingress", &[Phase::Request], "forbidden-word"),
        deny_if("http/ingress", &[Phase::Response], "/up/withheld").named("after"),
    ];
    let rows = Arc::new(Rows::new());
    let mut gone = route(Protocol::Http, "127.0.0.1:1".parse().unwrap(), vec![]);
    (gone.name, gone.path) = ("gone".to_owned(), "/gone".to_owned());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, policies), gone], &rows).await;
    let last = async |count: usize| -> Row { rows.wait_for(count).await.pop().unwrap() };

    assert_eq!(call(&gateway, "/r/x", "ada", "\"forbidden-word\"").await.status, 403);
    let row = last(1).await;
    assert_eq!((row.status, row.raw_response.as_str()), (status(Status::Denied), "null"));
    assert_eq!(text(&row.decisions)[0]["abortedBy"], "guard");
    // What did not go out is not kept either.
    assert!(!row.request_payload.contains("forbidden-word"), "{}", row.request_payload);

    assert_eq!(call(&gateway, "/r/withheld", "ada", "{}").await.status, 403);
    let row = last(2).await;
    assert_eq!((row.status.as_str(), text(&row.raw_response)), ("200", json!({"path": "/up/withheld"})));
    assert_eq!(text(&row.decisions)[1]["abortedBy"], "after");

    assert_eq!(call(&gateway, "/r/hangs", "ada", "{}").await.status, 504);
    assert_eq!(last(3).await.status, status(Status::TimedOut));
    assert_eq!(call(&gateway, "/gone", "ada", "{}").await.status, 502);
    assert_eq!(last(4).await.status, status(Status::Unreachable));
    assert_eq!(call(&gateway, "/r/fails", "ada", "{}").await.status, 500);
    let row = last(5).await;
    assert_eq!((row.status.as_str(), text(&row.raw_response)), ("500", json!({"text": "no"})));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_recorded_as_far_as_it_came() {
    // A server that promises more than it sends.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npartly").await.unwrap();
    });
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, address, vec![])], &rows).await;
    let mut connection = Connection::open(gateway.address, Version::HTTP_11).await;
    let response = connection.send(inside("/r", "ada", "act").body(body_of("")).unwrap()).await.unwrap();
    assert!(response.into_body().collect().await.is_err());
    serving.await.unwrap();
    let row = rows.wait_for(1).await.remove(0);
    assert_eq!((row.status, text(&row.raw_response)), (status(Status::BrokenOff), json!({"text": "partly"})));
}

#[tokio::test]
async fn a_long_body_is_kept_by_its_hash_and_passes_whole() {
    let long = "x".repeat(200_000);
    let answer = long.clone();
    let upstream = Upstream::start(move |request| {
        let answer = answer.clone();
        async move {
            let got = request.into_body().collect().await.unwrap().to_bytes().len();
            assert_eq!(got, 200_000);
            respond("text/plain", answer)
        }
    })
    .await;
    let rows = Arc::new(Rows::new().keeping(1000));
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    let got = send(gateway.address, inside("/r", "ada", "act").body(long.clone()).unwrap()).await;
    assert_eq!(got.text(), long);
    let row = rows.wait_for(1).await.remove(0);
    for kept in [&text(&row.raw_response)["truncated"], &text(&row.request_payload)["data"]["truncated"]] {
        assert_eq!(kept["length"], 200_000, "{row:?}");
        assert_eq!(kept["head"].as_str().unwrap().len(), 1000);
        assert_eq!(kept["sha256"].as_str().unwrap().len(), 64);
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_is_refused_before_it_leaves() {
    let (upstream, calls) = counting().await;
    let rows = Arc::new(Rows::new().with_places(0));
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    let answer = call(&gateway, "/r", "ada", "{}").await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "urn:weir:not-recorded"));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert_eq!(get(gateway.address, "/r").await.status, 200);
}
