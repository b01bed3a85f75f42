//! `weir records` over a store that has some, compared with snapshots.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use weir_record::{Body, Decision, Record, RecordParts, RequestPayload, Status};
use weir_store::{Access, Attempt, AuditEvent, StoreAddress, StoreOptions};

use crate::shown::{Runs, shown};

/// A folder with a store; gone with its owner.
struct Served(PathBuf);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn served(name: &str, text: &str) -> Served {
    let path = std::env::temp_dir().join(format!("weir-records-{}-{name}", std::process::id()));
    fs::create_dir_all(path.join("served")).unwrap();
    fs::write(path.join("served/weir.toml"), text).unwrap();
    Served(path)
}

fn record(number: usize) -> Record {
    let agent = if number.is_multiple_of(2) { "planner" } else { "\u{1b}[31mred" };
    Record::new(RecordParts {
        call_ref: format!("0190{number:04}-0000-7000-8000-000000000000"),
        agent_id: Some(agent.into()),
        action_name: Some("search".into()),
        intercept_index: Some(number as i64),
        request: RequestPayload::new(
            "https://u:p@api.example.com/v1?q=x&key=s",
            "POST",
            Body::Json(json!({"n": number}).into()),
        ),
        response: Body::Json(json!({ "answer": number }).into()),
        status: if number == 3 { Status::Denied } else { Status::Answered(200) },
        decisions: vec![Decision::Omitted { omitted: 1 }],
        created_at: format!("2026-01-01T00:00:{number:02}.000Z"),
    })
}

/// Six records in the store that is usual, closed again.
fn with_records(name: &str) -> Served {
    let folder = served(name, "[records]\nmode = \"context\"\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let address = StoreAddress::parse("sqlite:weir.db", &folder.0.join("served")).unwrap();
        let store = weir_store::open(&address, Access::Write, StoreOptions::default()).await.unwrap();
        let records: Vec<Record> = (1..=6).map(record).collect();
        store.append(&records, Attempt::First).await.unwrap();
        let detail =
            json!({"reason": "the process ended before they were written", "count": 1, "callRefs": ["0190-lost"]});
        let event = AuditEvent {
            id: 0,
            kind: "records.lost".into(),
            at: "2026-01-02T00:00:00.000Z".into(),
            call_ref: None,
            detail: detail.to_string(),
        };
        store.note(&[event]).await.unwrap();
    });
    folder
}

fn weir(folder: &Served, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .arg("records")
        .args(arguments)
        .arg("served")
        .current_dir(&folder.0)
        .env_remove("WEIR_LOG")
        .output()
        .unwrap();
    shown(&output)
}

fn check(runs: &mut Runs, name: &str, folder: &Served, arguments: &[&str]) {
    runs.add(name, &weir(folder, arguments));
}

#[test]
fn records_are_listed_shown_and_exported() {
    let mut runs = Runs::new("records", "looked-at");
    let folder = with_records("look");
    check(&mut runs, "list", &folder, &["list"]);
    check(&mut runs, "list-page", &folder, &["list", "--limit", "2", "--agent-id", "planner"]);
    check(&mut runs, "list-json", &folder, &["list", "--limit", "1", "--json"]);
    check(&mut runs, "list-none", &folder, &["list", "--from", "2026-01-02"]);
    check(&mut runs, "list-wrong-time", &folder, &["list", "--from", "yesterday"]);
    check(&mut runs, "show", &folder, &["show", "3"]);
    check(&mut runs, "show-none", &folder, &["show", "77"]);
    runs.compare();
    let by_reference = weir(&folder, &["show", "01900003-0000-7000-8000-000000000000", "--json"]);
    assert!(by_reference.starts_with("exit 0\n") && by_reference.contains("\"id\": 3"), "{by_reference}");

    let export = |arguments: &[&str]| -> Vec<Value> {
        let text = weir(&folder, &[&["export"], arguments].concat());
        let lines = text.lines().filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>();
    let all = export(&[]);
    assert_eq!(ids(&all), [1, 2, 3, 4, 5, 6]);
    assert!(all.windows(2).all(|pair| pair[1]["previousHash"] == pair[0]["hash"]));
    assert_eq!(ids(&export(&["--agent-id", "planner", "--limit", "2"])), [2, 4]);
    assert_eq!(ids(&export(&["--from", "2026-01-01T00:00:03Z", "--to", "2026-01-01T00:00:05Z"])), [3, 4]);
    assert_eq!(ids(&export(&["--call-ref", "01900005-0000-7000-8000-000000000000", "--action-name", "search"])), [5]);
}

#[test]
fn the_check_says_what_holds_and_what_does_not() {
    let mut runs = Runs::new("records", "verified");
    let folder = with_records("verify");
    check(&mut runs, "verify", &folder, &["verify"]);
    check(&mut runs, "verify-json", &folder, &["verify", "--json"]);
    check(&mut runs, "verify-anchor", &folder, &["verify", "--anchor", &format!("2:{}", "0".repeat(64))]);
    check(&mut runs, "verify-anchor-malformed", &folder, &["verify", "--anchor", "2:abc"]);

    // As with an editor of bytes.
    let path = folder.0.join("served/weir.db");
    let mut bytes = fs::read(&path).unwrap();
    let text = b"{\"answer\":4}";
    let at = bytes.windows(text.len()).position(|window| window == text).expect("the record is in the file");
    bytes[at + 10] = b'5';
    fs::write(&path, bytes).unwrap();
    check(&mut runs, "verify-altered", &folder, &["verify"]);
    check(&mut runs, "verify-altered-json", &folder, &["verify", "--json"]);
    runs.compare();
}

#[test]
fn stores_that_are_not_there_are_named() {
    let mut runs = Runs::new("records", "not-there");
    let usual = served("usual", "[gateway]\n");
    check(&mut runs, "no-records-yet", &usual, &["list"]);
    let chosen = served("chosen", "[records]\nstore = \"sqlite:elsewhere/weir.db\"\n");
    check(&mut runs, "no-file", &chosen, &["verify"]);
    let text = served("text", "[records]\nstore = \"sqlite:weir.toml\"\n");
    check(&mut runs, "no-database", &text, &["verify"]);
    let server = served("server", "[records]\nstore = \"postgres://weir:hunter2@127.0.0.1:1/weir\"\n");
    check(&mut runs, "no-server", &server, &["list"]);
    let wrong = served("wrong", "[trust]\nenabled = true\n");
    check(&mut runs, "wrong-file", &wrong, &["list"]);
    runs.compare();
}
