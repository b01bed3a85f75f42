//! Servers that are processes, and clients that start the gateway as one.

use serde_json::json;
use weir_tests::weir::Weir;

use crate::client::{ALL, Place, REVISIONS, assert_same, call, clients, through_weir_stdio};
use crate::folders::{allowing, demanding, denying, folder, process, shipped};
use crate::whole::{check_everything, settled, steps_of_everything};

const EVERYTHING: &str = "node_modules/@modelcontextprotocol/server-everything/dist/index.js";

#[test]
fn a_server_of_another_maker_works_as_a_process_behind_the_gateway() {
    let Some(clients) = clients() else { return };
    let command = clients.node.words(EVERYTHING, &["stdio"]);
    let folder = folder(&process(&command), &allowing());
    let weir = Weir::serve(folder.path());
    for client in ALL.into_iter().filter(|client| client.falls_back()) {
        let direct = clients.run(client, &Place::Command(command.clone()), &steps_of_everything());
        check_everything(client, &direct);
        let place = Place::Url(format!("http://{}/mcp", weir.gateway));
        let through = clients.run(client, &place, &steps_of_everything());
        check_everything(client, &through);
        assert_same(client, "policies that allow", &settled(direct), &settled(through), &weir.log());
    }
}

#[test]
fn a_server_of_another_maker_works_through_weir_stdio() {
    let Some(clients) = clients() else { return };
    let command = clients.node.words(EVERYTHING, &["stdio"]);
    let folder = folder(&process(&command), &allowing());
    let through = Place::Command(through_weir_stdio(folder.path(), &command));
    for client in ALL.into_iter().filter(|client| client.falls_back()) {
        let direct = clients.run(client, &Place::Command(command.clone()), &steps_of_everything());
        let through = clients.run(client, &through, &steps_of_everything());
        check_everything(client, &through);
        assert_same(client, "`weir stdio`", &settled(direct), &settled(through), "in standard error");
    }
}

/// In every revision, over both ways to a process.
#[test]
fn policies_judge_what_processes_are_told_and_tell() {
    let Some(clients) = clients() else { return };
    let command = clients.node.words("server/stdio.js", &[]);
    let cases = [
        (demanding("tools/call", "request", "/arguments/text", json!("yes")), "denied"),
        (shipped("secret-redact"), "redacted"),
        (denying("sampling/createMessage", "request"), "asked"),
    ];
    for (policy, what) in cases {
        let folder = folder(&process(&command), &[policy]);
        let weir = Weir::serve(folder.path());
        let places = [
            Place::Url(format!("http://{}/mcp", weir.gateway)),
            Place::Command(through_weir_stdio(folder.path(), &command)),
        ];
        for (client, place) in REVISIONS.into_iter().flat_map(|client| places.each_ref().map(|place| (client, place))) {
            let step = match what {
                "denied" => call(what, "echo", json!({ "text": "no" })),
                "redacted" => call(what, "leak", json!({})),
                _ => call(what, "test_sampling", json!({ "prompt": "why?" })),
            };
            let report = clients.run(client, place, &[step]);
            assert_eq!(report["protocol"], client.revision, "{report}");
            match what {
                "denied" => assert_eq!(report[what]["error"]["code"], -32602, "{client:?}: {report}"),
                "redacted" => {
                    let text = report[what]["text"].as_str().unwrap_or_else(|| panic!("{client:?}: {report}"));
                    assert_eq!(text, "the token is [REDACTED:github_pat] today", "{client:?}: {report}");
                }
                _ => {
                    assert_eq!(report["seen"]["asked"], json!([]), "{client:?}: {report}");
                    assert!(!report[what].to_string().contains("answer to"), "{client:?}: {report}");
                }
            }
        }
    }
}
