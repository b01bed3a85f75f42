//! The folders of the gateway that the suite must not notice.

use std::net::SocketAddr;

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::guests::{guest, scripted};

/// A route and nothing else.
pub fn no_policy(upstream: SocketAddr) -> Folder {
    folder(upstream, "", &[])
}

/// A validator that passes everything, a mutator that reads all and changes nothing, one that answers so at once.
pub fn allow_all(upstream: SocketAddr) -> Folder {
    let still = component("still", "mutation", json!({ "change": "unmodified" }));
    let components =
        [("allow-all", guest("allow-all").bytes), ("parse-all", guest("parse-all").bytes), ("still", still)];
    folder(upstream, "", &components)
}

/// Policies that deny everything, change everything and fail at everything, all of them only watching.
pub fn audit(upstream: SocketAddr) -> Folder {
    let deny = component("deny", "validation", json!({ "valid": false, "severity": "error" }));
    let edits = json!([{ "pointer": "/added", "value": { "by": "a policy" } }]);
    let change = component("change", "mutation", json!({ "edits": edits }));
    let replace = component("replace", "mutation", json!({ "replace": { "nothing": "left" } }));
    let fail = component("fail", "validation", json!({ "fault": "error" }));
    let components = [("deny", deny), ("change", change), ("replace", replace), ("fail", fail)];
    folder(upstream, "overrides = { mode = \"audit\" }\n", &components)
}

/// A policy that denies the calls of tools and the reading of resources.
pub fn deny(upstream: SocketAddr) -> Folder {
    let hooks = json!([{ "events": ["tools/call", "resources/read"], "phase": "request" }]);
    let behaviour = json!({ "valid": false, "severity": "error" });
    let script = json!({ "name": "deny", "kind": "validation", "hooks": hooks, "behaviour": behaviour });
    folder(upstream, "", &[("deny", scripted(&script).bytes)])
}

fn folder(upstream: SocketAddr, settings: &str, components: &[(&str, Vec<u8>)]) -> Folder {
    let folder = Folder::new();
    let mut text = format!(
        "[gateway]\nchain_timeout_ms = 10000\n\n[engine]\npolicy_timeout_ms = 5000\n\n[[route]]\nname = \"tools\"\n\
         path = \"/mcp\"\nprotocol = \"mcp\"\nupstream = \"http://{upstream}/mcp\"\n"
    );
    for (name, bytes) in components {
        folder.put(&format!("{name}.wasm"), bytes);
        text.push_str(&format!("\n[[policy]]\ncomponent = \"{name}.wasm\"\n{settings}"));
    }
    folder.put("weir.toml", text);
    folder
}

fn component(name: &str, kind: &str, behaviour: Value) -> Vec<u8> {
    let hooks = json!([{ "events": ["*"], "phase": "request" }, { "events": ["*"], "phase": "response" }]);
    scripted(&json!({ "name": name, "kind": kind, "hooks": hooks, "behaviour": behaviour })).bytes
}
