//! What a caller is told when a call does not go through: the right kind, and nothing of what happened inside.

use std::time::Duration;

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::http::{Message, Upstream};
use weir_tests::weir::Weir;

use crate::sample::{call, component, entry};

/// Routes by name, each with one thing that goes wrong.
fn folder(upstream: &Upstream, slow: &Upstream) -> Folder {
    let folder = Folder::new();
    let mut settings = String::from("[gateway]\nchain_timeout_ms = 5000\nupstream_timeout_ms = 400\n");
    let mut route = |name: &str, protocol: &str, upstream: &str, more: &str| {
        settings.push_str(&format!(
            "\n[[route]]\nname = \"{name}\"\npath = \"/{name}\"\nprotocol = \"{protocol}\"\nupstream = \"{upstream}\"\n{more}"
        ));
    };
    let good = format!("http://{}/", upstream.address);
    for name in ["denied", "denied-late", "failed", "halted", "open"] {
        route(name, "http", &good, "");
        route(&format!("mcp-{name}"), "mcp", &good, "");
    }
    route("hasty", "http", &good, "chain_timeout_ms = 60\n");
    route("narrow", "http", &good, "max_body = \"1KiB\"\n");
    route("polite", "mcp", &good, "on_deny = \"tool-error\"\n");
    route("slow", "http", &format!("http://{}/", slow.address), "");
    // Nobody listens there.
    route("gone", "http", "http://127.0.0.1:9/", "");

    let bad = json!({ "valid": false, "severity": "error", "messages": [{ "message": "not so", "severity": "error", "path": "/x" }] });
    let late = "overrides = { hooks = [{ events = [\"*\"], phase = \"response\" }] }\n";
    for (name, kind, behaviour, routes, more) in [
        ("denier", "validation", bad.clone(), "[\"denied\", \"mcp-denied\", \"polite\"]", ""),
        ("late-denier", "validation", bad, "[\"denied-late\", \"mcp-denied-late\"]", late),
        ("breaker", "validation", json!({ "fault": "trap" }), "[\"failed\", \"mcp-failed\"]", ""),
        ("halter", "mutation", json!({ "fault": "trap" }), "[\"halted\", \"mcp-halted\"]", ""),
        (
            "opener",
            "validation",
            json!({ "fault": "trap" }),
            "[\"open\", \"mcp-open\"]",
            "overrides = { fail_open = true }\n",
        ),
        ("looper", "validation", json!({ "fault": "loop" }), "[\"hasty\"]", ""),
        ("reader", "validation", json!({ "valid": true }), "[\"narrow\"]", ""),
    ] {
        folder.put(&format!("{name}.wasm"), component(name, kind, behaviour));
        settings.push_str(&format!("{}routes = {routes}\n{more}", entry(&format!("{name}.wasm"))));
    }
    folder.put("weir.toml", settings);
    folder
}

#[test]
fn each_refusal_is_of_its_kind_and_tells_nothing_of_the_inside() {
    const INSIDE: &str = "the upstream's secret";
    let upstream = Upstream::start(|request| {
        let id = serde_json::from_slice::<Value>(&request.body).map(|call| call["id"].clone()).unwrap_or_default();
        Message::json(200, &json!({ "jsonrpc": "2.0", "id": id, "result": { "text": INSIDE } }))
    });
    let slow = Upstream::start(|_| {
        std::thread::sleep(Duration::from_secs(5));
        Message::json(200, &json!({}))
    });
    let folder = folder(&upstream, &slow);
    let weir = Weir::serve(folder.path());

    for (path, status, kind, interceptor) in [
        ("/denied", 403, "urn:weir:denied", Some("denier")),
        ("/denied-late", 403, "urn:weir:denied", Some("late-denier")),
        ("/failed", 503, "urn:weir:policy-failed", Some("breaker")),
        ("/halted", 503, "urn:weir:policy-failed", Some("halter")),
        ("/hasty", 503, "urn:weir:policy-timeout", Some("looper")),
        ("/narrow", 413, "urn:weir:body-too-large", None),
        ("/slow", 504, "urn:weir:upstream-timeout", None),
        ("/gone", 502, "urn:weir:upstream-unreachable", None),
    ] {
        let answer = weir.connect().send("POST", path, &[("content-type", "text/plain")], &[b'x'; 4096]).unwrap();
        let text = answer.text();
        assert_eq!(
            (answer.status(), answer.header("content-type")),
            (status, Some("application/problem+json")),
            "{path}: {text}"
        );
        let problem = answer.value();
        assert_eq!((&problem["type"], &problem["status"]), (&json!(kind), &json!(status)), "{path}: {text}");
        assert_eq!(problem.get("interceptor").and_then(Value::as_str), interceptor, "{path}: {text}");
        assert_eq!(
            problem["callRef"].as_str(),
            answer.header("weir-call-ref"),
            "{path}: the reference is in both: {text}"
        );
        assert_tells_nothing(path, &text);
        let reference = problem["callRef"].as_str().unwrap().to_owned();
        if interceptor.is_some() {
            weir.wait_until("the log has the reason", |weir| weir.log().lines().any(|line| line.contains(&reference)));
        }
    }

    for (path, expected) in [
        ("/mcp-denied", json!({ "code": -32602, "message": "Interceptor validation failed" })),
        ("/mcp-denied-late", json!({ "code": -32602, "message": "Interceptor validation failed" })),
        ("/mcp-failed", json!({ "code": -32602, "message": "Interceptor validation failed" })),
        ("/mcp-halted", json!({ "code": -32603, "message": "Interceptor mutation failed" })),
    ] {
        let answer = weir.connect().post(path, &call(7, json!({}))).unwrap();
        let (value, text) = (answer.value(), answer.text());
        assert_eq!((answer.status(), &value["id"]), (200, &json!(7)), "{path}: {text}");
        let error = &value["error"];
        assert_eq!(json!({ "code": error["code"], "message": error["message"] }), expected, "{path}: {text}");
        assert_tells_nothing(path, &text);
    }
    let polite = weir.connect().post("/polite", &call(7, json!({}))).unwrap().value();
    assert_eq!(polite["result"]["isError"], true, "{polite}");

    for path in ["/open", "/mcp-open"] {
        let answer = weir.connect().post(path, &call(7, json!({}))).unwrap();
        assert_eq!((answer.status(), answer.text().contains(INSIDE)), (200, true), "{path}: {}", answer.text());
    }
    assert_eq!(weir.metric("weir_policy_effects_total{policy=\"opener\",effect=\"fail_open\"}"), Some(4.0));
}

fn assert_tells_nothing(path: &str, text: &str) {
    for inside in ["trap", "wasm", "unreachable instruction", "secret", "127.0.0.1"] {
        assert!(!text.contains(inside) || path.contains(inside), "{path} tells of {inside:?}: {text}");
    }
}
