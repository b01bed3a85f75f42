//! Crashes: a process killed in the middle of its work.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use weir_record::RecordMode;
use weir_record::chain::Verdict;
use weir_store::chain::verify;
use weir_store::{Filter, Journal, JournalError, Recorder, StoreAddress, WriterOptions};

use crate::database::Database;
use crate::support::{Folder, Process, call_ref, open, record};

/// The other process of both tests: this binary, run again.
const CHILD: &str = "killed::after_a_kill_the_chain_is_whole_and_what_was_lost_is_known_in_a_file";

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_chain_is_whole_and_what_was_lost_is_known_in_a_file() {
    if std::env::var_os("WEIR_CHILD_STORE").is_some() {
        return write_until_killed().await;
    }
    let folder = Folder::new();
    let address = format!("sqlite:{}", folder.file("weir.db").display());
    check(&address, &folder).await;
}

#[tokio::test]
async fn after_a_kill_the_chain_is_whole_and_what_was_lost_is_known_in_a_database() {
    let Some(database) = Database::new().await else { return };
    check(&database.url(), &Folder::new()).await;
    database.remove().await;
}

async fn check(address: &str, folder: &Folder) {
    let journal = folder.file("weir.db.accepted");
    let mut accepted = 0;
    for round in 0..3 {
        let environment = [
            ("WEIR_CHILD_STORE", address),
            ("WEIR_CHILD_JOURNAL", journal.to_str().unwrap()),
            ("WEIR_CHILD_FIRST", &format!("{}", round * 1_000_000)),
        ];
        let mut child = Process::start(CHILD, &environment);
        child.says("writing").unwrap();
        // While it runs, nobody else can open the journal.
        assert!(matches!(Journal::open(&journal), Err(JournalError::Held(_))));
        for _ in 0..200 + round * 57 {
            child.says("accepted ").unwrap();
            accepted += 1;
        }
        child.kill();

        let opened = open(&StoreAddress::parse(address, Path::new(".")).unwrap()).await;
        let (kept, left) = Journal::open(&journal).unwrap();
        let before = opened.counts().await.unwrap().audit_events;
        let (recorder, writer) = Recorder::start(
            Arc::clone(&opened),
            WriterOptions::default(),
            kept,
            left.clone(),
            RecordMode::Context,
            None,
        )
        .await
        .unwrap();
        let verdict = verify(&*opened, None, |_| {}).await.unwrap();
        assert!(matches!(verdict, Verdict::Whole { .. }), "{verdict:?}");
        let lost: BTreeSet<String> = writer.lost_before.iter().cloned().collect();
        assert!(!lost.is_empty(), "the load was such that something was always on its way");
        // Every accepted call of this round is either a row or lost, never both.
        let mut number = round * 1_000_000;
        while number < round * 1_000_000 + 200 {
            let call_ref = call_ref(number);
            let filter = Filter { call_ref: Some(call_ref.clone()), ..Filter::default() };
            let rows = opened.list(&filter, None, 10).await.unwrap().entries.len();
            assert_eq!(rows + usize::from(lost.contains(&call_ref)), 1, "{call_ref}: {rows} rows");
            number += 1;
        }
        for call_ref in &lost {
            assert!(opened.present(std::slice::from_ref(call_ref)).await.unwrap().is_empty());
        }
        let told = opened.events(Some("records.lost"), None, 1).await.unwrap().entries.remove(0);
        assert_eq!(opened.counts().await.unwrap().audit_events, before + 1);
        assert!(lost.iter().all(|call_ref| told.detail.contains(call_ref.as_str())), "{told:?}");
        let drained = writer.drain(Duration::from_secs(10)).await;
        assert_eq!(drained.lost, Vec::<String>::new());
        drop(recorder);
        // Reported once, not at every start.
        let (_, left) = Journal::open(&journal).unwrap();
        assert_eq!(left, Vec::<String>::new());
    }
    assert!(accepted > 600);
}

/// Runs in the other process.
async fn write_until_killed() {
    let variable = |name| std::env::var(name).unwrap();
    let store = open(&StoreAddress::parse(&variable("WEIR_CHILD_STORE"), Path::new(".")).unwrap()).await;
    let (journal, left) = Journal::open(Path::new(&variable("WEIR_CHILD_JOURNAL"))).unwrap();
    let (recorder, _writer) =
        Recorder::start(store, WriterOptions::default(), journal, left, RecordMode::Context, None).await.unwrap();
    println!("writing");
    let first: usize = variable("WEIR_CHILD_FIRST").parse().unwrap();
    for number in first.. {
        let permit = recorder.admit(&call_ref(number)).await.unwrap();
        // Some calls are still in progress while others are written.
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(number as u64 % 7)).await;
            permit.record(record(number, "agent", "search", json!({ "n": number })));
        });
        println!("accepted {number}");
        if number % 20 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
