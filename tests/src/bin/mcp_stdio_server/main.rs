//! A small stdio MCP server for both eras, for tests: each tool shows one thing that a gateway must handle correctly.
//!
//! Independent of the gateway's code on purpose, like a third-party server. Arguments change its behaviour:
//! `--stubborn` keeps running after its input ends, `--fail` exits at once.

#![allow(clippy::unwrap_used, reason = "a server for tests that cannot go on fails")]

mod tools;

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// The revision of a stateless request.
const STATELESS: &str = "2026-07-28";
/// The revision of a stateless request (key).
const REVISION: &str = "io.modelcontextprotocol/protocolVersion";
/// The subscription of a notification (key).
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// What all requests share.
#[derive(Default)]
pub struct Server {
    output: Mutex<()>,
    /// The client's answers to our requests.
    answers: Mutex<HashMap<String, Value>>,
    answered: Condvar,
    cancelled: Mutex<HashSet<String>>,
    /// Ids of open listen requests.
    listening: Mutex<Vec<Value>>,
    asked: AtomicU64,
    /// Requests in progress.
    working: AtomicU64,
    /// Calls of the tool `count`.
    count: AtomicU64,
    /// Calls of the tool `slow`.
    begun: AtomicU64,
    /// Notifications received, in order.
    heard: Mutex<Vec<String>>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("--fail") {
        eprintln!("cannot start: no reason");
        std::process::exit(3);
    }
    eprintln!("test server ready");
    let server = Arc::new(Server::default());
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(message) => server.clone().take(message),
            Err(error) => eprintln!("not a message: {error}"),
        }
    }
    while server.working.load(Ordering::SeqCst) > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    eprintln!("input closed");
    if has("--stubborn") {
        std::thread::sleep(Duration::from_secs(600));
    }
}

impl Server {
    /// Writes one message.
    pub fn say(&self, message: &Value) {
        self.say_line(&message.to_string());
    }

    /// Writes a line unchanged.
    pub fn say_line(&self, line: &str) {
        let _order = self.output.lock().unwrap();
        let mut output = io::stdout().lock();
        // If the other end is closed, nobody needs the output.
        let _ = writeln!(output, "{line}").and_then(|()| output.flush());
    }

    /// Sends a request to the client and waits for the answer.
    pub fn ask(&self, method: &str, params: Value) -> Value {
        let id = format!("q{}", self.asked.fetch_add(1, Ordering::SeqCst));
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let mut answers = self.answers.lock().unwrap();
        loop {
            if let Some(answer) = answers.remove(&id) {
                return answer;
            }
            let (waited, timeout) = self.answered.wait_timeout(answers, Duration::from_secs(20)).unwrap();
            answers = waited;
            if timeout.timed_out() {
                return json!({"error": {"message": "nobody answered"}});
            }
        }
    }

    /// Whether a request was cancelled.
    pub fn is_cancelled(&self, id: &Value) -> bool {
        self.cancelled.lock().unwrap().contains(&id.to_string())
    }

    /// Notifies the listeners.
    pub fn news(&self, method: &str) {
        let listening = self.listening.lock().unwrap().clone();
        for id in &listening {
            let meta = json!({ SUBSCRIPTION: id });
            self.say(&json!({"jsonrpc": "2.0", "method": method, "params": {"_meta": meta}}));
        }
        if listening.is_empty() {
            self.say(&json!({"jsonrpc": "2.0", "method": method}));
        }
    }

    fn take(self: Arc<Self>, message: Value) {
        let id = message.get("id").cloned();
        match (message["method"].as_str().map(str::to_owned), id) {
            (Some(method), Some(id)) => {
                self.working.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    self.request(&method, &id, &message["params"]);
                    self.working.fetch_sub(1, Ordering::SeqCst);
                });
            }
            (Some(method), None) => {
                if method == "notifications/cancelled" {
                    self.cancelled.lock().unwrap().insert(message["params"]["requestId"].to_string());
                }
                self.heard.lock().unwrap().push(method);
            }
            (None, Some(id)) => {
                self.answers.lock().unwrap().insert(id.as_str().unwrap_or_default().to_owned(), message);
                self.answered.notify_all();
            }
            (None, None) => eprintln!("neither request nor answer"),
        }
    }

    fn request(&self, method: &str, id: &Value, params: &Value) {
        let stateless = params["_meta"][REVISION] == STATELESS;
        let mut result = match method {
            "initialize" => initialize(params),
            "ping" => json!({}),
            "server/discover" => json!({
                "supportedVersions": [STATELESS],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "test", "version": "1"},
            }),
            "tools/list" => json!({"tools": tools::list()}),
            "tools/call" => match tools::call(self, id, params) {
                Some(text) => json!({"content": [{"type": "text", "text": text}]}),
                // It was cancelled, so nobody waits for the answer.
                None => return,
            },
            "subscriptions/listen" => return self.listen(id),
            other => {
                let error = json!({"code": -32601, "message": format!("no method {other}")});
                return self.say(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
            }
        };
        if stateless {
            result["resultType"] = json!("complete");
            result["ttlMs"] = json!(0);
            result["cacheScope"] = json!("private");
        }
        self.say(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    fn listen(&self, id: &Value) {
        self.listening.lock().unwrap().push(id.clone());
        let meta = json!({ SUBSCRIPTION: id });
        let method = "notifications/subscriptions/acknowledged";
        self.say(&json!({"jsonrpc": "2.0", "method": method, "params": {"_meta": meta, "notifications": {}}}));
    }
}

fn initialize(params: &Value) -> Value {
    let wanted = params["protocolVersion"].as_str().unwrap_or_default();
    let known = ["2025-06-18", "2025-11-25"];
    let revision = known.into_iter().find(|revision| *revision == wanted).unwrap_or("2025-11-25");
    json!({
        "protocolVersion": revision,
        "capabilities": {"tools": {"listChanged": true}, "logging": {}},
        "serverInfo": {"name": "test", "version": "1", "pid": std::process::id()},
    })
}
