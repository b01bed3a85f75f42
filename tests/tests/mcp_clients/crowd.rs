//! Many sessions at once: nothing is lost, doubled or given to another.

use serde_json::{Value, json};
use weir_tests::node::node;
use weir_tests::weir::Weir;

use crate::folders::{allowing, folder, url};

/// How many clients are there at the same time.
const CLIENTS: usize = 200;

#[test]
fn two_hundred_sessions_keep_to_themselves() {
    crowd("2025-11-25");
}

#[test]
fn two_hundred_clients_without_sessions_keep_to_themselves() {
    crowd("2026-07-28");
}

/// Every client has streams that run at the same time, all of them with its own marker in each message.
fn crowd(revision: &str) {
    let Some(node) = node() else { return };
    let server = node.server();
    let folder = folder(&url(server.address), &allowing());
    let weir = Weir::serve(folder.path());
    let url = format!("http://{}/mcp", weir.gateway);
    let output = node.run("crowd.js", &[&url, revision, &CLIENTS.to_string()]);
    let told = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&told)
        .unwrap_or_else(|error| panic!("{error}: {told}\n{}\n{}", String::from_utf8_lossy(&output.stderr), weir.log()));
    assert_eq!(report["wrong"], json!([]), "{revision}: {report}\n{}", weir.log());
    assert_eq!(report["clients"], CLIENTS, "{report}");
    // Two streams of ten lines and an answer for each client, and more where there are sessions.
    assert!(report["messages"].as_u64().is_some_and(|count| count >= 22 * CLIENTS as u64), "{report}");
}
