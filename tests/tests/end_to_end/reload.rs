//! The folder changes while calls run: none fails, none is half old and half new; what is not right is not taken.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use weir_tests::folder::Folder;
use weir_tests::guests::guest;
use weir_tests::http::Upstream;
use weir_tests::weir::Weir;

use crate::sample::{call, entry, head, marking};

/// How often the folder changes, and how many calls are made meanwhile at the least.
const CHANGES: u64 = 24;
const CALLS: usize = 5000;
const CONNECTIONS: usize = 6;

/// A change that is not right: what must be named, how it is made, and how it is taken back.
type Edit<'a> = (&'a str, &'a dyn Fn(), &'a dyn Fn());

/// Two sets of two policies each; every policy marks requests and responses with the number of its set.
fn two_sets(upstream: &Upstream) -> (Folder, [String; 2]) {
    let folder = Folder::new();
    for set in [1, 2] {
        folder.put(&format!("a-{set}.wasm"), marking("a", "/a", set));
        folder.put(&format!("b-{set}.wasm"), marking("b", "/b", set));
    }
    let settings = |set| head(upstream.address) + &entry(&format!("a-{set}.wasm")) + &entry(&format!("b-{set}.wasm"));
    (folder, [settings(1), settings(2)])
}

#[test]
fn no_call_fails_and_none_is_half_old_and_half_new() {
    // Long enough that whenever the set changes, calls are between their two halves.
    let upstream = Upstream::reflecting_after(Duration::from_millis(2));
    let (folder, sets) = two_sets(&upstream);
    folder.put("weir.toml", &sets[0]);
    let weir = Weir::serve(folder.path());
    let over = AtomicBool::new(false);
    let (calls, by_set) = (AtomicUsize::new(0), [AtomicUsize::new(0), AtomicUsize::new(0)]);

    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                // If this thread fails, the others need not go on.
                let _stop = StopOnPanic(&over);
                let mut connection = weir.connect();
                while !over.load(Ordering::Relaxed) || calls.load(Ordering::Relaxed) < CALLS {
                    let id = calls.fetch_add(1, Ordering::Relaxed);
                    let answer = connection.post("/mcp", &call(id, json!({}))).expect("every call is answered");
                    let set = set_of(id, answer.status(), &answer.value());
                    by_set[set - 1].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            let _stop = StopOnPanic(&over);
            for change in 1..=CHANGES {
                folder.put("weir.toml", &sets[usize::from(change % 2 == 1)]);
                weir.wait_until("the change is taken", |weir| {
                    weir.epoch() == change + 1 || over.load(Ordering::Relaxed)
                });
            }
            over.store(true, Ordering::Relaxed);
        });
    });

    let [first, second] = by_set.map(AtomicUsize::into_inner);
    println!("{} calls, {first} by the first set, {second} by the second, {CHANGES} changes", first + second);
    assert!(first + second >= CALLS && first > CALLS / 10 && second > CALLS / 10, "{first} {second}");
    assert_eq!(weir.epoch(), CHANGES + 1);
    let reloads = weir.metric("weir_reloads_total{result=\"ok\"}");
    assert_eq!(reloads, Some(CHANGES as f64), "{}", reload_metrics(&weir));
}

/// The set that a call ran through, which must be one and the same in both halves.
fn set_of(id: usize, status: u16, answer: &Value) -> usize {
    assert_eq!((status, &answer["id"]), (200, &json!(id)), "{answer}");
    let (result, params) = (&answer["result"], &answer["result"]["received"]);
    let marks = [&params["a"], &params["b"], &result["a"], &result["b"]];
    assert!(marks.iter().all(|mark| *mark == marks[0]), "half old and half new: {answer}");
    match marks[0].as_u64() {
        Some(set @ (1 | 2)) => set as usize,
        _ => panic!("marked by neither set: {answer}"),
    }
}

struct StopOnPanic<'a>(&'a AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_bad_edit_keeps_the_old_set_and_says_why() {
    let upstream = Upstream::reflecting();
    let (folder, sets) = two_sets(&upstream);
    folder.put("weir.toml", &sets[0]);
    let weir = Weir::serve(folder.path());
    let mut connection = weir.connect();
    let mut set = |id| {
        let answer = connection.post("/mcp", &call(id, json!({}))).unwrap();
        set_of(id, answer.status(), &answer.value())
    };
    assert_eq!(set(1), 1);

    let good = std::fs::read(folder.path().join("a-1.wasm")).unwrap();
    let put_component = |bytes: &[u8]| folder.put("a-1.wasm", bytes);
    let put_settings = |text: &str| folder.put("weir.toml", text);
    let wider = format!("{}overrides = {{ hooks = [{{ events = [\"*\"], phase = \"sideways\" }}] }}\n", sets[0]);
    let edits: [Edit<'_>; 4] = [
        ("fuell", &|| put_settings(&format!("{}overrides = {{ fuell = 1 }}\n", sets[1])), &|| put_settings(&sets[0])),
        ("sideways", &|| put_settings(&wider), &|| put_settings(&sets[0])),
        ("a-1.wasm", &|| put_component(&good[..good.len() / 2]), &|| put_component(&good)),
        ("a-1.wasm", &|| put_component(&guest("unknown-import").bytes), &|| put_component(&good)),
    ];
    for (round, (named, break_it, mend)) in edits.iter().enumerate() {
        let refused = || weir.metric("weir_reloads_total{result=\"failed\"}").unwrap_or(0.0);
        let before = (refused(), weir.epoch());
        break_it();
        weir.wait_until("the refusal is shown", |weir| {
            weir.admin("/v1/policies").value()["reload"]["errors"].is_array()
        });
        let reload = weir.admin("/v1/policies").value()["reload"].clone();
        assert!(reload["errors"].to_string().contains(named), "round {round}: {reload}");
        assert!(reload["failedAt"].is_string(), "{reload}");
        assert!(refused() > before.0, "round {round}: {}", reload_metrics(&weir));
        assert!(weir.log().contains(named), "round {round}: {}", weir.log());
        assert_eq!((weir.epoch(), set(10 + round)), (before.1, 1), "the old set goes on");
        assert_eq!(weir.admin("/readyz").status(), 200, "the old set serves");

        mend();
        weir.wait_until("all is well again", |weir| weir.admin("/v1/policies").value()["reload"]["errors"].is_null());
        assert_eq!(set(20 + round), 1);
    }
    put_settings(&sets[1]);
    weir.wait_until("the other set serves", |_| set(30) == 2);
}

#[test]
fn a_component_that_is_replaced_is_taken_over() {
    let upstream = Upstream::reflecting();
    let folder = Folder::new();
    folder.put("weir.toml", head(upstream.address) + &entry("a.wasm"));
    folder.put("a.wasm", marking("a", "/a", "before"));
    let weir = Weir::serve(folder.path());
    let mut connection = weir.connect();
    let mut mark = || connection.post("/mcp", &call(1, json!({}))).unwrap().value()["result"]["a"].clone();
    assert_eq!(mark(), "before");
    folder.put("a.wasm", marking("a", "/a", "after"));
    weir.wait_until("the new component serves", |_| mark() == "after");
}

fn reload_metrics(weir: &Weir) -> String {
    weir.admin("/metrics").text().lines().filter(|line| line.contains("reload")).collect::<Vec<_>>().join("\n")
}
