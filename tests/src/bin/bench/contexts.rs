//! The cost of being inside a context: the real binary with its store, one connection, alternating calls inside and
//! outside of contexts.

use std::time::{Duration, Instant};

use serde_json::json;
use weir_tests::folder::Folder;
use weir_tests::http::{Connection, Message, Upstream};
use weir_tests::weir::Weir;

use crate::figures::{heading, show};

const ROUNDS: usize = 5;
const CALLS: usize = 1000;

pub fn run() {
    heading("Inside a context: POST of 1 KiB JSON over HTTP, recorded in SQLite; the binary itself");
    let answer = json!({ "text": "y".repeat(1000) });
    let upstream = Upstream::start(move |_| Message::json(200, &answer));
    let folder = Folder::new();
    let route = "[[route]]\nname = \"api\"\npath = \"/api\"\nprotocol = \"http\"\n";
    folder.put("weir.toml", format!("{route}upstream = \"http://{}/v1\"\n", upstream.address));
    let weir = Weir::serve(folder.path());
    let (mut outside, mut inside) = (weir.connect(), weir.connect());
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        call(&mut outside, &[], CALLS / 10);
        without.extend(call(&mut outside, &[], CALLS));
        let names = [("weir-agent-id", "bench"), ("weir-action-name", "call")];
        call(&mut inside, &names, CALLS / 10);
        with.extend(call(&mut inside, &names, CALLS));
    }
    let [plain, recorded] = [without, with].map(|mut times| {
        times.sort_unstable();
        (times[times.len() / 2], times[times.len() * 99 / 100])
    });
    println!("  outside: p50 {}, p99 {}", show(plain.0), show(plain.1));
    println!("  inside:  p50 {}, p99 {}", show(recorded.0), show(recorded.1));
    let added = (recorded.0.saturating_sub(plain.0), recorded.1.saturating_sub(plain.1));
    println!("  recording adds p50 {}, p99 {}", show(added.0), show(added.1));
}

fn call(connection: &mut Connection, names: &[(&str, &str)], calls: usize) -> Vec<Duration> {
    let body = json!({ "text": "x".repeat(1000) }).to_string();
    let headers = [&[("content-type", "application/json")], names].concat();
    (0..calls)
        .map(|_| {
            let start = Instant::now();
            let answer = connection.send("POST", "/api/x", &headers, body.as_bytes()).unwrap();
            assert_eq!(answer.status(), 200);
            start.elapsed()
        })
        .collect()
}
