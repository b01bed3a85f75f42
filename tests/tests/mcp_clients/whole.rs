//! Everything that a client does with a server, with and without the gateway between them.

use std::net::SocketAddr;

use serde_json::{Value, json};
use weir_tests::weir::Weir;

use crate::client::{ALL, Client, Place, assert_same, call, clients};
use crate::folders::{allowing, folder, url};

/// Everything that our server offers and the client's revision has. What is cancelled carries the name of the run:
/// the server knows it for as long as it lives.
fn steps(client: Client, run: &str) -> Vec<Value> {
    let mut steps = vec![
        json!({ "do": "tools" }),
        json!({ "do": "resources" }),
        json!({ "do": "prompts" }),
        call("echo", "echo", json!({ "text": "grüße\n\u{1f600}" })),
        call("mixed", "test_multiple_content_types", json!({})),
        call("fails", "test_error_handling", json!({})),
        call("unknown", "there_is_none", json!({})),
        call("progress", "stream", json!({ "marker": "m", "count": 5 })),
        call("sampled", "test_sampling", json!({ "prompt": "why?" })),
        call("elicited", "test_elicitation", json!({ "message": "who?" })),
        call("needy", "test_input_required_result_multiple_inputs", json!({})),
        json!({ "do": "read", "uri": "test://static-text" }),
        json!({ "as": "templated", "do": "read", "uri": "test://template/7/data" }),
        json!({ "as": "missing", "do": "read", "uri": "test://nowhere" }),
        json!({ "do": "prompt", "name": "test_prompt_with_arguments", "arguments": { "arg1": "a", "arg2": "b" } }),
        json!({ "as": "needy prompt", "do": "prompt", "name": "test_input_required_result_prompt", "arguments": {} }),
        json!({ "do": "complete", "prompt": "test_prompt_with_arguments", "argument": "arg1", "value": "pa" }),
        json!({ "do": "cancel", "marker": format!("{run} {client:?}") }),
        // Where the revision has it, the stream ends before the answer, and the client resumes it.
        call("resumed", "test_reconnection", json!({})),
    ];
    if client.has_sessions() {
        let marker = format!("later {client:?}");
        steps.extend([
            json!({ "do": "level", "level": "info" }),
            json!({ "do": "subscribe", "uri": "test://watched-resource" }),
            call("listening", "listening", json!({})),
            call("announced", "announce", json!({ "marker": "line", "count": 3 })),
            json!({ "as": "lines", "do": "await", "seen": "logs", "count": 3 }),
            call("touched", "touch", json!({})),
            json!({ "as": "told", "do": "await", "seen": "changed", "count": 1 }),
            call("later", "ask_later", json!({ "marker": marker })),
            json!({ "as": "asked", "do": "await", "seen": "asked", "count": 6 }),
            call("outcome", "asked", json!({ "marker": marker })),
        ]);
    }
    if client.listens() {
        steps.extend([
            json!({ "do": "listen", "filter": { "toolsListChanged": true } }),
            call("triggered", "test_trigger_tool_change", json!({})),
            json!({ "as": "told", "do": "await", "seen": "changed", "count": 1 }),
        ]);
    }
    steps
}

/// What has to be in a report, whoever wrote the client.
fn check(client: Client, report: &Value) {
    let told = |name: &str, pointer: &str| report[name].pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(report["protocol"], client.revision, "{client:?}");
    assert!(report["tools"].as_array().is_some_and(|tools| tools.len() > 30), "{client:?}: {report}");
    assert_eq!(told("echo", "/text"), "grüße\n\u{1f600}", "{client:?}: {report}");
    assert_eq!(told("mixed", "/types"), json!(["text", "image", "resource"]), "{client:?}: {report}");
    assert_eq!(told("fails", "/isError"), true, "{client:?}: {report}");
    assert_eq!(told("unknown", "/error/code"), -32602, "{client:?}: {report}");
    let progress = told("progress", "/progress");
    let messages: Vec<&str> = progress.as_array().unwrap().iter().map(|step| step[2].as_str().unwrap()).collect();
    assert_eq!(messages, ["m/0", "m/1", "m/2", "m/3", "m/4"], "{client:?}: {report}");
    assert_eq!(told("sampled", "/text"), "LLM response: answer to why?", "{client:?}: {report}");
    assert!(told("elicited", "/text").as_str().unwrap().contains("action=accept"), "{client:?}: {report}");
    assert_eq!(told("needy", "/text"), "answer to Write a greeting Ann, of 1 roots", "{client:?}: {report}");
    assert_eq!(told("templated", "/text"), r#"{"id":"7","data":"of 7"}"#, "{client:?}: {report}");
    assert_eq!(told("missing", "/error/code"), -32602, "{client:?}: {report}");
    assert_eq!(report["prompt"], json!(["Prompt with arguments: arg1='a', arg2='b'"]), "{client:?}: {report}");
    assert_eq!(report["complete"], json!(["park", "party", "path"]), "{client:?}: {report}");
    assert_eq!(report["cancel"], json!({ "started": true, "cancelled": true }), "{client:?}: {report}");
    assert_eq!(told("resumed", "/text"), "The answer after the stream had ended.", "{client:?}: {report}");
    if client.has_sessions() {
        assert_eq!(report["seen"]["logs"], json!(["line/0", "line/1", "line/2"]), "{client:?}: {report}");
        assert_eq!(report["seen"]["changed"], json!(["test://watched-resource"]), "{client:?}: {report}");
        let outcome: Value = serde_json::from_str(told("outcome", "/text").as_str().unwrap()).unwrap();
        assert_eq!(outcome["answer"], format!("answer to later {client:?}"), "{client:?}: {report}");
    }
    if client.listens() {
        assert_eq!(report["seen"]["changed"], json!(["tools"]), "{client:?}: {report}");
    }
}

#[test]
fn every_client_sees_the_server_as_it_is() {
    let Some(clients) = clients() else { return };
    let server = clients.node.server();
    let bare = folder(&url(server.address), &[]);
    let watched = folder(&url(server.address), &allowing());
    let (bare, watched) = (Weir::serve(bare.path()), Weir::serve(watched.path()));
    let place = |address: SocketAddr| Place::Url(format!("http://{address}/mcp"));
    let compare = &|client: Client| {
        let direct = clients.run(client, &place(server.address), &steps(client, "direct"));
        check(client, &direct);
        for (what, weir) in [("no policy", &bare), ("policies that allow", &watched)] {
            let through = clients.run(client, &place(weir.gateway), &steps(client, what));
            assert_same(client, what, &direct, &through, &weir.log());
        }
    };
    // A panic in one of them is the test's.
    std::thread::scope(|scope| {
        for client in ALL {
            scope.spawn(move || compare(client));
        }
    });
}

/// Everything that `server-everything` is asked for. It knows no revision without sessions.
pub fn steps_of_everything() -> Vec<Value> {
    vec![
        // It asks for the roots a while after the start, and tells when it has them.
        json!({ "as": "rooted", "do": "await", "seen": "logs", "count": 1 }),
        json!({ "do": "tools" }),
        call("echo", "echo", json!({ "message": "hello" })),
        call("sum", "get-sum", json!({ "a": 2, "b": 3 })),
        call("image", "get-tiny-image", json!({})),
        call("structured", "get-structured-content", json!({ "location": "Chicago" })),
        call("long", "trigger-long-running-operation", json!({ "duration": 0.2, "steps": 4 })),
        call("sampled", "trigger-sampling-request", json!({ "prompt": "why?", "maxTokens": 5 })),
        json!({ "do": "resources" }),
        json!({ "do": "read", "uri": "demo://resource/static/document/features.md" }),
        json!({ "do": "prompt", "name": "args-prompt", "arguments": { "city": "Oslo" } }),
    ]
}

/// What two runs against `server-everything` have in common: without what hangs on who is faster.
pub fn settled(mut report: Value) -> Value {
    // It tells of its tools while the client is still opening the stream on which it would hear that.
    report["seen"]["changed"].take();
    // The client that has the answer does not look at the progress that came right before it.
    if let Some(progress) = report["long"]["progress"].as_array_mut() {
        progress.truncate(3);
    }
    report
}

/// What `server-everything` has to have answered.
pub fn check_everything(client: Client, report: &Value) {
    assert_eq!(report["echo"]["text"], "Echo: hello", "{client:?}: {report}");
    assert!(report["sum"]["text"].as_str().is_some_and(|text| text.contains('5')), "{client:?}: {report}");
    assert!(report["image"]["types"].as_array().unwrap().contains(&json!("image")), "{client:?}: {report}");
    let progress = report["long"]["progress"].as_array().unwrap_or_else(|| panic!("{client:?}: {report}"));
    let steps: Vec<f64> = progress.iter().take(3).map(|step| step[0].as_f64().unwrap()).collect();
    assert_eq!(steps, [1.0, 2.0, 3.0], "{client:?}: {report}");
    assert_eq!(report["seen"]["asked"][0], "roots/list", "{client:?}: {report}");
    assert!(report["sampled"]["text"].as_str().is_some_and(|text| text.contains("answer to")), "{client:?}: {report}");
    assert!(report["read"]["text"].as_str().is_some_and(|text| text.len() > 100), "{client:?}: {report}");
    assert!(report["prompt"][0].as_str().is_some_and(|text| text.contains("Oslo")), "{client:?}: {report}");
}

#[test]
fn a_server_of_another_maker_works_behind_the_gateway() {
    let Some(clients) = clients() else { return };
    let server = clients.node.everything();
    let folder = folder(&url(server.address), &allowing());
    let weir = Weir::serve(folder.path());
    let place = |address: SocketAddr| Place::Url(format!("http://{address}/mcp"));
    for client in ALL.into_iter().filter(|client| client.falls_back()) {
        let direct = clients.run(client, &place(server.address), &steps_of_everything());
        check_everything(client, &direct);
        let direct = settled(direct);
        let through = settled(clients.run(client, &place(weir.gateway), &steps_of_everything()));
        assert_same(client, "policies that allow", &direct, &through, &weir.log());
    }
}
