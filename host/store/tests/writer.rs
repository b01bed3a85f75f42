//! The queue of records: bounds, groups, failures, draining.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use weir_record::RecordMode;
use weir_record::chain::Verdict;
use weir_store::chain::verify;
use weir_store::{Admission, Counters, Filter, Journal, Recorder, Store, WhenFull, Writer, WriterOptions};

use crate::support::{Folder, call_ref, open, record};

async fn start(folder: &Folder, store: &Arc<dyn Store>, options: WriterOptions) -> (Recorder, Writer) {
    let (journal, left) = Journal::open(&folder.file("accepted")).unwrap();
    Recorder::start(Arc::clone(store), options, journal, left, RecordMode::Context, None).await.unwrap()
}

async fn until(recorder: &Recorder, holds: impl Fn(&Counters) -> bool) -> Counters {
    let start = Instant::now();
    loop {
        let counters = recorder.counters();
        if holds(&counters) {
            return counters;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{counters:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_written_in_groups_and_in_order() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    let (groups, newest) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicI64::new(0)));
    let on_commit = {
        let (groups, newest) = (Arc::clone(&groups), Arc::clone(&newest));
        Box::new(move |appended: &weir_store::Appended| {
            groups.fetch_add(1, Ordering::Relaxed);
            newest.store(appended.head.id, Ordering::Relaxed);
        })
    };
    let (journal, left) = Journal::open(&folder.file("accepted")).unwrap();
    let (recorder, writer) =
        Recorder::start(Arc::clone(&store), WriterOptions::default(), journal, left, RecordMode::All, Some(on_commit))
            .await
            .unwrap();
    for n in 0..2000 {
        recorder.admit(&call_ref(n)).await.unwrap().record(record(n, "a", "b", json!(n)));
    }
    let drained = writer.drain(Duration::from_secs(30)).await;
    assert_eq!((drained.written, drained.lost.len(), drained.head.unwrap().id), (2000, 0, 2000));
    let counters = recorder.counters();
    assert_eq!(
        (
            counters.accepted,
            counters.written,
            counters.queue.depth,
            counters.queue.waiting,
            counters.queue.waiting_bytes
        ),
        (2000, 2000, 0, 0, 0)
    );
    assert!(counters.groups < 500, "{counters:?}");
    assert_eq!((groups.load(Ordering::Relaxed), newest.load(Ordering::Relaxed)), (counters.groups, 2000));
    let rows = store.behind(0, 1000).await.unwrap();
    assert!(rows.iter().enumerate().all(|(n, row)| row.call_ref == call_ref(n)), "they stand in their order");
    assert_eq!(recorder.admit("late").await.err(), Some(Admission::Closed));
    assert!(matches!(verify(&*store, None, |_| {}).await.unwrap(), Verdict::Whole { .. }));
}

/// A lock held by another connection makes every commit fail.
fn hold(folder: &Folder) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(folder.file("weir.db")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

#[tokio::test]
async fn a_full_queue_refuses_and_recovers_without_a_loss() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    let options = WriterOptions { queue: 50, when_full: WhenFull::Fail, ..WriterOptions::default() };
    let (recorder, writer) = start(&folder, &store, options).await;
    let lock = hold(&folder);
    for n in 0..50 {
        recorder.admit(&call_ref(n)).await.unwrap().record(record(n, "a", "b", json!(n)));
    }
    for n in 50..60 {
        assert_eq!(recorder.admit(&call_ref(n)).await.err(), Some(Admission::Full));
    }
    let counters = until(&recorder, |counters| counters.failing.is_some()).await;
    assert_eq!((counters.refused, counters.queue.depth, counters.written, counters.lost), (10, 50, 0, 0));
    assert!(counters.failing.unwrap().contains("locked"));
    lock.execute_batch("ROLLBACK").unwrap();
    let counters = until(&recorder, |counters| counters.written == 50 && counters.queue.depth == 0).await;
    assert!(counters.failing.is_none() && counters.failed_commits > 0, "{counters:?}");
    recorder.admit(&call_ref(50)).await.unwrap().record(record(50, "a", "b", json!(50)));
    assert_eq!(writer.drain(Duration::from_secs(30)).await.written, 51);
}

#[tokio::test]
async fn a_full_queue_makes_calls_wait_and_then_fail() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    let wait = |longest| WriterOptions { queue: 2, when_full: WhenFull::Wait(longest), ..WriterOptions::default() };
    let (recorder, writer) = start(&folder, &store, wait(Duration::from_millis(50))).await;
    let first = recorder.admit("1").await.unwrap();
    let second = recorder.admit("2").await.unwrap();
    assert_eq!(recorder.admit("3").await.err(), Some(Admission::Full));
    // One that waits gets the place that is given back.
    let (waited, ()) = futures_util::future::join(recorder.admit("3"), async { first.release() }).await;
    let third = waited.unwrap();
    assert_eq!(recorder.admit("3").await.err(), Some(Admission::Full));
    second.release();
    assert_eq!(recorder.admit("3").await.err(), Some(Admission::Twice));
    third.release();
    let counters = recorder.counters();
    assert_eq!((counters.accepted, counters.released, counters.queue.depth, counters.lost), (3, 3, 0, 0));
    assert_eq!(writer.drain(Duration::from_secs(10)).await.lost.len(), 0);
}

#[tokio::test]
async fn memory_is_bounded_in_bytes_too() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    let options =
        WriterOptions { queue: 1000, queue_bytes: 1 << 20, when_full: WhenFull::Fail, ..WriterOptions::default() };
    let (recorder, writer) = start(&folder, &store, options).await;
    let lock = hold(&folder);
    let mut taken = 0;
    while let Ok(permit) = recorder.admit(&call_ref(taken)).await {
        permit.record(record(taken, "a", "b", json!("x".repeat(100_000))));
        taken += 1;
        assert!(taken < 100, "the bound does not hold");
    }
    assert!(taken >= 5 && recorder.counters().queue.waiting_bytes < 2 << 20, "{taken} {:?}", recorder.counters());
    lock.execute_batch("ROLLBACK").unwrap();
    until(&recorder, |counters| counters.written == taken as u64).await;
    assert!(recorder.admit("again").await.map(weir_store::Permit::release).is_ok());
    writer.drain(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_permit_that_nobody_ends_is_a_loss_that_is_counted() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    let (recorder, writer) = start(&folder, &store, WriterOptions::default()).await;
    drop(recorder.admit("forgotten").await.unwrap());
    let counters = recorder.counters();
    assert_eq!((counters.lost, counters.queue.depth), (1, 0));
    drop(writer);
    // The writer is gone; a record handed over now is lost, and that is reported.
    let late = recorder.admit("late").await.unwrap();
    // Its task ends before this one, on the same thread, goes on.
    tokio::task::yield_now().await;
    late.record(record(1, "a", "b", json!(1)));
    assert_eq!(recorder.counters().lost, 2);
}

#[tokio::test]
async fn a_record_that_is_there_already_is_not_written_twice() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    let (recorder, writer) = start(&folder, &store, WriterOptions::default()).await;
    recorder.admit(&call_ref(1)).await.unwrap().record(record(1, "a", "b", json!(1)));
    until(&recorder, |counters| counters.written == 1).await;
    recorder.admit(&call_ref(1)).await.unwrap().record(record(1, "a", "b", json!("again")));
    recorder.admit(&call_ref(2)).await.unwrap().record(record(2, "a", "b", json!(2)));
    let drained = writer.drain(Duration::from_secs(10)).await;
    assert_eq!((drained.written, drained.head.unwrap().id), (2, 2));
    assert_eq!(store.list(&Filter::default(), None, 10).await.unwrap().entries.len(), 2);
}

#[tokio::test]
async fn draining_has_an_end_and_names_what_was_not_written() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    let path = folder.file("accepted");
    let (journal, left) = Journal::open(&path).unwrap();
    let (recorder, writer) =
        Recorder::start(Arc::clone(&store), WriterOptions::default(), journal, left, RecordMode::Context, None)
            .await
            .unwrap();
    let lock = hold(&folder);
    for n in 0..5 {
        recorder.admit(&call_ref(n)).await.unwrap().record(record(n, "a", "b", json!(n)));
    }
    let drained = writer.drain(Duration::from_millis(300)).await;
    let all: Vec<String> = (0..5).map(call_ref).collect();
    assert_eq!((drained.written, drained.lost), (0, all.clone()));
    drop(recorder);
    lock.execute_batch("ROLLBACK").unwrap();
    drop(store);
    // The next start reports those without a row. One attempt may have been in progress at the end.
    let store = open(&folder.address()).await;
    let (journal, left) = Journal::open(&path).unwrap();
    assert_eq!(left, all);
    let (_recorder, writer) =
        Recorder::start(Arc::clone(&store), WriterOptions::default(), journal, left, RecordMode::Context, None)
            .await
            .unwrap();
    let written = store.present(&all).await.unwrap();
    let lost: Vec<String> = all.iter().filter(|call_ref| !written.contains(call_ref)).cloned().collect();
    assert_eq!(writer.lost_before, lost);
}

#[tokio::test]
async fn the_mode_changes_while_it_runs() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    let (recorder, _writer) = start(&folder, &store, WriterOptions::default()).await;
    let copy = recorder.clone();
    for mode in [RecordMode::All, RecordMode::Off, RecordMode::Context] {
        recorder.set_mode(mode);
        assert_eq!(copy.mode(), mode);
        assert_eq!(RecordMode::parse(mode.as_str()), Some(mode));
    }
}

#[test]
fn a_journal_stays_small_and_forgets_what_was_given_back() {
    let folder = Folder::new();
    let path = folder.file("accepted");
    let content = || std::fs::read_to_string(&path).unwrap();
    let (journal, left) = Journal::open(&path).unwrap();
    assert_eq!(left, Vec::<String>::new());
    drop(journal);
    std::fs::write(&path, "one\ntwo\n-one\nthree\n-three\nthree\nfour-cut-off").unwrap();
    let (journal, left) = Journal::open(&path).unwrap();
    assert_eq!(left, ["three", "two"]);
    // It is still there if this process ends before reporting it.
    assert!(content().contains("two"));
    assert_eq!((journal.open_calls(), journal.failures()), (Vec::<String>::new(), 0));
}
