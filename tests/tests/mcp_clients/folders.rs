//! Folders that the tests serve.

use std::fs;
use std::net::SocketAddr;

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::guests::{guest, scripted};
use weir_tests::repository::root;

/// A policy of a folder: its name and its component.
pub type Policy = (String, Vec<u8>);

/// The upstream of a server over HTTP, as the file wants it.
pub fn url(address: SocketAddr) -> String {
    format!("\"http://{address}/mcp\"")
}

/// The upstream of a server that is a process.
pub fn process(command: &[String]) -> String {
    // An array of strings is written alike in JSON and in TOML.
    format!("{{ command = {} }}", json!(command))
}

/// A folder with one route at `/mcp`.
pub fn folder(upstream: &str, policies: &[Policy]) -> Folder {
    let folder = Folder::new();
    let mut text = format!(
        "[gateway]\nchain_timeout_ms = 10000\n\n[engine]\npolicy_timeout_ms = 5000\n\n[[route]]\nname = \"tools\"\n\
         path = \"/mcp\"\nprotocol = \"mcp\"\nupstream = {upstream}\n"
    );
    for (name, bytes) in policies {
        folder.put(&format!("{name}.wasm"), bytes);
        text.push_str(&format!("\n[[policy]]\ncomponent = \"{name}.wasm\"\n"));
    }
    folder.put("weir.toml", text);
    folder
}

/// Policies that see everything and change nothing.
pub fn allowing() -> Vec<Policy> {
    ["allow-all", "parse-all"].map(|name| (name.to_owned(), guest(name).bytes)).into()
}

/// A policy that ships.
pub fn shipped(name: &str) -> Policy {
    let path = root().join("policies").join(format!("{name}.wasm"));
    (name.to_owned(), fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Denies an event in a phase.
pub fn denying(event: &str, phase: &str) -> Policy {
    let messages = json!([{ "message": "not here", "severity": "error" }]);
    policy("deny", "validation", event, phase, json!({ "valid": false, "severity": "error", "messages": messages }))
}

/// Lets an event pass in a phase only if the payload holds this value there.
pub fn demanding(event: &str, phase: &str, pointer: &str, value: Value) -> Policy {
    policy("demand", "validation", event, phase, json!({ "validIf": { "pointer": pointer, "equals": value } }))
}

/// Sets a value of an event in a phase.
pub fn setting(event: &str, phase: &str, pointer: &str, value: Value) -> Policy {
    policy("set", "mutation", event, phase, json!({ "edits": [{ "pointer": pointer, "value": value }] }))
}

fn policy(name: &str, kind: &str, event: &str, phase: &str, behaviour: Value) -> Policy {
    let hooks = json!([{ "events": [event], "phase": phase }]);
    let script = json!({ "name": name, "kind": kind, "hooks": hooks, "behaviour": behaviour });
    (name.to_owned(), scripted(&script).bytes)
}
