//! Denied, changed and redacted, in each revision.

use serde_json::{Value, json};
use weir_tests::weir::Weir;

use crate::client::{Client, Place, REVISIONS, call, clients};
use crate::folders::{Policy, demanding, denying, folder, setting, shipped, url};

/// Runs steps behind a policy in each revision, and hands over what each client was told.
fn behind(policy: &Policy, steps: &[Value], check: impl Fn(Client, &Value) + Sync) {
    let Some(clients) = clients() else { return };
    let server = clients.node.server();
    let folder = folder(&url(server.address), std::slice::from_ref(policy));
    let weir = Weir::serve(folder.path());
    let place = Place::Url(format!("http://{}/mcp", weir.gateway));
    let judge = &|client: Client| {
        let report = clients.run(client, &place, steps);
        assert_eq!(report["protocol"], client.revision, "{report}");
        check(client, &report);
    };
    // A panic in one of them is the test's.
    std::thread::scope(|scope| {
        for client in REVISIONS {
            scope.spawn(move || judge(client));
        }
    });
}

#[test]
fn a_denied_call_is_an_error_and_the_next_one_passes() {
    let steps = [call("denied", "echo", json!({ "text": "no" })), call("allowed", "echo", json!({ "text": "yes" }))];
    behind(&demanding("tools/call", "request", "/arguments/text", json!("yes")), &steps, |client, report| {
        assert_eq!(report["denied"]["error"]["code"], -32602, "{client:?}: {report}");
        assert_eq!(report["denied"]["error"]["message"], "Interceptor validation failed", "{client:?}: {report}");
        let errors = &report["denied"]["error"]["data"]["validationErrors"];
        assert_eq!(errors[0]["interceptor"], "demand", "{client:?}: {report}");
        assert_eq!(errors[0]["path"], "/arguments/text", "{client:?}: {report}");
        assert_eq!(report["allowed"]["text"], "yes", "{client:?}: {report}");
    });
}

#[test]
fn a_changed_call_arrives_changed() {
    let steps = [call("changed", "echo", json!({ "text": "before" }))];
    behind(&setting("tools/call", "request", "/arguments/text", json!("after")), &steps, |client, report| {
        assert_eq!(report["changed"]["text"], "after", "{client:?}: {report}");
    });
}

/// In the stateless revision a header names the tool, and a server refuses what does not agree with it.
#[test]
fn a_call_can_be_given_to_another_tool() {
    let steps = [call("changed", "echo", json!({ "text": "before" }))];
    behind(&setting("tools/call", "request", "/name", json!("test_simple_text")), &steps, |client, report| {
        assert_eq!(report["changed"]["text"], "Plain text, as a tool returns it.", "{client:?}: {report}");
    });
}

/// The same with a header that repeats an argument, which the gateway knows from the list of tools.
#[test]
fn a_changed_argument_that_a_header_repeats_is_changed_there_too() {
    let steps = [json!({ "do": "tools" }), call("changed", "test_headers", json!({ "region": "eu" }))];
    behind(&setting("tools/call", "request", "/arguments/region", json!("ü")), &steps, |client, report| {
        let text = report["changed"]["text"].as_str().unwrap_or_else(|| panic!("{client:?}: {report}"));
        let told: Value = serde_json::from_str(text).unwrap();
        assert_eq!(told["region"], "ü", "{client:?}: {report}");
        if !client.has_sessions() {
            assert_eq!(told["headers"]["mcp-param-region"], "=?base64?w7w=?=", "{client:?}: {report}");
            assert_eq!(told["headers"]["mcp-name"], "test_headers", "{client:?}: {report}");
        }
    });
}

#[test]
fn a_denied_request_of_the_server_never_reaches_the_client() {
    let steps = [
        call("sampled", "test_sampling", json!({ "prompt": "why?" })),
        call("after", "echo", json!({ "text": "still there" })),
    ];
    behind(&denying("sampling/createMessage", "request"), &steps, |client, report| {
        assert_eq!(report["seen"]["asked"], json!([]), "{client:?}: {report}");
        let refused = report["sampled"]["isError"] == true || report["sampled"]["error"].is_object();
        assert!(refused, "{client:?}: {report}");
        assert!(!report["sampled"].to_string().contains("answer to"), "{client:?}: {report}");
        assert_eq!(report["after"]["text"], "still there", "{client:?}: {report}");
    });
}

/// One kind of request is denied, another one passes.
#[test]
fn what_is_denied_is_that_request_alone() {
    let steps = [call("elicited", "test_elicitation", json!({ "message": "who?" }))];
    behind(&denying("sampling/createMessage", "request"), &steps, |client, report| {
        assert_eq!(report["seen"]["asked"], json!(["elicitation/create who?"]), "{client:?}: {report}");
        assert!(
            report["elicited"]["text"].as_str().is_some_and(|text| text.contains("accept")),
            "{client:?}: {report}"
        );
    });
}

#[test]
fn a_changed_request_of_the_server_arrives_changed() {
    let steps = [call("sampled", "test_sampling", json!({ "prompt": "why?" }))];
    let pointer = "/messages/0/content/text";
    behind(&setting("sampling/createMessage", "request", pointer, json!("what?")), &steps, |client, report| {
        assert_eq!(report["seen"]["asked"], json!(["sampling/createMessage what?"]), "{client:?}: {report}");
        assert_eq!(report["sampled"]["text"], "LLM response: answer to what?", "{client:?}: {report}");
    });
}

#[test]
fn a_denied_answer_of_the_client_never_reaches_the_server() {
    let steps = [call("sampled", "test_sampling", json!({ "prompt": "why?" }))];
    behind(&denying("sampling/createMessage", "response"), &steps, |client, report| {
        assert_eq!(report["seen"]["asked"][0], "sampling/createMessage why?", "{client:?}: {report}");
        let refused = report["sampled"]["isError"] == true || report["sampled"]["error"].is_object();
        assert!(refused, "{client:?}: {report}");
        assert!(!report["sampled"].to_string().contains("answer to"), "{client:?}: {report}");
    });
}

#[test]
fn a_changed_answer_of_the_client_arrives_changed() {
    let steps = [call("sampled", "test_sampling", json!({ "prompt": "why?" }))];
    behind(&setting("sampling/createMessage", "response", "/content/text", json!("hush")), &steps, |client, report| {
        assert_eq!(report["sampled"]["text"], "LLM response: hush", "{client:?}: {report}");
    });
}

/// What the server asks outside of any request comes on a stream of its own, where there are sessions.
#[test]
fn a_denied_request_on_the_stream_of_a_session_never_reaches_the_client() {
    let Some(clients) = clients() else { return };
    let server = clients.node.server();
    let folder = folder(&url(server.address), &[denying("sampling/createMessage", "request")]);
    let weir = Weir::serve(folder.path());
    for client in REVISIONS.into_iter().filter(|client| client.has_sessions()) {
        let marker = json!({ "marker": client.revision });
        let steps = [
            call("listening", "listening", json!({})),
            call("later", "ask_later", marker.clone()),
            call("outcome", "asked", marker),
        ];
        let report = clients.run(client, &Place::Url(format!("http://{}/mcp", weir.gateway)), &steps);
        assert_eq!(report["seen"]["asked"], json!([]), "{client:?}: {report}");
        let outcome: Value = serde_json::from_str(report["outcome"]["text"].as_str().unwrap()).unwrap();
        assert!(outcome["code"].is_number(), "the server has to be told: {client:?}: {report}");
    }
}

/// The answer comes in an SSE stream, after progress that passes as it is.
#[test]
fn a_secret_in_a_stream_is_redacted() {
    let steps = [call("leaked", "leak", json!({}))];
    behind(&shipped("secret-redact"), &steps, |client, report| {
        let text = report["leaked"]["text"].as_str().unwrap_or_else(|| panic!("{client:?}: {report}"));
        assert_eq!(text, "the token is [REDACTED:github_pat] today", "{client:?}: {report}");
        assert_eq!(report["leaked"]["progress"], json!([[1, 2, "looking"]]), "{client:?}: {report}");
    });
}

#[test]
fn a_denied_answer_of_the_server_is_an_error_after_its_progress() {
    let steps = [call("leaked", "leak", json!({}))];
    behind(&denying("tools/call", "response"), &steps, |client, report| {
        assert_eq!(report["leaked"]["error"]["message"], "Interceptor validation failed", "{client:?}: {report}");
        assert!(!report.to_string().contains("ghp_"), "{client:?}: {report}");
    });
}
