//! How contexts are carried, and that nothing leaks to other calls.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, Version};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::json;
use weir_core::Phase;
use weir_gateway::contexts::OpenContext;
use weir_gateway::records::RecordMode;
use weir_gateway::{Now, Protocol};

use super::{call, counting, inside, moody, text};
use crate::support::{
    Answer, Connection, Rows, Running, Upstream, body_of, echo, get, respond, route, send, start_recording, validator,
};

fn token(gateway: &Running, agent: &str, ttl: Option<Duration>, parent: Option<&str>) -> String {
    let (agent_id, action_name) = (agent.into(), format!("act-{agent}").into());
    let wanted = OpenContext { agent_id, action_name, index: None, ttl, parent: parent.map(str::to_owned) };
    gateway.gateway.contexts().open(wanted, Now::read()).unwrap().token
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    carried: Option<(String, String, Option<i64>, bool)>,
    #[serde(default)]
    error: Option<String>,
}

#[tokio::test]
async fn a_carrier_that_is_not_whole_is_refused_before_anything_leaves() {
    let (upstream, calls) = counting().await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    let cases: Vec<Case> = serde_json::from_str(include_str!("../context_headers.json")).unwrap();
    let mut recorded = 0;
    for Case { name, headers, carried, error } in cases {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let mut request = Request::get("/r");
            for (header, value) in &headers {
                let value = match value.strip_prefix("LONG:") {
                    Some(length) => "é".repeat(length.parse().unwrap()),
                    None => value.clone(),
                };
                let header = HeaderName::from_bytes(header.as_bytes()).unwrap();
                request = request.header(header, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let before = calls.load(Ordering::Relaxed);
            let mut connection = Connection::open(gateway.address, version).await;
            let answer = Answer::of(connection.send(request.body(body_of("")).unwrap()).await.unwrap()).await;
            let left = calls.load(Ordering::Relaxed) - before;
            if let Some(part) = &error {
                assert_eq!((answer.status.as_u16(), left), (400, 0), "{name}: {}", answer.text());
                assert_eq!(answer.problem(), "urn:weir:bad-request");
                assert!(answer.json()["detail"].as_str().unwrap().contains(part), "{name}: {}", answer.text());
                continue;
            }
            assert_eq!((answer.status.as_u16(), left), (200, 1), "{name}: {}", answer.text());
            assert!(!answer.text().to_lowercase().contains("weir-"), "{name}: {}", answer.text());
            if let Some((agent, action, index, false)) = &carried {
                recorded += 1;
                let row = rows.wait_for(recorded).await.pop().unwrap();
                assert_eq!((row.agent_id.as_deref(), row.action_name.as_deref()), (Some(&**agent), Some(&**action)));
                assert_eq!(row.intercept_index, *index, "{name}");
                assert_eq!(row.call_ref, answer.headers["weir-call-ref"].to_str().unwrap());
            }
        }
    }
    let latin = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    let request = inside("/r", "ada", "act").header("weir-intercept-index", latin).body("").unwrap();
    let answer = send(gateway.address, request).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.json()["detail"].as_str().unwrap().starts_with("Weir-Intercept-Index must be UTF-8"),
        "{}",
        answer.text()
    );
    assert_eq!(rows.all().len(), recorded);
}

#[tokio::test]
async fn policies_are_told_the_context() {
    let upstream = Upstream::start(echo).await;
    let tell = |invocation: &weir_core::Invocation<'_>| {
        let context = &invocation.event.context;
        let of = |name| context.attribute(name).unwrap_or("-").to_owned();
        Some(format!("{} {} {}", of("agent-id"), of("action-name"), of("call-ref")))
    };
    let policies = vec![validator("http/ingress", &[Phase::Request], tell)];
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, policies)], &rows).await;
    let token = token(&gateway, "tess", None, None);
    let held = Request::get("/r").header("weir-context", &token).body("").unwrap();
    let (held, plain) = (send(gateway.address, held).await, get(gateway.address, "/r").await);
    for (answer, names) in [(&held, "tess act-tess"), (&plain, "- -")] {
        let said = answer.json()["messages"][0]["message"].as_str().unwrap().to_owned();
        assert_eq!(said, format!("{names} {}", answer.headers["weir-call-ref"].to_str().unwrap()));
    }
}

#[tokio::test]
async fn a_flood_of_calls_outside_of_contexts_touches_nothing() {
    const CALLS: usize = 10_000;
    const CONNECTIONS: usize = 50;
    let upstream = Upstream::start(|_| async { respond("application/json", "{}") }).await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    let calling: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let address = gateway.address;
            tokio::spawn(async move {
                let mut connection = Connection::open(address, Version::HTTP_11).await;
                for _ in 0..CALLS / CONNECTIONS {
                    let request = Request::get("/r").body(body_of("")).unwrap();
                    assert_eq!(Answer::of(connection.send(request).await.unwrap()).await.status, 200);
                }
            })
        })
        .collect();
    for calls in calling {
        calls.await.unwrap();
    }
    assert_eq!((rows.touched(), rows.all().len()), ((0, 0), 0));
    // The counters do count.
    call(&gateway, "/r", "ada", "{}").await;
    rows.wait_for(1).await;
    assert_eq!(rows.touched(), (1, 1));
}

#[tokio::test]
async fn a_context_is_that_of_one_call_and_of_no_other_on_the_connection() {
    let upstream = Upstream::start(echo).await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let before = rows.all().len();
        let mut connection = Connection::open(gateway.address, version).await;
        let plain = || Request::post("/r/llm").body(body_of("complete")).unwrap();
        Answer::of(connection.send(plain()).await.unwrap()).await;
        let tool = inside("/r/tool", "ada", "search").body(body_of("call")).unwrap();
        Answer::of(connection.send(tool).await.unwrap()).await;
        Answer::of(connection.send(plain()).await.unwrap()).await;
        let row = rows.wait_for(before + 1).await.pop().unwrap();
        assert_eq!(row.source_url, format!("http://{}/up/tool", upstream.address));
        assert_eq!((row.agent_id.as_deref(), row.action_name.as_deref()), (Some("ada"), Some("search")));
    }
}

#[tokio::test]
async fn hundreds_of_contexts_at_a_time_keep_to_themselves() {
    const AGENTS: usize = 300;
    let upstream = Upstream::start(moody).await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    let calling: Vec<_> = (0..AGENTS)
        .map(|number| {
            let (address, agent) = (gateway.address, format!("agent{number}"));
            let version = if number % 2 == 0 { Version::HTTP_11 } else { Version::HTTP_2 };
            let ttl = (number % 7 == 0).then_some(Duration::ZERO);
            let token = (number % 3 == 0).then(|| token(&gateway, &agent, ttl, None));
            let contexts = gateway.gateway.contexts();
            tokio::spawn(async move {
                let mut connection = Connection::open(address, version).await;
                let enter = |mood: &str| {
                    let request = Request::post(format!("/r/{agent}/{mood}"));
                    let request = match &token {
                        Some(token) => request.header("weir-context", token),
                        None => {
                            let action = format!("act-{agent}");
                            request.header("weir-agent-id", &agent).header("weir-action-name", action)
                        }
                    };
                    request.body(body_of("{}")).unwrap()
                };
                let mut rows = 0;
                if ttl.is_some() && token.is_some() {
                    // Its time is over: no call, and not one without a context either.
                    assert_eq!(connection.send(enter("well")).await.unwrap().status(), 400);
                } else {
                    for mood in ["well", "fails", "well"] {
                        Answer::of(connection.send(enter(mood)).await.unwrap()).await;
                        rows += 1;
                    }
                }
                let plain = Request::post(format!("/r/plain{number}")).body(body_of("{}")).unwrap();
                assert_eq!(Answer::of(connection.send(plain).await.unwrap()).await.status, 200);
                if let Some(token) = token.as_ref().filter(|_| ttl.is_none()) {
                    contexts.end(token, Now::read()).unwrap();
                    assert_eq!(connection.send(enter("well")).await.unwrap().status(), 400);
                } else if token.is_none() {
                    // The last call of a context ends in the middle, and so does its connection.
                    let mood = ["breaks", "hangs"][number / 2 % 2];
                    let mut dying = Connection::open(address, version).await;
                    let sent = dying.send(enter(mood));
                    if mood == "breaks" {
                        let mut body = sent.await.unwrap().into_body();
                        body.frame().await.unwrap().unwrap();
                    } else if number % 5 == 0 {
                        assert_eq!(sent.await.unwrap().status(), 504);
                    } else {
                        let _ = tokio::time::timeout(Duration::from_millis(300), sent).await;
                    }
                    drop(dying);
                    rows += 1;
                    let plain = Request::post(format!("/r/plain{number}")).body(body_of("{}")).unwrap();
                    assert_eq!(Answer::of(connection.send(plain).await.unwrap()).await.status, 200);
                }
                rows
            })
        })
        .collect();
    let mut expected = 0;
    for calls in calling {
        expected += calls.await.unwrap();
    }
    for row in rows.wait_for(expected).await {
        let path = row.source_url.split("/up/").nth(1).unwrap().to_owned();
        let (agent, mood) = path.split_once('/').unwrap_or_else(|| panic!("{row:?}"));
        assert_eq!(row.agent_id.as_deref(), Some(agent), "{row:?}");
        assert_eq!(row.action_name, Some(format!("act-{agent}")), "{row:?}");
        let statuses: &[&str] = match mood {
            "well" => &["200"],
            "fails" => &["500"],
            "breaks" => &["abandoned"],
            _ => &["abandoned", "timed-out"],
        };
        assert!(statuses.contains(&row.status.as_str()), "{row:?}");
        if mood == "well" {
            assert_eq!(text(&row.raw_response), json!({"path": format!("/up/{agent}/well")}));
        }
        if mood == "breaks" {
            assert_eq!(text(&row.raw_response), json!({"text": "half"}));
        }
    }
    let refs: std::collections::HashSet<String> = rows.all().into_iter().map(|row| row.call_ref).collect();
    assert_eq!(refs.len(), expected);
}

#[tokio::test]
async fn tokens_nest_and_the_first_call_has_the_promised_reference() {
    let upstream = Upstream::start(echo).await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    let outer = token(&gateway, "outer", None, None);
    let inner = token(&gateway, "inner", None, Some(&outer));
    let promised = gateway.gateway.contexts().list(None, 9, Now::read())[0].call_ref.clone();
    let through = async |token: &str| {
        let request = Request::get("/r").header("weir-context", token).body("").unwrap();
        send(gateway.address, request).await
    };
    assert_eq!(through(&inner).await.headers["weir-call-ref"].to_str().unwrap(), promised);
    assert_ne!(through(&inner).await.headers["weir-call-ref"].to_str().unwrap(), promised);
    gateway.gateway.contexts().end(&inner, Now::read()).unwrap();
    assert_eq!(through(&inner).await.problem(), "urn:weir:bad-request");
    assert_eq!(through(&outer).await.status, 200);
    let agents: Vec<_> = rows.wait_for(3).await.into_iter().map(|row| row.agent_id.unwrap()).collect();
    assert_eq!(agents, ["inner", "inner", "outer"]);
    assert_eq!(rows.all()[0].call_ref, promised);
}

#[tokio::test]
async fn pass_through_and_modes_decide_what_is_recorded() {
    let upstream = Upstream::start(echo).await;
    let rows = Arc::new(Rows::new());
    let gateway = start_recording(vec![route(Protocol::Http, upstream.address, vec![])], &rows).await;
    let passing = inside("/r", "ada", "act").header("weir-passthrough", "true").body("").unwrap();
    assert_eq!(send(gateway.address, passing).await.status, 200);
    assert_eq!(rows.touched(), (0, 0));
    rows.set_mode(RecordMode::All);
    get(gateway.address, "/r/outside").await;
    let row = rows.wait_for(1).await.pop().unwrap();
    assert_eq!((row.agent_id, row.action_name), (None, None));
    // Only calls inside a context are checked.
    assert_eq!(rows.touched(), (1, 0));
    rows.set_mode(RecordMode::Off);
    assert_eq!(call(&gateway, "/r", "ada", "{}").await.status, 200);
    assert_eq!((rows.touched(), rows.all().len()), ((1, 1), 1));
    rows.set_mode(RecordMode::Context);
    call(&gateway, "/r", "ada", "{}").await;
    rows.wait_for(2).await;
}
