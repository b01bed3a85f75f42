//! The tools of the test server.

use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Server;

/// The purpose of each tool.
const TOOLS: &[(&str, &str)] = &[
    ("echo", "gives its text back"),
    ("pid", "the number of the process"),
    ("count", "how often this was called in this process"),
    ("slow", "takes some steps of some milliseconds, with progress"),
    ("begun", "how often `slow` was begun in this process"),
    ("ask", "asks the client by a method, and gives its answer"),
    ("crash", "ends the process without an answer"),
    ("log", "writes to standard error and as a notification"),
    ("large", "answers with so many bytes"),
    ("noise", "writes a line that is no message, then answers"),
    ("child", "starts a process of its own and gives its number"),
    ("variable", "the value of a variable of the environment"),
    ("directory", "the folder that the process is in"),
    ("news", "tells that the list of tools has changed"),
    ("cancelled", "ids of requests that were cancelled"),
    ("heard", "the notifications that came"),
];

/// The tools as `tools/list` shows them.
pub fn list() -> Vec<Value> {
    let tool = |(name, description): &(&str, &str)| json!({"name": name, "description": description, "inputSchema": {"type": "object"}});
    TOOLS.iter().map(tool).collect()
}

/// Calls a tool. `None` if the call was cancelled in the meantime.
pub fn call(server: &Server, id: &Value, params: &Value) -> Option<String> {
    let arguments = &params["arguments"];
    let number = |name: &str| arguments[name].as_u64().unwrap_or_default();
    let text = |name: &str| arguments[name].as_str().unwrap_or_default();
    Some(match params["name"].as_str().unwrap_or_default() {
        "echo" => text("text").to_owned(),
        "pid" => std::process::id().to_string(),
        "count" => (server.count.fetch_add(1, Ordering::SeqCst) + 1).to_string(),
        "slow" => return slow(server, id, params, number("steps"), Duration::from_millis(number("ms"))),
        "begun" => server.begun.load(Ordering::SeqCst).to_string(),
        "ask" => {
            let answer = server.ask(text("method"), arguments["params"].clone());
            answer.get("result").unwrap_or(&answer["error"]).to_string()
        }
        "crash" => std::process::exit(9),
        "log" => {
            eprintln!("{}", text("text"));
            let params = json!({"level": "info", "data": text("text")});
            server.say(&json!({"jsonrpc": "2.0", "method": "notifications/message", "params": params}));
            "logged".to_owned()
        }
        "large" => "x".repeat(usize::try_from(number("bytes")).unwrap()),
        "noise" => {
            server.say_line("this is no message");
            server.say_line("{\"half\":");
            "said".to_owned()
        }
        "child" => {
            #[expect(clippy::zombie_processes, reason = "whoever ends this process has to end that one")]
            let child = Command::new("sleep").arg("600").stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
            child.id().to_string()
        }
        "variable" => std::env::var(text("name")).unwrap_or_else(|_| "(none)".to_owned()),
        "directory" => std::env::current_dir().unwrap().display().to_string(),
        "news" => {
            server.news("notifications/tools/list_changed");
            "told".to_owned()
        }
        "cancelled" => server.cancelled.lock().unwrap().len().to_string(),
        "heard" => server.heard.lock().unwrap().join(" "),
        other => format!("there is no tool {other}"),
    })
}

fn slow(server: &Server, id: &Value, params: &Value, steps: u64, pause: Duration) -> Option<String> {
    server.begun.fetch_add(1, Ordering::SeqCst);
    let token = params["_meta"].get("progressToken");
    for step in 1..=steps {
        std::thread::sleep(pause);
        if server.is_cancelled(id) {
            return None;
        }
        if let Some(token) = token {
            let params = json!({"progressToken": token, "progress": step, "total": steps});
            server.say(&json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}));
        }
    }
    Some(format!("{steps} steps {}", params["arguments"]["text"].as_str().unwrap_or_default()))
}
