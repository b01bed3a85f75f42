//! The interceptor server: one case per line of `data/interceptor_server.json`, and what takes more than one request.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use tokio::sync::Notify;
use weir_core::{Compat, Hook, Mode, Overrides, Phase, PriorityHint};
use weir_gateway::GatewayOptions;
use weir_interceptors::{Interceptors, Reach};

use crate::support::{Running, chain, deny_if, get, mutator, send, sleeper, start_serving, validator};

const BOTH: [Phase; 2] = [Phase::Request, Phase::Response];

/// Policies for the cases: one of each kind that a caller can meet.
fn interceptors() -> Interceptors {
    let narrowed = vec![Hook { events: vec!["a/*".to_owned()], phase: Phase::Request }];
    let edit = |text: &str| text.starts_with('{').then(|| "{\"edited\":true}".to_owned());
    let editor = mutator("*", &BOTH, edit).named("editor").declaring(|declaration| {
        declaration.version = Some("1.0".to_owned());
        declaration.description = Some("d".to_owned());
        declaration.mode = Some(Mode::Audit);
        declaration.fail_open = Some(true);
        declaration.priority_hint = Some(PriorityHint { request: -5, response: 0 });
        declaration.compat = Some(Compat { min_protocol: "2025-06-18".to_owned(), max_protocol: None });
        declaration.config_schema = Some("{\"type\":\"object\"}".to_owned());
    });
    let narrowed = Overrides { hooks: Some(narrowed), mode: Some(Mode::Active), ..Overrides::default() };
    let audited = Overrides { mode: Some(Mode::Audit), fail_open: Some(true), ..Overrides::default() };
    let disabled = Overrides { hooks: Some(Vec::new()), ..Overrides::default() };
    let entries = vec![
        // The operator's audit is for the chains here; the descriptor and the verdict are as declared.
        deny_if("tools/call", &[Phase::Request], "forbidden").served(audited),
        editor.served(narrowed),
        validator("*", &BOTH, |_| None).named("acme/broken").failing().served(Overrides::default()),
        sleeper("*", &BOTH, Duration::from_millis(300), || {}).named("slow").served(Overrides::default()),
        validator("*", &BOTH, |_| None).named("disabled").served(disabled),
    ];
    Interceptors { reach: Reach::Loopback, entries, ..Interceptors::default() }
}

async fn post(gateway: &Running, headers: &Value, text: String) -> crate::support::Answer {
    let mut request = Request::post("/interceptors").header("content-type", "application/json");
    for (name, value) in headers.as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    send(gateway.address, request.body(text).unwrap()).await
}

async fn call(gateway: &Running, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    post(gateway, &json!({}), request.to_string()).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_answered_as_the_protocol_says() {
    let gateway = start_serving(interceptors()).await;
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/interceptor_server.json")).unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let about = case["about"].as_str().unwrap();
        let text = case["text"].as_str().map_or_else(|| case["request"].to_string(), str::to_owned);
        let answer = post(&gateway, &case["headers"], text).await;
        assert_eq!(answer.status.as_u16(), case["status"], "{about}: {}", answer.text());
        assert!(answer.headers.contains_key("weir-call-ref"), "{about}");
        assert!(!answer.headers.contains_key("mcp-session-id"), "{about}");
        let Some(expected) = case.get("answer") else {
            assert!(answer.body.is_empty(), "{about}: {}", answer.text());
            continue;
        };
        let mut told = answer.json();
        if let Some(result) = told.get_mut("result").and_then(Value::as_object_mut)
            && result.contains_key("interceptor")
        {
            let duration = result.remove("durationMs").and_then(|duration| duration.as_f64());
            assert!(duration.is_some_and(|duration| duration >= 0.0), "{about}");
        }
        assert_eq!(told, *expected, "{about}");
        assert!(!answer.text().contains("secret cause"), "{about}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another() {
    let gateway = start_serving(Interceptors { page_size: Some(2), ..interceptors() }).await;
    let mut names = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let answer = call(&gateway, "interceptors/list", json!({ "cursor": cursor, "event": "tools/call" })).await;
        let page = answer["result"]["interceptors"].as_array().unwrap();
        assert!((1..=2).contains(&page.len()), "{answer}");
        names.extend(page.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()));
        match answer["result"].get("nextCursor") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    assert_eq!(names, ["guard", "acme/broken", "slow"]);

    // A cursor belongs to one set: after a reload its entry may be another.
    let first = call(&gateway, "interceptors/list", json!({})).await;
    gateway.replace(2, vec![], Interceptors { page_size: Some(2), ..interceptors() });
    let stale = call(&gateway, "interceptors/list", json!({ "cursor": first["result"]["nextCursor"] })).await;
    assert_eq!(stale["error"]["code"], -32602, "{stale}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_programs_of_this_machine_are_served_and_only_by_post() {
    let gateway = start_serving(interceptors()).await;
    for (name, value) in [("origin", "http://evil.example"), ("host", "evil.example")] {
        let request = Request::post("/interceptors").header(name, value).body("{}").unwrap();
        let answer = send(gateway.address, request).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (403, "urn:weir:forbidden-origin"), "{name}");
    }
    for method in ["GET", "DELETE"] {
        let request = Request::builder().method(method).uri("/interceptors").body("").unwrap();
        let answer = send(gateway.address, request).await;
        assert_eq!((answer.status.as_u16(), &answer.headers["allow"]), (405, &"POST".parse().unwrap()), "{method}");
    }
    assert_eq!(get(gateway.address, "/interceptors/more").await.status, 404);
    gateway.telemetry.wait_for("exchange /interceptors GET 405 urn:weir:method-not-allowed").await;

    let nobody = start_serving(Interceptors { reach: Reach::Nobody, ..interceptors() }).await;
    assert_eq!(post(&nobody, &json!({}), "{}".to_owned()).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_refused() {
    let gateway = start_serving(Interceptors { max_body: 1024, ..interceptors() }).await;
    let answer = post(&gateway, &json!({}), " ".repeat(1024 + (256 << 10) + 1)).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (413, "urn:weir:body-too-large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_runs_where_the_operator_wants_it_and_faults_keep_their_text() {
    let policies = vec![
        deny_if("tools/call", &[Phase::Request], "forbidden"),
        validator("prompts/get", &BOTH, |_| None).named("broken").failing(),
    ];
    let with_chain = Some((chain(policies), Duration::from_secs(5)));
    let gateway = start_serving(Interceptors { chain: with_chain, ..interceptors() }).await;
    let run = |event: &str| json!({ "event": event, "phase": "request", "payload": { "a": "forbidden" } });

    let denied = call(&gateway, "interceptor/executeChain", run("tools/call")).await;
    assert_eq!(denied["result"]["status"], "validation_failed", "{denied}");
    assert_eq!(denied["result"]["abortedAt"]["reason"], "found forbidden", "{denied}");

    let failed = call(&gateway, "interceptor/executeChain", run("prompts/get")).await;
    assert_eq!(failed["result"]["results"][0]["info"]["error"], json!({ "kind": "trap", "message": "it crashed" }));
    assert!(!failed.to_string().contains("secret cause"), "{failed}");

    let mut unknown = run("tools/call");
    unknown["interceptors"] = json!(["nobody"]);
    let unknown = call(&gateway, "interceptor/executeChain", unknown).await;
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_are_counted_and_those_of_callers_that_went_away_too() {
    let gateway = start_serving(interceptors()).await;
    let params = json!({ "name": "guard", "event": "tools/call", "phase": "request", "payload": {} });
    call(&gateway, "interceptor/invoke", params).await;
    gateway.telemetry.wait_for("chain /interceptors tools/call request success").await;
    gateway.telemetry.wait_for("exchange /interceptors POST 200 -").await;

    let begun = Arc::<Notify>::default();
    let slow = sleeper("*", &BOTH, Duration::from_secs(600), || {}).telling(&begun).named("slow");
    let entries = vec![slow.served(Overrides::default())];
    let cap = GatewayOptions::default().response_timeout;
    let slow = Interceptors { entries, call_cap: cap, reach: Reach::Loopback, ..Interceptors::default() };
    let gateway = start_serving(slow).await;
    let params = json!({ "name": "slow", "event": "tools/call", "phase": "request", "payload": {} });
    let waiting = call(&gateway, "interceptor/invoke", params);
    tokio::select! {
        answer = waiting => panic!("{answer}"),
        () = begun.notified() => {}
    }
    gateway.telemetry.wait_for("cancelled /interceptors").await;
}
