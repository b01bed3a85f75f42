//! Folders that the tests serve.

use std::fs;
use std::net::SocketAddr;

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::guests::scripted;
use weir_tests::repository::{root, shipped_guests};

/// A copy of the shipped folder, so that a test may change it.
pub fn shipped() -> Folder {
    let folder = Folder::new();
    let policies = root().join("policies");
    folder.put("weir.toml", fs::read(policies.join("weir.toml")).unwrap());
    for name in shipped_guests() {
        let file = format!("{name}.wasm");
        let bytes = fs::read(policies.join(&file)).unwrap_or_else(|error| {
            panic!("policies/{file}: {error}; run `cargo xtask guests`");
        });
        folder.put(&file, bytes);
    }
    folder
}

/// The head of a `weir.toml` with one MCP route.
pub fn head(upstream: SocketAddr) -> String {
    format!(
        "[gateway]\nchain_timeout_ms = 10000\n\n[[route]]\nname = \"tools\"\npath = \"/mcp\"\nprotocol = \"mcp\"\n\
         upstream = \"http://{upstream}/mcp\"\n"
    )
}

/// An entry of a `weir.toml`.
pub fn entry(component: &str) -> String {
    format!("\n[[policy]]\ncomponent = \"{component}\"\n")
}

/// A policy that writes a value at a place of every request and response.
pub fn marking(name: &str, pointer: &str, value: impl Into<Value>) -> Vec<u8> {
    let edits = json!([{ "pointer": pointer, "value": value.into() }]);
    component(name, "mutation", json!({ "edits": edits }))
}

/// A policy that behaves so on every request and response.
pub fn component(name: &str, kind: &str, behaviour: Value) -> Vec<u8> {
    let hooks = json!([{ "events": ["*"], "phase": "request" }, { "events": ["*"], "phase": "response" }]);
    scripted(&json!({ "name": name, "kind": kind, "hooks": hooks, "behaviour": behaviour })).bytes
}

/// A call of a tool.
pub fn call(id: usize, arguments: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": "tool", "arguments": arguments } })
}
