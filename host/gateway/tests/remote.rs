//! Policies on other interceptor servers: a gateway of ours, servers of either era, and hostile ones.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};
use weir_core::{
    Context, Ended, Event, EventName, FaultKind, Interceptor, InterceptorName, Invocation, Limits, Mode, Overrides,
    Payload, Phase, QuarantineOptions,
};
use weir_http::ClientOptions;
use weir_interceptors::remote::{RemoteAddress, RemoteError, RemoteOptions, RemotePolicy, Remotes};
use weir_interceptors::{Interceptors, Reach};

use crate::support::{Upstream, deny_if, full, mutator, sleeper, start_serving};

const BOTH: [Phase; 2] = [Phase::Request, Phase::Response];

fn remotes() -> Remotes {
    let options = RemoteOptions {
        call_cap: Duration::from_secs(5),
        quarantine: QuarantineOptions { after: 3, first: Duration::from_secs(60), longest: Duration::from_secs(60) },
    };
    Remotes::new(&ClientOptions::default(), options)
}

fn at(address: SocketAddr) -> RemoteAddress {
    RemoteAddress { url: format!("http://{address}/interceptors").parse().unwrap(), token: None }
}

async fn find(remotes: &Remotes, address: SocketAddr, name: &str) -> Result<RemotePolicy, RemoteError> {
    remotes.policy(&at(address), &InterceptorName::new(name).unwrap(), None).await
}

/// Runs a policy; what comes of it in words: `valid`, `invalid`, `unmodified`, the new payload, or the fault.
async fn run(policy: &RemotePolicy, payload: &str, limits: Limits) -> String {
    let event = Event {
        name: EventName::new("tools/call").unwrap(),
        phase: Phase::Request,
        payload: Arc::new(Payload::parse(payload).unwrap()),
        request: None,
        context: Arc::new(Context {
            session_id: Some("s-1".to_owned()),
            timestamp: "2026-01-01T00:00:00Z".to_owned(),
            trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
            ..Context::default()
        }),
    };
    let invocation = Invocation { event: &event, payload: Arc::clone(&event.payload), limits };
    match policy.invoke(invocation).await.ended {
        Ended::Outcome(weir_core::Outcome::Validation(validation)) if validation.valid => "valid".to_owned(),
        Ended::Outcome(weir_core::Outcome::Validation(validation)) => {
            format!("invalid: {}", validation.findings.first().map_or("-", |finding| finding.message.as_str()))
        }
        Ended::Outcome(weir_core::Outcome::Mutation(mutation)) => {
            let before = Payload::parse(payload).unwrap();
            mutation.change.apply(&before).unwrap().map_or("unmodified".to_owned(), |after| after.text().to_owned())
        }
        Ended::Fault(fault) => fault.to_string(),
        Ended::ChainDeadline => "the chain's deadline".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_of_another_gateway_run_here() {
    let entries = vec![
        deny_if("*", &BOTH, "forbidden").served(Overrides { mode: Some(Mode::Audit), ..Overrides::default() }),
        mutator("*", &BOTH, |text| text.contains("secret").then(|| "{\"n\":1.00}".to_owned()))
            .served(Overrides::default()),
        sleeper("*", &BOTH, Duration::from_secs(600), || {}).named("slow").served(Overrides::default()),
    ];
    let page_size = Some(1);
    let server =
        start_serving(Interceptors { reach: Reach::Loopback, entries, page_size, ..Interceptors::default() }).await;
    let remotes = remotes();

    let guard = find(&remotes, server.address, "guard").await.unwrap();
    assert_eq!((guard.declaration().mode, guard.revision()), (None, Some("2026-07-28")));
    assert_eq!(run(&guard, "{\"a\":1}", Limits::default()).await, "valid");
    assert_eq!(run(&guard, "{\"a\":\"forbidden\"}", Limits::default()).await, "invalid: found forbidden");
    let configured = guard.with_config("{\"deny\":\"a\"}".to_owned());
    assert_eq!(run(&configured, "{\"a\":1}", Limits::default()).await, "invalid: configured to deny a");
    let refused = run(&guard.with_config("{}".to_owned()), "{}", Limits::default()).await;
    assert!(refused.starts_with("refused: it answered with error -32603"), "{refused}");

    // The exact text of what a mutator wrote arrives.
    let editor = find(&remotes, server.address, "editor").await.unwrap();
    assert_eq!(run(&editor, "{\"n\":\"secret\"}", Limits::default()).await, "{\"n\":1.00}");
    assert_eq!(run(&editor, "{\"n\":1.000}", Limits::default()).await, "unmodified");

    // Its own limit, then the chain's.
    let slow = find(&remotes, server.address, "slow").await.unwrap();
    let own = Limits { timeout: Some(Duration::from_millis(50)), ..Limits::default() };
    assert_eq!(run(&slow, "{}", own).await, "deadline: it took longer than 50 ms");
    let chain = Limits { chain_deadline: Some(Instant::now() + Duration::from_millis(50)), ..Limits::default() };
    assert_eq!(run(&slow, "{}", chain).await, "the chain's deadline");

    let missing = find(&remotes, server.address, "other").await.err().unwrap().to_string();
    assert!(missing.ends_with("has no interceptor \"other\"; it has guard, editor, slow"), "{missing}");
}

/// A request's body and headers.
type Seen = (Value, Vec<(String, String)>);

/// A server that is told what to answer, message by message, and remembers what it was asked.
struct Scripted {
    upstream: Upstream,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Reply = Response<http_body_util::combinators::BoxBody<bytes::Bytes, std::convert::Infallible>>;

impl Scripted {
    async fn start(answer: impl Fn(&Value, &http::HeaderMap) -> Reply + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, told) = (Arc::new(answer), Arc::clone(&seen));
        let upstream = Upstream::start(move |request: Request<Incoming>| {
            let (answer, told) = (Arc::clone(&answer), Arc::clone(&told));
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                // Without a body it is no message; it is known by what it does.
                let nothing = || json!({ "method": parts.method.as_str() });
                let body: Value = if body.is_empty() { nothing() } else { serde_json::from_slice(&body).unwrap() };
                let headers = parts.headers.iter();
                let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
                told.lock().unwrap().push((body.clone(), headers.collect()));
                answer(&body, &parts.headers)
            }
        })
        .await;
        Self { upstream, seen }
    }

    fn asked(&self, method: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|(body, _)| body["method"] == method).cloned().collect()
    }
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    Response::builder().status(status).header("content-type", "application/json").body(full(body.to_string())).unwrap()
}

fn result(request: &Value, result: Value) -> Reply {
    json_reply(StatusCode::OK, &json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }))
}

fn error(request: &Value, status: u16, code: i64) -> Reply {
    let body = json!({ "jsonrpc": "2.0", "id": request["id"], "error": { "code": code, "message": "no\u{1b}[2J" } });
    json_reply(StatusCode::from_u16(status).unwrap(), &body)
}

/// Handshake and list of a stateless server with the validator `p` and the mutator `m`.
fn stateless(request: &Value) -> Option<Reply> {
    let hooks = json!([{ "events": ["*"], "phase": "both" }]);
    match request["method"].as_str().unwrap() {
        "server/discover" => Some(result(request, json!({ "supportedVersions": ["2026-07-28"], "capabilities": {} }))),
        "interceptors/list" => Some(result(
            request,
            json!({ "interceptors": [
                { "name": "p", "type": "validation", "hooks": hooks },
                { "name": "m", "type": "mutation", "hooks": hooks },
                { "name": "odd", "type": "observability", "hooks": hooks },
                { "name": "twice", "type": "validation", "hooks": hooks },
                { "name": "twice", "type": "mutation", "hooks": hooks },
            ] }),
        )),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_once_for_all_of_its_policies_and_shown_its_token() {
    let server =
        Scripted::start(|request, _| stateless(request).unwrap_or_else(|| result(request, json!({ "valid": true }))))
            .await;
    let remotes = remotes();
    let address = RemoteAddress { token: Some("t0ken".to_owned()), ..at(server.upstream.address) };
    let names = ["p", "m"].map(|name| InterceptorName::new(name).unwrap());
    let (one, other) =
        tokio::join!(remotes.policy(&address, &names[0], None), remotes.policy(&address, &names[1], None));
    let (one, _other) = (one.unwrap(), other.unwrap());
    assert_eq!((server.asked("server/discover").len(), server.asked("interceptors/list").len()), (1, 1));
    assert!(!format!("{:?}", one.address()).contains("t0ken"));

    assert_eq!(run(&one, "{\"a\":1.0}", Limits::default()).await, "valid");
    let (body, headers) = server.asked("interceptor/invoke").remove(0);
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("authorization"), Some("Bearer t0ken"));
    assert_eq!(header("mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!(header("mcp-method"), Some("interceptor/invoke"));
    let params = &body["params"];
    assert_eq!(params["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28", "{body}");
    assert_eq!(
        (&params["name"], &params["event"], &params["phase"]),
        (&"p".into(), &"tools/call".into(), &"request".into())
    );
    assert!(params["timeoutMs"].as_u64().is_some_and(|left| (1..=5000).contains(&left)), "{body}");
    let context = json!({ "principal": { "type": "anonymous" }, "traceId": "0af7651916cd43dd8448eb211c80319c",
        "timestamp": "2026-01-01T00:00:00Z", "sessionId": "s-1" });
    assert_eq!(params["context"], context);

    for (name, part) in [("odd", "type is \"observability\""), ("twice", "lists two of this name")] {
        let error = remotes.policy(&address, &InterceptorName::new(name).unwrap(), None).await.err().unwrap();
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_sessions_is_spoken_to_in_one_and_a_lost_one_is_begun_anew() {
    let sessions = Arc::new(AtomicUsize::new(0));
    let made = Arc::clone(&sessions);
    let server = Scripted::start(move |request, headers| {
        let session = headers.get("mcp-session-id").map(|id| id.to_str().unwrap().to_owned());
        match request["method"].as_str().unwrap() {
            "server/discover" => error(request, 400, -32600),
            "initialize" => {
                let number = made.fetch_add(1, Ordering::SeqCst) + 1;
                let mut reply = result(request, json!({ "protocolVersion": "2025-06-18", "capabilities": {} }));
                reply.headers_mut().insert("mcp-session-id", format!("session-{number}").parse().unwrap());
                reply
            }
            "notifications/initialized" => Response::builder().status(202).body(full("")).unwrap(),
            _ if session != Some(format!("session-{}", made.load(Ordering::SeqCst))) => {
                Response::builder().status(404).body(full("no such session")).unwrap()
            }
            "interceptors/list" => {
                result(request, json!({ "interceptors": [{ "name": "p", "type": "validation", "events": ["*"], "phase": "both" }] }))
            }
            _ => {
                // As a stream: a comment, a notification, then the answer in two lines.
                let note = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
                let id = &request["id"];
                let text = format!(
                    ": hello\n\nid: 1\ndata: {note}\n\nevent: message\ndata: {{\"jsonrpc\":\"2.0\",\ndata: \"id\":{id},\"result\":{{\"valid\":true}}}}\n\n"
                );
                Response::builder().header("content-type", "text/event-stream").body(full(text)).unwrap()
            }
        }
    })
    .await;
    let policy = find(&remotes(), server.upstream.address, "p").await.unwrap();
    assert_eq!(policy.revision(), Some("2025-06-18"));
    assert_eq!(run(&policy, "{}", Limits::default()).await, "valid");
    assert_eq!(sessions.load(Ordering::SeqCst), 1);
    let (body, headers) = server.asked("interceptor/invoke").remove(0);
    assert!(headers.contains(&("mcp-protocol-version".to_owned(), "2025-06-18".to_owned())));
    assert!(body["params"].get("_meta").is_none(), "{body}");

    // The server forgets all sessions but one that nobody has.
    sessions.store(7, Ordering::SeqCst);
    assert_eq!(run(&policy, "{}", Limits::default()).await, "valid");
    assert_eq!(sessions.load(Ordering::SeqCst), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_server_answers_is_named_for_what_it_is() {
    let server = Scripted::start(|request, _| {
        if let Some(reply) = stateless(request) {
            return reply;
        }
        let plain = |status: u16, kind: &str, text: String| {
            Response::builder().status(status).header("content-type", kind).body(full(text)).unwrap()
        };
        match request["params"]["payload"].as_str().unwrap() {
            "not json" => plain(200, "application/json", "{".to_owned()),
            "html" => plain(200, "text/html", "<p>hello".to_owned()),
            "empty" => plain(200, "application/json", String::new()),
            "huge" => plain(200, "application/json", " ".repeat(9 << 20)),
            "huge events" => plain(200, "text/event-stream", ": x\n\n".repeat(2 << 20)),
            "events without an answer" => plain(200, "text/event-stream", "data: \n\n".to_owned()),
            "another id" => json_reply(StatusCode::OK, &json!({ "jsonrpc": "2.0", "id": "x", "result": { "valid": true } })),
            "a request" => json_reply(StatusCode::OK, &json!({ "jsonrpc": "2.0", "id": request["id"], "method": "ping" })),
            "twice" => {
                let id = &request["id"];
                plain(200, "application/json", format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"valid\":false}},\"result\":{{\"valid\":true}}}}"))
            }
            "wrong kind" => result(request, json!({ "type": "mutation", "modified": false })),
            "no verdict" => result(request, json!({})),
            "many findings" => {
                let messages: Vec<Value> = (0..1001).map(|_| json!({ "message": "m", "severity": "info" })).collect();
                result(request, json!({ "valid": false, "messages": messages }))
            }
            "compressed" => {
                let mut reply = result(request, json!({ "valid": true }));
                reply.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
                reply
            }
            "timeout" => error(request, 200, -32000),
            "failed" => error(request, 200, -32603),
            "unknown" => error(request, 404, -32601),
            "unauthorized" => plain(401, "text/plain", String::new()),
            "moved" => plain(302, "text/plain", String::new()),
            "down" => plain(503, "text/html", String::new()),
            other => panic!("{other}"),
        }
    })
    .await;
    let remotes = remotes();
    for (script, fault) in [
        ("not json", "output: its answer cannot be used: it is not a message of JSON-RPC"),
        ("html", "output: its answer cannot be used: it is neither JSON nor events"),
        ("empty", "output: its answer cannot be used: it is not an answer"),
        ("huge", "output: its answer cannot be used: it has more than"),
        ("huge events", "output: its answer cannot be used: its events have more than"),
        ("events without an answer", "output: its answer cannot be used: the events ended without an answer"),
        ("another id", "output: its answer cannot be used: it answers another request"),
        ("a request", "output: its answer cannot be used: it is not an answer"),
        ("twice", "output: its answer cannot be used: it is not a message of JSON-RPC"),
        ("wrong kind", "output: its result is of type \"mutation\", not \"validation\""),
        ("no verdict", "output: a validation without `valid`"),
        ("many findings", "output: 1001 findings; at most 1000 are allowed"),
        ("compressed", "output: its answer cannot be used: it is compressed"),
        ("timeout", "deadline: it answered with error -32000"),
        ("failed", "refused: it answered with error -32603: no [2J"),
        ("unknown", "refused: it answered with error -32601"),
        ("unauthorized", "refused: it answered with HTTP status 401"),
        ("moved", "refused: it answered with HTTP status 302"),
        ("down", "unavailable: it answered with HTTP status 503"),
    ] {
        let policy = find(&remotes, server.upstream.address, "p").await.unwrap();
        let came_to = run(&policy, &format!("\"{script}\""), Limits::default()).await;
        assert!(came_to.starts_with(fault), "{script}: {came_to}");
        let index = FaultKind::ALL.iter().position(|kind| fault.starts_with(kind.as_str())).unwrap();
        assert_eq!((policy.stats().calls, policy.stats().faults[index]), (1, 1), "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_left_alone_for_a_while() {
    let server = Scripted::start(|request, _| stateless(request).unwrap()).await;
    let address = server.upstream.address;
    let policy = find(&remotes(), address, "p").await.unwrap();
    drop(server);
    for _ in 0..3 {
        let came_to = run(&policy, "{}", Limits::default()).await;
        assert!(came_to.starts_with("unavailable: "), "{came_to}");
    }
    let came_to = run(&policy, "{}", Limits::default()).await;
    assert!(came_to.starts_with("unavailable: quarantined after repeated failures"), "{came_to}");
    let stats = policy.stats();
    assert_eq!((stats.calls, stats.faults[6], stats.quarantined, stats.quarantines), (4, 4, true, 1));

    let error = find(&remotes(), address, "p").await.err().unwrap().to_string();
    assert!(
        error.starts_with(&format!("the interceptor server http://{address}/interceptors cannot be used: ")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_interceptor_server_is_said_so() {
    for (about, part, answer) in [
        (
            "another MCP server",
            "interceptors/list",
            &(|request: &Value| match request["method"].as_str().unwrap() {
                "server/discover" => result(request, json!({ "supportedVersions": ["2026-07-28"] })),
                _ => error(request, 404, -32601),
            }) as &'static (dyn Fn(&Value) -> Reply + Send + Sync),
        ),
        ("a web server", "neither server/discover", &|_| Response::new(full("hello"))),
        ("one that wants a token", "HTTP status 401", &|_| Response::builder().status(401).body(full("")).unwrap()),
        ("pages without end", "more than 64 pages", &|request| match request["method"].as_str().unwrap() {
            "interceptors/list" => result(request, json!({ "interceptors": [], "nextCursor": "more" })),
            _ => stateless(request).unwrap(),
        }),
        ("a revision of its own", "wants revision \"1.0\"", &|request| match request["method"].as_str().unwrap() {
            "initialize" => result(request, json!({ "protocolVersion": "1.0" })),
            _ => error(request, 400, -32600),
        }),
    ] {
        let server = Scripted::start(move |request, _| answer(request)).await;
        let error = find(&remotes(), server.upstream.address, "p").await.err().unwrap().to_string();
        let known = matches!(about, "another MCP server") && error.contains("-32601");
        assert!(known || error.contains(part), "{about}: {error}");
    }
}

/// Answers as a server with sessions does, and accepts that they end.
async fn with_sessions() -> Scripted {
    let made = AtomicUsize::new(0);
    Scripted::start(move |request, _| match request["method"].as_str().unwrap() {
        "initialize" => {
            let mut reply = result(request, json!({ "protocolVersion": "2025-11-25", "capabilities": {} }));
            let session = format!("session-{}", made.fetch_add(1, Ordering::SeqCst));
            reply.headers_mut().insert("mcp-session-id", session.parse().unwrap());
            reply
        }
        "server/discover" => error(request, 400, -32600),
        "interceptors/list" => stateless(request).unwrap(),
        "notifications/initialized" | "DELETE" => Response::builder().status(202).body(full("")).unwrap(),
        _ => result(request, json!({ "valid": true })),
    })
    .await
}

async fn ended(server: &Scripted, count: usize) -> Vec<(String, String)> {
    for _ in 0..1000 {
        let ended = server.asked("DELETE");
        assert!(ended.len() <= count);
        if ended.len() == count {
            let header = |headers: &[(String, String)], name: &str| {
                headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
            };
            let named =
                ended.iter().map(|(_, headers)| (header(headers, "mcp-session-id"), header(headers, "authorization")));
            return named.collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{count} sessions should have ended: {:?}", server.seen.lock().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_with_the_last_policy_and_with_the_process() {
    let server = with_sessions().await;
    let remotes = remotes();
    let address = RemoteAddress { token: Some("t0ken".to_owned()), ..at(server.upstream.address) };
    let name = InterceptorName::new("p").unwrap();
    let one = remotes.policy(&address, &name, None).await.unwrap();
    let other = one.with_config("{}".to_owned());
    drop(one);
    assert_eq!(run(&other, "{}", Limits::default()).await, "valid");
    assert_eq!(server.asked("DELETE").len(), 0);
    drop(other);
    let first = ("session-0".to_owned(), "Bearer t0ken".to_owned());
    assert_eq!(ended(&server, 1).await, [first]);

    let kept = remotes.policy(&address, &name, None).await.unwrap();
    remotes.end().await;
    assert_eq!(server.asked("DELETE").len(), 2, "it is waited for");
    assert_eq!(ended(&server, 2).await[1].0, "session-1");
    drop(kept);
    assert_eq!(server.asked("DELETE").len(), 2, "once");
}

/// A server that answers nothing must not hold up the end of the process.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_hear_that_it_is_over_is_left() {
    let server = with_sessions().await;
    let remotes = remotes();
    let _policy = find(&remotes, server.upstream.address, "p").await.unwrap();
    drop(server);
    tokio::time::timeout(Duration::from_secs(10), remotes.end()).await.unwrap();
}
