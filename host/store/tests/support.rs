//! Stores and records for tests.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use weir_record::{Body, Record, RecordParts, RequestPayload, Status};
use weir_store::{Access, Store, StoreAddress, StoreError, StoreOptions};

use crate::database::Database;

/// A temporary folder, removed on drop.
pub struct Folder(PathBuf);

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!(
            "weir-store-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A store in this folder.
    pub fn address(&self) -> StoreAddress {
        StoreAddress::Sqlite(self.file("weir.db"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The store in a database.
pub fn in_database(database: &Database) -> StoreAddress {
    StoreAddress::Postgres(database.url())
}

pub async fn open(address: &StoreAddress) -> Arc<dyn Store> {
    weir_store::open(address, Access::Write, StoreOptions::default()).await.unwrap()
}

pub async fn open_to_read(address: &StoreAddress) -> Result<Arc<dyn Store>, StoreError> {
    weir_store::open(address, Access::Read, StoreOptions::default()).await
}

/// A record; its time follows its number.
pub fn record(number: usize, agent: &str, action: &str, response: Value) -> Record {
    let request = RequestPayload::new("https://api.example.com/v1", "POST", Body::Json(json!({ "n": number }).into()));
    Record::new(RecordParts {
        call_ref: call_ref(number),
        agent_id: (!agent.is_empty()).then(|| agent.to_owned()),
        action_name: (!action.is_empty()).then(|| action.to_owned()),
        intercept_index: None,
        request,
        response: Body::Json(response.into()),
        status: Status::Answered(200),
        decisions: Vec::new(),
        created_at: format!("2026-01-01T{:02}:{:02}:{:02}.000Z", number / 3600 % 24, number / 60 % 60, number % 60),
    })
}

pub fn call_ref(number: usize) -> String {
    format!("0190-{number:08}")
}

/// Appends this many records of one agent, in groups of ten.
pub async fn fill(store: &dyn Store, numbers: std::ops::Range<usize>) {
    let records: Vec<Record> = numbers.map(|n| record(n, "agent", "search", json!({ "answer": n }))).collect();
    for group in records.chunks(10) {
        store.append(group, weir_store::Attempt::First).await.unwrap();
    }
}

/// A test of this binary, run again as a separate process. An environment variable tells it that it is the other
/// process.
pub struct Process {
    child: std::process::Child,
    pub lines: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

impl Process {
    pub fn start(test: &str, environment: &[(&str, &str)]) -> Self {
        use std::io::BufRead;
        use std::process::{Command, Stdio};
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads until a line with this prefix; returns the rest of the line.
    pub fn says(&mut self, start: &str) -> Option<String> {
        // The harness may have written the start of the line.
        self.lines.by_ref().map_while(Result::ok).find_map(|line| {
            let at = line.find(start)?;
            Some(line[at + start.len()..].to_owned())
        })
    }

    /// Kills it without warning.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Closes its input, which makes it exit.
    pub fn finish(&mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
