//! The admin surface: health, policies, routes, metrics, chains, and who may see it.

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::http::{Connection, Upstream};
use weir_tests::weir::Weir;

use crate::sample::{call, component, entry, head, marking};

fn folder(upstream: &Upstream) -> Folder {
    let folder = Folder::new();
    let overridden = "overrides = { mode = \"audit\", fail_open = true, timeout_ms = 500 }\n";
    folder.put("weir.toml", head(upstream.address) + &entry("mark.wasm") + &entry("deny.wasm") + overridden);
    folder.put("mark.wasm", marking("mark", "/marked", true));
    let behaviour =
        json!({ "valid": false, "severity": "error", "messages": [{ "message": "no", "severity": "error" }] });
    folder.put("deny.wasm", component("deny", "validation", behaviour));
    folder
}

#[test]
fn policies_and_routes_are_shown_with_values_and_origins() {
    let upstream = Upstream::reflecting();
    let folder = folder(&upstream);
    let weir = Weir::serve(folder.path());
    assert_eq!(weir.policies, 2);
    assert_eq!((weir.admin("/healthz").status(), weir.admin("/readyz").status()), (200, 200));

    let list = weir.admin("/v1/policies").value();
    assert_eq!(list["nextCursor"], Value::Null);
    let [mark, deny] = &list["entries"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!(
        (&mark["name"], &mark["type"], &mark["component"]),
        (&json!("mark"), &json!("mutation"), &json!("mark.wasm"))
    );
    assert_eq!(mark["mode"], json!({ "value": "active", "origin": "default" }));
    assert_eq!(deny["mode"], json!({ "value": "audit", "origin": "override" }));
    assert_eq!(deny["failOpen"], json!({ "value": true, "origin": "override" }));
    assert_eq!(deny["routes"], json!(["tools"]));
    assert_eq!(mark["digest"].as_str().map(str::len), Some(64));
    assert_eq!(mark["load"]["configured"], "snapshot", "{mark}");

    let routes = weir.admin("/v1/routes").value();
    assert_eq!(routes["entries"][0]["name"], "tools");
    for phase in ["request", "response"] {
        // By priority, then by name; which stage comes first depends on the direction.
        assert_eq!(routes["entries"][0]["chain"][phase], json!(["deny", "mark"]), "{routes}");
    }
}

#[test]
fn calls_are_counted_by_policy_and_effect() {
    let upstream = Upstream::reflecting();
    let folder = folder(&upstream);
    let weir = Weir::serve(folder.path());
    let mut connection = weir.connect();
    for id in 0..10 {
        assert_eq!(connection.post("/mcp", &call(id, json!({}))).unwrap().status(), 200);
    }
    for (series, value) in [
        ("weir_policy_calls_total{policy=\"mark\"}", 20.0),
        ("weir_policy_effects_total{policy=\"mark\",effect=\"apply\"}", 20.0),
        ("weir_policy_effects_total{policy=\"deny\",effect=\"audit\"}", 20.0),
        ("weir_policies", 2.0),
        ("weir_instances_in_use", 0.0),
    ] {
        assert_eq!(weir.metric(series), Some(value), "{series}");
    }
    let text = weir.admin("/metrics").text();
    assert!(text.contains("# EOF") && text.contains("# HELP weir_policy_calls"), "not Prometheus' format");
    assert!(text.contains("weir_policy_duration_seconds_bucket{") && text.contains("le=\"0.00001"), "no microseconds");
}

#[test]
fn a_chain_can_be_run() {
    let upstream = Upstream::reflecting();
    let folder = folder(&upstream);
    let weir = Weir::serve(folder.path());
    let mut admin = Connection::open(weir.admin).unwrap();
    let mut run = |request: Value| admin.post("/v1/chain", &request).unwrap();

    let exact = serde_json::from_str(r#"{"event":"tools/call","phase":"request","payload":{"x":1.50}}"#).unwrap();
    let result = run(exact).value();
    assert_eq!(result["status"], "success", "{result}");
    assert_eq!(result["finalPayload"].to_string(), r#"{"x":1.50,"marked":true}"#, "numbers keep their text");
    assert_eq!(result["validationSummary"], json!({ "errors": 1, "warnings": 0, "infos": 0 }));
    let entries = result["results"].as_array().unwrap();
    assert_eq!((&entries[1]["interceptor"], &entries[1]["mode"]), (&json!("deny"), &json!("audit")));

    let only =
        run(json!({ "event": "tools/call", "phase": "request", "payload": {}, "interceptors": ["deny"] })).value();
    assert_eq!((only["results"].as_array().map(Vec::len), &only["finalPayload"]), (Some(1), &json!({})));

    for (request, status, kind) in [
        (
            json!({ "event": "tools/call", "phase": "request", "payload": {}, "interceptors": ["nobody"] }),
            404,
            "urn:weir:not-found",
        ),
        (
            json!({ "event": "tools/call", "phase": "request", "payload": {}, "route": "nowhere" }),
            404,
            "urn:weir:not-found",
        ),
        (json!({ "event": "tools/call", "phase": "sideways", "payload": {} }), 400, "urn:weir:bad-request"),
        (json!({ "event": "tools/call", "phase": "request" }), 400, "urn:weir:bad-request"),
        (json!([]), 400, "urn:weir:bad-request"),
    ] {
        let refused = run(request.clone());
        assert_eq!(
            (refused.status(), &refused.value()["type"]),
            (status, &json!(kind)),
            "{request}: {}",
            refused.text()
        );
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    }
}

#[test]
fn a_token_is_needed_where_one_is_set() {
    let upstream = Upstream::reflecting();
    let folder = folder(&upstream);
    let settings = std::fs::read_to_string(folder.path().join("weir.toml")).unwrap();
    folder.put("weir.toml", format!("[admin]\ntoken = \"a-token-of-some-length\"\n\n{settings}"));
    let weir = Weir::serve(folder.path());
    let ask = |headers: &[(&str, &str)]| {
        Connection::open(weir.admin).unwrap().send("GET", "/v1/policies", headers, b"").unwrap()
    };
    assert_eq!(ask(&[]).status(), 401);
    assert_eq!(ask(&[("authorization", "Bearer a-token-of-some-lengtH")]).status(), 401);
    assert_eq!(ask(&[("authorization", "Bearer a-token-of-some-length")]).status(), 200);
}

#[test]
fn what_is_not_json_is_refused_where_json_is_needed() {
    let upstream = Upstream::reflecting();
    let folder = folder(&upstream);
    let weir = Weir::serve(folder.path());
    let json_type = [("content-type", "application/json")];
    let broken = weir.connect().send("POST", "/mcp", &json_type, b"{\"jsonrpc\":").unwrap();
    assert_eq!(broken.value()["error"]["code"], -32700, "{}", broken.text());
    let twice = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#;
    let twice = weir.connect().send("POST", "/mcp", &json_type, twice).unwrap();
    assert!(twice.value()["error"]["code"].is_number(), "{}", twice.text());
    let broken = Connection::open(weir.admin).unwrap().send("POST", "/v1/chain", &json_type, b"nonsense").unwrap();
    assert_eq!(broken.status(), 400, "{}", broken.text());
}
