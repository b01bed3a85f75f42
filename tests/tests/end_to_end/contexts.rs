//! Contexts, records, trust and handoffs over the real binary and its store.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::http::{Connection, Message, Upstream};
use weir_tests::python::python;
use weir_tests::weir::{Weir, run};

use crate::sample::shipped;

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// A folder with one HTTP route.
pub(crate) fn folder(upstream: SocketAddr, rest: &str) -> Folder {
    let folder = Folder::new();
    let route = format!(
        "[[route]]\nname = \"api\"\npath = \"/api\"\nprotocol = \"http\"\nupstream = \"http://{upstream}/v1\"\n\n"
    );
    folder.put("weir.toml", format!("{rest}\n\n{route}"));
    folder
}

/// Answers with what it was sent.
pub(crate) fn parrot() -> Upstream {
    Upstream::start(|request| {
        assert!(!request.headers.iter().any(|(name, _)| name.starts_with("weir-")), "{request:?}");
        Message::json(200, &json!({ "path": request.start, "got": request.value() }))
    })
}

pub(crate) fn inside(weir: &Weir, path: &str, agent: &str, action: &str, body: &Value) -> Message {
    let headers = [JSON, ("weir-agent-id", agent), ("weir-action-name", action)];
    weir.connect().send("POST", path, &headers, body.to_string().as_bytes()).unwrap()
}

pub(crate) fn ask(weir: &Weir, method: &str, path: &str, body: &Value) -> Message {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Connection::open(weir.admin).unwrap().send(method, path, &[JSON], body.as_bytes()).unwrap()
}

pub(crate) fn rows(weir: &Weir, count: usize) -> Vec<Value> {
    weir.wait_until("the rows are written", |weir| {
        weir.admin("/v1/records/summary").value()["rows"].as_u64() >= Some(count as u64)
    });
    let page = weir.admin("/v1/records?limit=1000").value();
    let entries = page["entries"].as_array().unwrap().clone();
    assert_eq!(entries.len(), count, "{page}");
    entries
}

#[test]
fn a_call_inside_a_context_is_found_and_one_outside_is_not() {
    let upstream = parrot();
    let folder = folder(upstream.address, "");
    let mut weir = Weir::serve(folder.path());
    assert_eq!(
        weir.admin("/v1/records/latest?actionName=search").value(),
        json!({"requestPayload": {}, "response": null})
    );
    weir.connect().post("/api/health", &json!({})).unwrap();
    let answer = inside(&weir, "/api/find?q=1&token=hidden", "ada", "search", &json!({"n": 1.50}));
    weir.connect().post("/api/health", &json!({})).unwrap();
    let row = rows(&weir, 1).remove(0);
    assert_eq!(row["callRef"].as_str(), answer.header("weir-call-ref"));
    assert_eq!((&row["agentId"], &row["actionName"], &row["status"]), (&json!("ada"), &json!("search"), &json!(200)));
    assert_eq!(row["rawResponse"], answer.value());
    assert!(!row["requestPayload"].to_string().contains("hidden"), "{row}");
    assert!(!row["sourceUrl"].as_str().unwrap().contains("hidden"), "{row}");
    for path in [format!("/v1/records/{}", row["id"]), format!("/v1/records/{}", row["callRef"].as_str().unwrap())] {
        assert_eq!(weir.admin(&path).value(), row);
    }
    let latest = weir.admin("/v1/records/latest?agentId=ada&actionName=search").value();
    assert_eq!((&latest["response"], &latest["callRef"]), (&row["rawResponse"], &row["callRef"]));
    for (query, found) in [
        ("agentId=ada", 1),
        ("agentId=bob", 0),
        ("actionName=search&agentId=ada", 1),
        ("from=2001-01-01", 1),
        ("to=2001-01-01", 0),
    ] {
        let page = weir.admin(&format!("/v1/records?{query}")).value();
        assert_eq!((page["entries"].as_array().unwrap().len(), &page["nextCursor"]), (found, &Value::Null), "{query}");
    }
    for (path, status) in [
        ("/v1/records/2", 404),
        ("/v1/records/nothing", 404),
        ("/v1/records?agent=ada", 400),
        ("/v1/records?limit=0", 400),
        ("/v1/records?from=soon", 400),
        ("/v1/records?to=9999-12-31T23:30:00-01:00", 400),
        ("/v1/records?cursor=-1", 400),
        ("/v1/records?callRef=%00", 200),
        ("/v1/records/%00", 404),
        ("/v1/records/-1", 404),
        ("/v1/trust/endpoints?org=%20", 400),
        ("/v1/records/latest", 400),
        ("/audit/events?limit=501", 422),
        ("/audit/events?cursor=x", 422),
    ] {
        assert_eq!(weir.admin(path).status(), status, "{path}");
    }
    weir.terminate();
    assert!(weir.wait().success(), "{}", weir.log());
    let verified = run(&["records", "verify"], folder.path());
    assert!(verified.status.success(), "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn the_mode_is_switched_while_calls_run() {
    let upstream = parrot();
    let folder = folder(upstream.address, "[records]\nmode = \"off\"");
    let weir = Weir::serve(folder.path());
    let mode = |mode: &str| ask(&weir, "PUT", "/v1/records/mode", &json!({ "mode": mode }));
    assert_eq!(weir.admin("/v1/records/mode").value(), json!({"mode": "off"}));
    inside(&weir, "/api/a", "ada", "act", &json!({}));
    assert_eq!(mode("all").value(), json!({"mode": "all"}));
    weir.connect().post("/api/b", &json!({})).unwrap();
    assert_eq!(mode("sometimes").status(), 400);
    for odd in [json!(null), json!(["off"]), json!("off"), json!({"mode": null}), json!({"mode": "off", "why": 1})] {
        assert_eq!(ask(&weir, "PUT", "/v1/records/mode", &odd).status(), 400, "{odd}");
    }
    assert_eq!(mode("context").status(), 200);
    weir.connect().post("/api/c", &json!({})).unwrap();
    inside(&weir, "/api/d", "ada", "act", &json!({}));
    let rows = rows(&weir, 2);
    let ends: Vec<&str> =
        rows.iter().map(|row| row["sourceUrl"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(ends, ["d", "b"]);
    assert_eq!((&rows[1]["agentId"], &rows[0]["agentId"]), (&Value::Null, &json!("ada")));
}

#[test]
fn tokens_are_opened_nested_and_ended() {
    let upstream = parrot();
    let folder = folder(upstream.address, "");
    let weir = Weir::serve(folder.path());
    let open = |body: &Value| ask(&weir, "POST", "/v1/contexts", body);
    let outer = open(&json!({"agentId": "outer", "actionName": "plan", "index": 4}));
    assert_eq!(outer.status(), 201, "{}", outer.text());
    let outer = outer.value();
    let (token, promised) =
        (outer["token"].as_str().unwrap().to_owned(), outer["callRef"].as_str().unwrap().to_owned());
    let inner = open(&json!({"agentId": "inner", "actionName": "step", "parent": token, "ttlMs": 60_000})).value();
    let inner_token = inner["token"].as_str().unwrap().to_owned();
    let call = |token: &str| weir.connect().send("POST", "/api/x", &[JSON, ("weir-context", token)], b"{}").unwrap();
    assert_eq!(call(&token).header("weir-call-ref"), Some(promised.as_str()));
    assert_eq!(call(&inner_token).status(), 200);
    let listed = weir.admin("/v1/contexts");
    assert_eq!(listed.value()["entries"].as_array().unwrap().len(), 2);
    assert!(!listed.text().contains("wctx_"), "a token is only for who opened it: {}", listed.text());
    assert_eq!(ask(&weir, "DELETE", &format!("/v1/contexts/{inner_token}"), &Value::Null).status(), 204);
    assert_eq!(ask(&weir, "DELETE", &format!("/v1/contexts/{inner_token}"), &Value::Null).status(), 404);
    assert_eq!(call(&inner_token).status(), 400);
    assert_eq!(call(&token).status(), 200);
    assert_eq!(open(&json!({"agentId": "a", "actionName": "b", "parent": inner_token})).status(), 400);
    assert_eq!(open(&json!({"agentId": "a"})).status(), 400);
    let rows = rows(&weir, 3);
    let agents: Vec<&Value> = rows.iter().map(|row| &row["agentId"]).collect();
    assert_eq!(agents, ["outer", "inner", "outer"]);
    assert_eq!((&rows[2]["callRef"], &rows[2]["interceptIndex"]), (&json!(promised), &json!(4)));
    assert!(!weir.log().contains(&token), "the log tells a token");
}

#[test]
fn what_is_not_trusted_is_blocked_until_it_is() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let upstream = Upstream::start(move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        Message::json(200, &json!({ "path": request.start }))
    });
    let folder = folder(upstream.address, "[trust]\norg = \"acme\"\nenabled = true");
    let weir = Weir::serve(folder.path());
    let url = format!("http://{}/v1/find", upstream.address);
    let blocked = inside(&weir, "/api/find?key=hidden", "ada", "search", &json!({}));
    assert_eq!(blocked.status(), 403);
    let problem = blocked.value();
    assert_eq!(problem["type"], "urn:weir:untrusted");
    assert_eq!(problem["detail"], format!("BLOCKED: endpoint {url} not in trusted index for org acme"));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    weir.wait_until("the audit event is written", |weir| {
        !weir.admin("/audit/events?event=trust.blocked").value()["entries"].as_array().unwrap().is_empty()
    });
    let events = weir.admin("/audit/events?event=trust.blocked").value();
    let [event] = &events["entries"].as_array().unwrap()[..] else { panic!("{events}") };
    assert_eq!((&event["callRef"], &event["agentId"]), (&problem["callRef"], &json!("ada")));
    assert!(!event.to_string().contains("hidden"), "{event}");
    // Outside of a context nothing is checked.
    assert_eq!(weir.connect().post("/api/find", &json!({})).unwrap().status(), 200);

    let endpoint = json!({"url": format!("HTTP://{}/v1/{{name}}/", upstream.address), "label": "ours"});
    let added = ask(&weir, "POST", "/v1/trust/endpoints", &endpoint);
    assert_eq!(added.status(), 201, "{}", added.text());
    for odd in [
        json!({"url": url, "org": " "}),
        json!({"url": url, "org": "x".repeat(256)}),
        json!({"url": ""}),
        json!([url, null, null, null, null]),
    ] {
        assert_eq!(ask(&weir, "POST", "/v1/trust/endpoints", &odd).status(), 400, "{odd}");
    }
    let endpoint = json!({"url": endpoint["url"], "label": "ours", "org": " acme "});
    let again = ask(&weir, "POST", "/v1/trust/endpoints", &endpoint);
    assert_eq!((again.status(), &again.value()["id"]), (200, &added.value()["id"]));
    assert_eq!(inside(&weir, "/api/find", "ada", "search", &json!({})).status(), 200);
    assert_eq!(inside(&weir, "/api/find/deeper", "ada", "search", &json!({})).status(), 403);
    let id = added.value()["id"].as_str().unwrap().to_owned();
    let revoked = ask(&weir, "DELETE", &format!("/v1/trust/endpoints/{id}"), &Value::Null);
    assert!(revoked.value()["revokedAt"].is_string(), "{}", revoked.text());
    assert_eq!(inside(&weir, "/api/find", "ada", "search", &json!({})).status(), 403);
    assert_eq!(ask(&weir, "POST", "/v1/trust/endpoints", &json!({"url": url, "tier": "warn"})).status(), 201);
    assert_eq!(inside(&weir, "/api/find", "ada", "search", &json!({})).status(), 200);
    let listed = weir.admin("/v1/trust/endpoints").value();
    let tiers: Vec<&Value> = listed["entries"].as_array().unwrap().iter().map(|one| &one["tier"]).collect();
    assert_eq!(tiers, ["warn", "block"]);
    assert_eq!(ask(&weir, "DELETE", "/v1/trust/endpoints", &json!({ "url": url })).status(), 200);
    assert_eq!(ask(&weir, "DELETE", "/v1/trust/endpoints", &json!({ "url": url })).status(), 404);
    assert_eq!(rows(&weir, 2).len(), 2);
    assert_eq!(weir.metric("weir_trust_blocked_total"), Some(3.0));
}

#[test]
fn a_handoff_passes_is_caught_or_cannot_be_held() {
    let upstream = parrot();
    let folder = folder(upstream.address, "[trust]\norg = \"acme\"\nenabled = true");
    let weir = Weir::serve(folder.path());
    let trusted = json!({"url": format!("http://{}/v1/{{rest:path}}", upstream.address)});
    assert_eq!(ask(&weir, "POST", "/v1/trust/endpoints", &trusted).status(), 201);
    // The call of a tool, and a later call of the same task that is no tool's and in no context.
    inside(&weir, "/api/stock", "ada", "check-stock", &json!({"count": 7}));
    weir.connect().post("/api/complete", &json!({"prompt": "x"})).unwrap();
    rows(&weir, 1);
    let claims = json!([
        {"agentId": "ada", "actionName": "check-stock", "mode": "field_extraction", "path": "$.got.count", "claimed": 7},
        {"agentId": "ada", "actionName": "check-stock", "mode": "schema_type", "path": "got",
         "schema": {"type": "object", "properties": {"count": {"type": "integer"}}}},
        {"agentId": "ada", "actionName": "check-stock", "mode": "range_threshold", "path": "got.count", "min": 1, "max": 9},
    ]);
    let built = ask(&weir, "POST", "/v1/handoffs", &json!({ "claims": claims }));
    assert_eq!(built.status(), 200, "{}", built.text());
    let built = built.value();
    assert_eq!((built["handoff"]["claims"].as_array().unwrap().len(), &built["errors"]), (3, &json!([])), "{built}");
    let evaluate = |handoff: &Value| {
        let answer = ask(&weir, "POST", "/v1/handoffs/evaluate", handoff);
        assert_eq!(answer.status(), 200, "{}", answer.text());
        answer.value()
    };
    let passed = evaluate(&built["handoff"]);
    assert_eq!((&passed["outcome"], passed["perClaim"].as_array().unwrap().len()), (&json!("PASS"), 3), "{passed}");
    let with = |pointer: &str, value: Value| {
        let mut handoff = built["handoff"].clone();
        *handoff.pointer_mut(pointer).unwrap() = value;
        evaluate(&handoff)
    };
    assert_eq!(with("/claims/0/claimed", json!(8))["outcome"], "CAUGHT");
    assert_eq!(with("/claims/0/path", json!("$.nothing"))["outcome"], "ERROR");
    let outside = with("/trustedSnapshot", json!([]));
    assert_eq!((&outside["outcome"], &outside["perClaim"]), (&json!("CAUGHT"), &json!([])));
    let told = outside["errors"][0].as_str().unwrap();
    assert!(told.starts_with("trust gate: handoff has endpoints missing from trusted snapshot: http://"), "{told}");
    let hostile = |claim: Value| json!({"claims": [claim], "trustedSnapshot": built["handoff"]["trustedSnapshot"]});
    for malformed in [
        json!(null),
        json!({"claims": null}),
        json!({"claims": "x"}),
        json!({"claims": []}),
        json!([]),
        json!({"claims": [null, 1, {"actionName": 7}]}),
        hostile(json!({"callRef": "\u{0}", "claimed": 1})),
        hostile(json!({"actionName": "check-stock", "mode": "schema_type", "schema": {"items": {"$ref": "#"}}})),
    ] {
        assert_eq!(evaluate(&malformed)["outcome"], "ERROR", "{malformed}");
    }
    let text = Connection::open(weir.admin).unwrap().send("POST", "/v1/handoffs/evaluate", &[JSON], b"{no json");
    assert_eq!(text.unwrap().value()["outcome"], "ERROR");
}

#[test]
fn many_records_make_one_job() {
    let jobs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&jobs);
    let hook = Upstream::start(move |request| {
        assert!(request.value()["upTo"].as_i64() >= Some(1), "{request:?}");
        counted.fetch_add(1, Ordering::SeqCst);
        Message::json(200, &json!({}))
    });
    let upstream = parrot();
    let preprocess = format!("[records.preprocess]\nurl = \"http://{}/job\"\nwindow_ms = 1000", hook.address);
    let folder = folder(upstream.address, &preprocess);
    let weir = Weir::serve(folder.path());
    for _ in 0..20 {
        inside(&weir, "/api/x", "ada", "act", &json!({}));
    }
    rows(&weir, 20);
    weir.wait_until("the job is done", |weir| weir.metric("weir_preprocess_succeeded_total") == Some(1.0));
    assert_eq!(jobs.load(Ordering::SeqCst), 1);
    let summary = weir.admin("/v1/records/summary").value();
    assert_eq!((&summary["jobs"], &summary["rows"]), (&json!(1), &json!(20)), "{summary}");
}

/// The example of the README, as it stands there.
#[test]
fn the_example_for_python_works() {
    let Some(python) = python() else { return };
    let folder = shipped();
    let weir = Weir::demo(folder.path());
    let (gateway, admin) = (format!("http://{}", weir.gateway), format!("http://{}", weir.admin));
    let output = python.run("contexts.py", &[&gateway, &admin]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}\n{}", String::from_utf8_lossy(&output.stderr), weir.log());
    assert!(told.contains("plan: You said") && told.contains("search:"), "{told}");
    let rows = rows(&weir, 2);
    let actions: Vec<&Value> = rows.iter().map(|row| &row["actionName"]).collect();
    assert_eq!(actions, ["plan", "search"], "{rows:?}");
    let readme = std::fs::read_to_string(weir_tests::repository::root().join("README.md")).unwrap();
    let example: PathBuf = weir_tests::repository::root().join("tests/clients/contexts.py");
    let example = std::fs::read_to_string(example).unwrap();
    let shown = example.split("# --- shown ---\n").nth(1).unwrap();
    assert!(readme.contains(shown.trim()), "the README shows another example");
}
