//! The interceptor server and its users: another gateway, the public MCP client, callers with configurations of their
//! own.

use std::net::SocketAddr;

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::guests::guest;
use weir_tests::http::{Connection, Message, Upstream};
use weir_tests::python::python;
use weir_tests::weir::{Weir, run};

use crate::sample::{call, component, entry, head, marking, shipped};

/// A gateway that only lends its policies: a validator that wants `/arguments/ok`, one that traps, and a mutator.
fn lender() -> (Weir, Folder) {
    let folder = Folder::new();
    let verdict = json!({ "validIf": { "pointer": "/arguments/ok", "equals": true } });
    folder.put("guard.wasm", component("guard", "validation", verdict));
    folder.put("trap.wasm", component("trap", "validation", json!({ "fault": "trap" })));
    folder.put("loop.wasm", component("loop", "validation", json!({ "fault": "loop" })));
    folder.put("marker.wasm", marking("marker", "/marked", "there"));
    let entries = ["guard.wasm", "trap.wasm", "loop.wasm", "marker.wasm"].map(entry).concat();
    folder.put("weir.toml", format!("[engine]\ncall_cap_ms = 20000\n{entries}"));
    (Weir::serve(folder.path()), folder)
}

/// An entry for a policy of another gateway.
fn remote(address: SocketAddr, name: &str, more: &str) -> String {
    format!("\n[[policy]]\nremote = \"http://{address}/interceptors\"\nname = \"{name}\"\n{more}")
}

/// The least that is wrong with a session-era server in front of a gateway: it does not know `server/discover`.
fn without_discovery(address: SocketAddr) -> Upstream {
    Upstream::start(move |request| {
        let body = request.value();
        if body["method"] == "server/discover" {
            let error = json!({ "code": -32601, "message": "Method not found" });
            return Message::json(400, &json!({ "jsonrpc": "2.0", "id": body["id"], "error": error }));
        }
        let headers: Vec<(&str, &str)> = ["content-type", "mcp-protocol-version"]
            .into_iter()
            .filter_map(|name| request.header(name).map(|value| (name, value)))
            .collect();
        let mut answer =
            Connection::open(address).unwrap().send("POST", "/interceptors", &headers, &request.body).unwrap();
        // It is written anew, with the length that it has.
        answer.headers.retain(|(name, _)| name != "content-length");
        answer
    })
}

fn invoke(weir: &Weir, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "interceptor/invoke", "params": params });
    weir.connect().post("/interceptors", &request).unwrap().value()
}

#[test]
fn the_policies_of_one_gateway_run_in_the_chain_of_another_in_both_eras() {
    let upstream = Upstream::reflecting();
    let (lender, _folder) = lender();
    let older = without_discovery(lender.gateway);
    for (address, protocol) in [(lender.gateway, "2026-07-28"), (older.address, "2025-11-25")] {
        let folder = Folder::new();
        folder.put("local.wasm", marking("local", "/local", "here"));
        let only_requests = "overrides = { hooks = [{ events = [\"tools/call\"], phase = \"request\" }] }\n";
        folder.put(
            "weir.toml",
            head(upstream.address)
                + &entry("local.wasm")
                + only_requests
                + &remote(address, "guard", only_requests)
                + &remote(address, "marker", only_requests),
        );
        let weir = Weir::serve(folder.path());
        let mut client = weir.connect();

        let passed = client.post("/mcp", &call(1, json!({ "ok": true }))).unwrap().value();
        let received = &passed["result"]["received"];
        assert_eq!((&received["local"], &received["marked"]), (&"here".into(), &"there".into()), "{passed}");
        let denied = client.post("/mcp", &call(2, json!({ "ok": false }))).unwrap().value();
        assert_eq!(denied["error"]["data"]["validationErrors"][0]["interceptor"], "guard", "{denied}");

        let listed = weir.admin("/v1/policies").value();
        let guard = &listed["entries"][1];
        let shown = json!({ "url": format!("http://{address}/interceptors"), "protocol": protocol });
        assert_eq!((&guard["remote"], &guard["stats"]["calls"]), (&shown, &2.into()), "{listed}");
        assert!(guard.get("component").is_none() && guard.get("load").is_none(), "{listed}");
        assert_eq!(weir.metric("weir_policy_calls_total{policy=\"guard\"}"), Some(2.0));
    }
    assert_eq!(lender.metric("weir_policy_effects_total{policy=\"guard\",effect=\"block\"}"), Some(2.0));
}

#[test]
fn overrides_hold_for_a_policy_elsewhere() {
    let upstream = Upstream::reflecting();
    let (lender, lent) = lender();
    let folder = Folder::new();
    let serve = |entries: String| {
        folder.put("weir.toml", head(upstream.address) + &entries);
        Weir::serve(folder.path())
    };
    let bad = call(1, json!({ "ok": false }));
    let answer = |weir: &Weir| weir.connect().post("/mcp", &bad).unwrap().value();

    let audited = serve(remote(lender.gateway, "guard", "overrides = { mode = \"audit\" }\n"));
    assert!(answer(&audited)["result"].is_object());
    audited.wait_until("the audit is counted", |weir| {
        // Once for the request and once for its response.
        weir.metric("weir_policy_verdicts_total{policy=\"guard\",verdict=\"invalid\"}") == Some(2.0)
    });

    let narrowed = "overrides = { hooks = [{ events = [\"prompts/get\"], phase = \"request\" }] }\n";
    assert!(answer(&serve(remote(lender.gateway, "guard", narrowed)))["result"].is_object());

    let open = serve(remote(lender.gateway, "trap", "overrides = { fail_open = true }\n"));
    assert!(answer(&open)["result"].is_object());
    let closed = answer(&serve(remote(lender.gateway, "trap", "")));
    assert_eq!(closed["error"]["data"]["validationErrors"][0]["message"], "the policy could not be run", "{closed}");

    let hasty = serve(remote(lender.gateway, "loop", "overrides = { timeout_ms = 60 }\n"));
    let late = answer(&hasty);
    assert_eq!(late["error"]["code"], -32602, "{late}");
    assert_eq!(hasty.metric("weir_policy_faults_total{policy=\"loop\",kind=\"deadline\"}"), Some(1.0));

    // The lender goes away: what fails closed blocks, what fails open passes, and an edit of something else is taken.
    let entries =
        remote(lender.gateway, "guard", "overrides = { fail_open = true }\n") + &remote(lender.gateway, "trap", "");
    let orphan = serve(entries.clone());
    drop((lender, lent));
    let blocked = answer(&orphan);
    assert_eq!(blocked["error"]["data"]["validationErrors"][0]["interceptor"], "trap", "{blocked}");
    let before = orphan.epoch();
    folder.put("weir.toml", head(upstream.address) + &entries + "\n[interceptors]\nenabled = false\n");
    orphan.wait_until("the edit is taken", |weir| weir.epoch() > before);
    assert_eq!(orphan.connect().get("/interceptors").unwrap().status(), 404);
}

#[test]
fn what_is_wrong_with_a_policy_elsewhere_is_said_with_everything_else() {
    let (lender, _folder) = lender();
    let folder = Folder::new();
    let upstream = "127.0.0.1:9".parse().unwrap();
    let wide = "overrides = { hooks = [{ events = [\"*\"], phase = \"request\" }], fuel = 7 }\n";
    folder.put(
        "weir.toml",
        head(upstream)
            + &remote(upstream, "away", "")
            + &remote(lender.gateway, "other", "")
            + &remote(lender.gateway, "guard", wide)
            + &entry("missing.wasm"),
    );
    let ended = run(&["check"], folder.path());
    assert_eq!(ended.status.code(), Some(1));
    for part in [
        "the interceptor server http://127.0.0.1:9/interceptors cannot be used: ",
        "has no interceptor \"other\"; it has guard, trap, loop, marker",
        "fuel in overrides: instructions are counted in the sandbox",
        "there is no component \"missing.wasm\"",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn callers_configure_policies_for_their_own_calls() {
    let folder = shipped();
    let weir = Weir::demo(folder.path());
    let token = "ghp_x7Kq2mVd9RtB4nWc8ZsY1pLf6HgJ3uEa5TQo";
    let with = |name: &str, phase: &str, config: Value| {
        let payload = json!({ "name": "t", "arguments": { "text": token } });
        invoke(
            &weir,
            json!({ "name": name, "event": "tools/call", "phase": phase, "payload": payload, "config": config }),
        )
    };
    assert_eq!(with("secret-scan", "request", Value::Null)["result"]["valid"], false);
    let loaded = json!({ "exclude": ["/headers/authorization", "/headers/x-api-key", "/headers/cookie"] });
    assert_eq!(with("secret-scan", "request", loaded)["result"]["valid"], false);
    assert_eq!(with("secret-scan", "request", json!({ "formats": ["aws_access_key"] }))["result"]["valid"], true);
    assert_eq!(with("secret-scan", "request", Value::Null)["result"]["valid"], false, "what is loaded stays");

    // More of them than are kept, then the first again.
    for number in (0..40).chain(0..2) {
        let answer = with("secret-redact", "response", json!({ "placeholder": format!("<{number}>") }));
        assert_eq!(answer["result"]["payload"]["arguments"]["text"], format!("<{number}>"), "{answer}");
    }
    for bad in [json!({ "formats": 5 }), json!({ "unknown": 1 }), json!([]), json!("text")] {
        let answer = with("secret-scan", "request", bad);
        let expected = json!({ "code": -32603, "message": "Interceptor execution failed",
            "data": { "interceptor": "secret-scan", "reason": "it does not take this configuration" } });
        assert_eq!(answer["error"], expected);
    }

    // What a configuration of a caller counts is not what the gateway's own traffic counts.
    let strict = json!({ "limit": 1, "window_ms": 60_000 });
    assert_eq!(with("rate-limit", "request", strict.clone())["result"]["valid"], true);
    assert_eq!(with("rate-limit", "request", strict)["result"]["valid"], false);
    assert_eq!(with("rate-limit", "request", Value::Null)["result"]["valid"], true);
}

#[test]
fn a_policy_that_fails_over_a_configuration_fails_for_that_one_only() {
    let folder = Folder::new();
    folder.put("slow.wasm", guest("slow-configure").bytes);
    folder.put(
        "weir.toml",
        "[engine]\ncall_cap_ms = 2000\n\n[[policy]]\ncomponent = \"slow.wasm\"\nname = \"slow\"\nconfig = { how = \"pass\" }\n\
         limits = { configure_timeout_ms = 300 }\n",
    );
    let weir = Weir::serve(folder.path());
    let with = |config: Value| {
        invoke(
            &weir,
            json!({ "name": "slow", "event": "tools/call", "phase": "request", "payload": {}, "config": config }),
        )
    };
    for (how, code) in [("trap", -32603), ("error", -32603), ("memory", -32603), ("spin", -32000), ("sleep", -32000)] {
        let answer = with(json!({ "how": how }));
        assert_eq!(answer["error"]["code"], code, "{how}: {answer}");
        assert!(!answer.to_string().contains("secret"), "{how}: {answer}");
    }
    assert_eq!(with(Value::Null)["result"]["valid"], true);
    assert_eq!(with(json!({ "how": "pass" }))["result"]["valid"], true);
}

#[test]
fn the_public_mcp_client_reads_and_runs_interceptors_in_each_of_its_modes() {
    let Some(python) = python() else { return };
    let folder = shipped();
    let weir = Weir::demo(folder.path());
    let output = python.run("interceptors_client.py", &[&format!("http://{}/interceptors", weir.gateway)]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}\n{}", String::from_utf8_lossy(&output.stderr), weir.log());
    let report: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"));
    for (mode, protocol) in [("auto", "2026-07-28"), ("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28")] {
        let seen = &report[mode];
        assert_eq!(seen["protocol"], protocol, "{report}");
        // A client that is told the revision asks the server nothing about itself.
        if mode != protocol {
            assert_eq!(seen["server"], "weir", "{report}");
            assert!(
                seen["events"].as_array().is_some_and(|events| events.iter().any(|event| event == "*")),
                "{report}"
            );
        }
        assert!(
            seen["names"].as_array().is_some_and(|names| names.iter().any(|name| name == "shell-guard")),
            "{report}"
        );
        assert_eq!((&seen["pass"], &seen["deny"]), (&true.into(), &false.into()), "{report}");
        assert_eq!(seen["unknown"], -32602, "{report}");
    }
}
