//! MCP servers that speak over standard streams: behind `weir stdio`, and behind routes of `weir serve`.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::guests::scripted;
use weir_tests::http::{Connection, Message};
use weir_tests::stdio::{Client, is_running, server, until};
use weir_tests::weir::{Weir, binary};

use crate::sample::{entry, shipped};

/// A token that opens nothing, in two parts: tools that look for secrets in sources must not take it for one.
const TOKEN: [&str; 2] = ["ghp_", "x7Kq2mVd9RtB4nWc8ZsY1pLf6HgJ3uEa5TQo"];

/// A client of `weir stdio` with the test server behind it.
fn relayed(folder: &Folder, arguments: &[&str]) -> Client {
    let mut command = Command::new(binary());
    command.args(["stdio", "--folder"]).arg(folder.path()).arg("--").arg(server()).args(arguments);
    Client::start(command.env("SAMPLE", TOKEN.concat()))
}

fn call(id: impl Into<Value>, tool: &str, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

fn initialize(revision: &str) -> Value {
    let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": params})
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

/// A folder with one MCP route and these policies: name, kind, event, phase, behaviour.
fn folder(policies: &[(&str, &str, &str, &str, Value)]) -> Folder {
    let folder = Folder::new();
    let mut settings = String::from(
        "[gateway]\nchain_timeout_ms = 10000\n\n[[route]]\nname = \"tools\"\npath = \"/mcp\"\nprotocol = \"mcp\"\nupstream = \"http://127.0.0.1:9/\"\n",
    );
    for (name, kind, event, phase, behaviour) in policies {
        let hooks = json!([{"events": [event], "phase": phase}]);
        let script = json!({"name": name, "kind": kind, "hooks": hooks, "behaviour": behaviour});
        folder.put(&format!("{name}.wasm"), scripted(&script).bytes);
        settings.push_str(&entry(&format!("{name}.wasm")));
    }
    folder.put("weir.toml", settings);
    folder
}

#[test]
fn policies_stand_between_a_client_and_its_server() {
    let folder = shipped();
    for revision in ["2025-06-18", "2025-11-25"] {
        let mut client = relayed(&folder, &[]);
        let begun = client.ask(&initialize(revision));
        assert_eq!((&begun["id"], &begun["result"]["protocolVersion"]), (&json!("init"), &json!(revision)));
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        assert_eq!(text(&client.ask(&call(1, "heard", json!({})))), "notifications/initialized");
        assert_eq!(text(&client.ask(&call("a", "echo", json!({"text": "fine"})))), "fine");
        // A secret on its way out is denied; one on its way back is redacted.
        let denied = client.ask(&call(2, "echo", json!({"text": TOKEN.concat()})));
        assert_eq!((&denied["id"], &denied["error"]["code"]), (&json!(2), &json!(-32602)), "{denied}");
        let redacted = client.ask(&call(3, "variable", json!({"name": "SAMPLE"})));
        assert_eq!(text(&redacted), "[REDACTED:github_pat]");
        assert!(client.log().contains("test server ready"), "{}", client.log());
        let pid: u32 = text(&client.ask(&call(4, "pid", json!({})))).parse().unwrap();
        // What was said last is still answered.
        client.say(&call(5, "slow", json!({"steps": 2, "ms": 50})));
        let rest = client.close();
        assert_eq!((rest.len(), text(&rest[0])), (1, "2 steps "), "{rest:?}");
        assert!(client.wait().success());
        assert!(!is_running(pid));
    }
}

#[test]
fn requests_without_a_session_pass_the_same_way() {
    let folder = shipped();
    let mut client = relayed(&folder, &[]);
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
    let with_meta = |mut message: Value| {
        message["params"]["_meta"] = meta.clone();
        message
    };
    let discovered = client.ask(&with_meta(json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover"})));
    assert_eq!(discovered["result"]["supportedVersions"], json!(["2026-07-28"]), "{discovered}");
    let denied = client.ask(&with_meta(call(2, "echo", json!({"text": TOKEN.concat()}))));
    assert_eq!(denied["error"]["code"], -32602, "{denied}");
    let redacted = client.ask(&with_meta(call(3, "variable", json!({"name": "SAMPLE"}))));
    assert_eq!(text(&redacted), "[REDACTED:github_pat]");
    assert_eq!(redacted["result"]["resultType"], "complete");
}

#[test]
fn a_call_is_changed_and_a_request_of_the_server_is_denied() {
    let changed = json!({"edits": [{"pointer": "/arguments/text", "value": "changed"}]});
    let denial = json!({"valid": false, "severity": "error", "messages": [{"message": "not so", "severity": "error"}]});
    let folder = folder(&[
        ("editor", "mutation", "tools/call", "request", changed),
        ("guard", "validation", "sampling/createMessage", "request", denial.clone()),
        ("late-guard", "validation", "elicitation/create", "response", denial),
    ]);
    let mut client = relayed(&folder, &[]);
    client.ask(&initialize("2025-11-25"));
    assert_eq!(text(&client.ask(&call(1, "echo", json!({"text": "as it was"})))), "changed");
    // The server is told no; the client hears nothing but the answer of its call.
    let told = client.ask(&call(2, "ask", json!({"method": "sampling/createMessage", "params": {}})));
    assert!(told["id"] == 2 && text(&told).contains("-32602"), "{told}");
    let question = client.ask(&call(3, "ask", json!({"method": "elicitation/create", "params": {}})));
    assert_eq!(question["method"], "elicitation/create");
    let told = client.ask(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept"}}));
    assert!(text(&told).contains("-32602") && !text(&told).contains("accept"), "{told}");
    let question = client.ask(&call(4, "ask", json!({"method": "roots/list", "params": {}})));
    let told = client.ask(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": []}}));
    assert_eq!(text(&told), "{\"roots\":[]}");
}

#[test]
fn a_slow_policy_holds_up_only_what_it_looks_at() {
    let folder = folder(&[("slow", "validation", "prompts/get", "request", json!({"fault": "loop"}))]);
    let mut client = relayed(&folder, &[]);
    client.ask(&initialize("2025-06-18"));
    let start = Instant::now();
    client.say(&json!({"jsonrpc": "2.0", "id": "slow", "method": "prompts/get", "params": {"name": "x"}}));
    for id in 0..20 {
        assert_eq!(client.ask(&call(id, "echo", json!({"text": "fast"})))["id"], id);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    // A notification after it waits for it; a cancellation does not, and stops the policy.
    client.say(&json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}));
    assert_eq!(text(&client.ask(&call("h", "heard", json!({})))), "");
    client.say(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}}));
    let deadline = Instant::now() + Duration::from_secs(5);
    while !text(&client.ask(&call("h", "heard", json!({})))).contains("roots/list_changed") {
        assert!(Instant::now() < deadline, "the cancelled policy still holds the notification up");
    }
}

#[test]
fn lines_that_are_no_messages_are_answered_or_dropped() {
    let folder = folder(&[]);
    let settings = std::fs::read_to_string(folder.path().join("weir.toml")).unwrap();
    folder.put("weir.toml", settings.replace("[gateway]\n", "[gateway]\nmax_body = \"10KiB\"\n"));
    let mut client = relayed(&folder, &[]);
    client.say_line("hello");
    assert_eq!(client.hear()["error"]["code"], -32700);
    let long = client.ask(&call("long", "echo", json!({"text": "x".repeat(100_000)})));
    assert_eq!((&long["id"], &long["error"]["code"]), (&json!("long"), &json!(-32600)));
    let large = client.ask(&call("large", "large", json!({"bytes": 5_000_000})));
    assert_eq!((&large["id"], &large["error"]["code"]), (&json!("large"), &json!(-32603)));
    assert_eq!(text(&client.ask(&call(1, "noise", json!({})))), "said");
    assert!(client.close().is_empty());
}

#[test]
fn it_ends_with_its_server_and_its_server_with_it() {
    let folder = folder(&[]);
    let mut client = relayed(&folder, &[]);
    client.say(&call(1, "crash", json!({})));
    assert_eq!(client.wait().code(), Some(9));
    assert_eq!(relayed(&folder, &["--fail"]).wait().code(), Some(3));

    // A server that stays after its input was closed is ended; so is one when we are told to end.
    for terminated in [false, true] {
        let mut client = relayed(&folder, &["--stubborn"]);
        let pid: u32 = text(&client.ask(&call(1, "pid", json!({})))).parse().unwrap();
        let child: u32 = text(&client.ask(&call(2, "child", json!({})))).parse().unwrap();
        if terminated {
            client.terminate();
        }
        assert_eq!(client.close(), Vec::<Value>::new());
        assert_eq!(client.wait().code(), Some(128 + 15));
        assert!(!is_running(pid));
        until("the server's own child is gone", || !is_running(child));
    }
}

/// A session over HTTP: the least that these tests need.
struct Session {
    connection: Connection,
    id: String,
}

impl Session {
    fn begin(weir: &Weir) -> Self {
        let mut connection = weir.connect();
        let begun = connection.post("/mcp", &initialize("2025-06-18")).unwrap();
        assert_eq!(begun.status(), 200, "{}", begun.text());
        let id = begun.header("mcp-session-id").unwrap().to_owned();
        Self { connection, id }
    }

    fn post(&mut self, message: &Value) -> Message {
        let headers =
            [("mcp-session-id", &*self.id), ("accept", "application/json"), ("content-type", "application/json")];
        self.connection.send("POST", "/mcp", &headers, message.to_string().as_bytes()).unwrap()
    }

    fn pid(&mut self) -> u32 {
        text(&self.post(&call(1, "pid", json!({}))).value()).parse().unwrap()
    }
}

/// The shipped folder with its MCP route leading to the test server.
fn served(more: &str) -> Folder {
    let folder = shipped();
    put(&folder, more);
    folder
}

fn put(folder: &Folder, more: &str) {
    let settings = std::fs::read_to_string(shipped().path().join("weir.toml")).unwrap();
    let server = server().display().to_string();
    let upstream = format!("upstream = {{ command = [{server:?}], env = {{ SAMPLE = {:?} }}{more} }}", TOKEN.concat());
    let url = "upstream = \"http://127.0.0.1:3001/mcp\"";
    assert!(settings.contains(url));
    folder.put("weir.toml", settings.replacen(url, &upstream, 1));
}

#[test]
fn a_route_leads_to_a_program() {
    let folder = served("");
    let mut weir = Weir::serve(folder.path());
    let mut session = Session::begin(&weir);
    let denied = session.post(&call(2, "echo", json!({"text": TOKEN.concat()})));
    assert_eq!((denied.status(), &denied.value()["error"]["code"]), (200, &json!(-32602)));
    let redacted = session.post(&call(3, "variable", json!({"name": "SAMPLE"})));
    assert_eq!(text(&redacted.value()), "[REDACTED:github_pat]");
    assert!(redacted.header("weir-call-ref").is_some());
    session.post(&call(4, "log", json!({"text": "a line \u{1b}[31m of the server"})));
    weir.wait_until("the server's line is in the log", |weir| weir.log().contains("of the server"));
    assert!(!weir.log().contains('\u{1b}') && !weir.log().contains(&TOKEN.concat()), "{}", weir.log());
    let routes = weir.admin("/v1/routes").text();
    assert!(routes.contains("stdio:") && routes.contains("SAMPLE") && !routes.contains(&TOKEN.concat()), "{routes}");

    // A change of something else leaves the process; a change of the command ends it.
    let pid = session.pid();
    let epoch = weir.epoch();
    let settings = std::fs::read_to_string(folder.path().join("weir.toml")).unwrap();
    folder.put("weir.toml", settings.replace("limit = 6_000", "limit = 6_001"));
    weir.wait_until("the change is taken over", |weir| weir.epoch() > epoch);
    assert_eq!(session.pid(), pid);
    put(&folder, ", max_processes = 3");
    weir.wait_until("the process has ended", |_| !is_running(pid));
    assert_eq!(session.post(&call(1, "pid", json!({}))).status(), 404);

    let (mut one, mut two) = (Session::begin(&weir), Session::begin(&weir));
    let pids = [one.pid(), two.pid()];
    weir.terminate();
    assert!(weir.wait().success(), "{}", weir.log());
    assert!(pids.iter().all(|pid| !is_running(*pid)), "{}", weir.log());
}

#[test]
fn a_process_that_crashes_is_started_again() {
    let folder = served(", sharing = \"shared\"");
    let weir = Weir::serve(folder.path());
    let mut session = Session::begin(&weir);
    let crashed = session.post(&call(1, "crash", json!({})));
    assert_eq!(crashed.value()["error"]["code"], -32603);
    assert_eq!(session.post(&call(1, "pid", json!({}))).status(), 404);
    weir.wait_until("another session can begin", |weir| {
        let begun = weir.connect().post("/mcp", &initialize("2025-06-18")).unwrap();
        assert!([200, 503].contains(&begun.status()), "{}", begun.text());
        begun.status() == 200
    });
    assert!(weir.log().contains("a server ended by itself"), "{}", weir.log());
}
