//! The end of the process: calls in flight are answered, new ones are not taken.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use weir_tests::folder::Folder;
use weir_tests::http::{Message, Upstream};
use weir_tests::weir::Weir;

use crate::sample::{call, entry, head, marking};

#[test]
fn calls_in_flight_are_answered_and_new_ones_refused() {
    const CALLS: usize = 8;
    const SLOW: Duration = Duration::from_millis(1500);
    let arrived = Arc::new(AtomicUsize::new(0));
    let upstream = Upstream::start({
        let arrived = Arc::clone(&arrived);
        move |request| {
            arrived.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(SLOW);
            Message::json(200, &json!({ "jsonrpc": "2.0", "id": request.value()["id"], "result": {} }))
        }
    });
    let folder = Folder::new();
    folder.put("weir.toml", head(upstream.address) + &entry("mark.wasm"));
    folder.put("mark.wasm", marking("mark", "/marked", true));
    let mut weir = Weir::serve(folder.path());

    let callers: Vec<_> = (0..CALLS)
        .map(|id| {
            let mut connection = weir.connect();
            std::thread::spawn(move || connection.post("/mcp", &call(id, json!({}))))
        })
        .collect();
    weir.wait_until("all calls are at the upstream", |_| arrived.load(Ordering::SeqCst) == CALLS);
    let mut idle = weir.connect();
    assert_eq!(idle.post("/nowhere", &json!({})).unwrap().status(), 404);
    let asked = Instant::now();
    weir.terminate();

    weir.wait_until("new connections are refused", |weir| TcpStream::connect(weir.gateway).is_err());
    assert!(asked.elapsed() < SLOW, "the listener stayed open for as long as the calls");
    // A connection that was idle is closed, or its next call is refused; it is not served.
    let late = idle.post("/mcp", &call(99, json!({})));
    assert!(late.as_ref().is_ok_and(|late| late.status() >= 500) || late.is_err(), "{late:?}");
    for caller in callers {
        let answer = caller.join().unwrap().unwrap();
        assert_eq!((answer.status(), &answer.value()["result"]["marked"]), (200, &json!(true)), "{answer:?}");
    }
    assert!(weir.wait().success(), "{}", weir.log());
    assert_eq!(arrived.load(Ordering::SeqCst), CALLS);
}

#[test]
fn what_never_ends_is_cut_off_after_the_grace_period() {
    let upstream = Upstream::start(|_| {
        std::thread::sleep(Duration::from_secs(60));
        Message::json(200, &json!({}))
    });
    let folder = Folder::new();
    let settings = head(upstream.address).replace("[gateway]\n", "[gateway]\ndrain_timeout_ms = 500\n");
    folder.put("weir.toml", settings);
    let mut weir = Weir::serve(folder.path());
    let mut connection = weir.connect();
    let caller = std::thread::spawn(move || connection.post("/mcp", &call(1, json!({}))));
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    weir.terminate();
    weir.wait();
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
    assert!(caller.join().unwrap().is_err());
}
