//! Specific to files: full, locked, removed, a later version.

use std::fs;
use std::time::Instant;

use serde_json::json;
use weir_record::chain::Verdict;
use weir_store::chain::verify;
use weir_store::{Access, Attempt, StoreError, StoreOptions};

use crate::support::{Folder, Process, fill, open, open_to_read, record};

#[tokio::test]
async fn a_full_store_says_so_and_goes_on_when_there_is_room() {
    let folder = Folder::new();
    let options = StoreOptions { max_bytes: Some(400 << 10), ..StoreOptions::default() };
    let store = weir_store::open(&folder.address(), Access::Write, options).await.unwrap();
    // Other data takes up part of the space.
    let other = rusqlite::Connection::open(folder.file("weir.db")).unwrap();
    other.execute_batch("CREATE TABLE ballast AS SELECT zeroblob(150000) AS bytes").unwrap();
    let mut written = 0;
    let error = loop {
        let group = [record(written, "a", "b", json!("x".repeat(10_000)))];
        match store.append(&group, Attempt::First).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the limit does not hold");
    };
    assert!(matches!(&error, StoreError::Full(_)) && error.to_string().contains("max_size"), "{error}");
    assert!(written > 5 && error.is_transient(), "{written}");
    // Reading still works, and nothing of the group is there.
    assert_eq!(store.counts().await.unwrap().records, written as i64);
    other.execute_batch("DROP TABLE ballast").unwrap();
    fill(&*store, written..written + 3).await;
    assert!(
        matches!(verify(&*store, None, |_| {}).await.unwrap(), Verdict::Whole { head } if head.id == written as i64 + 3)
    );
}

#[tokio::test]
async fn a_store_that_another_process_has_locked_says_so_and_goes_on() {
    if let Ok(file) = std::env::var("WEIR_CHILD_FILE") {
        return hold_the_lock(&file);
    }
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    fill(&*store, 0..3).await;
    let path = folder.file("weir.db");
    let this = "sqlite::a_store_that_another_process_has_locked_says_so_and_goes_on";
    let mut holder = Process::start(this, &[("WEIR_CHILD_FILE", path.to_str().unwrap())]);
    holder.says("locked").unwrap();
    let start = Instant::now();
    let error = store.append(&[record(3, "a", "b", json!(1))], Attempt::First).await.unwrap_err();
    assert!(matches!(&error, StoreError::Busy(_)) && error.is_transient(), "{error}");
    assert!(start.elapsed().as_secs() < 20, "it must not wait for ever");
    // Readers are not blocked.
    assert_eq!(store.counts().await.unwrap().records, 3);
    holder.finish();
    fill(&*store, 3..5).await;
    assert_eq!(store.counts().await.unwrap().records, 5);
}

/// Runs in the other process.
fn hold_the_lock(file: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    println!("locked");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
    connection.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test]
async fn a_file_that_is_removed_while_it_is_written_to_is_missed_at_once() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    fill(&*store, 0..3).await;
    let files = ["weir.db", "weir.db-wal", "weir.db-shm"];
    for file in files {
        fs::rename(folder.file(file), folder.file(&format!("{file}.away"))).unwrap();
    }
    let error = store.append(&[record(3, "a", "b", json!(1))], Attempt::First).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(_)) && error.to_string().contains("removed"), "{error}");
    let error = store.append(&[record(3, "a", "b", json!(1))], Attempt::First).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(_)), "{error}");
    for file in files {
        // SQLite cleans up its extra files on close.
        let _ = fs::rename(folder.file(&format!("{file}.away")), folder.file(file));
    }
    fill(&*store, 3..5).await;
    assert!(matches!(verify(&*store, None, |_| {}).await.unwrap(), Verdict::Whole { head } if head.id == 5));
}

#[tokio::test]
async fn what_is_no_store_of_this_version_is_left_alone() {
    let folder = Folder::new();
    let missing = open_to_read(&folder.address()).await.unwrap_err();
    assert!(
        matches!(&missing, StoreError::Unavailable(_)) && missing.to_string().contains("there is no file"),
        "{missing}"
    );
    assert!(!folder.file("weir.db").exists(), "looking makes nothing");

    fs::write(folder.file("weir.db"), "this is a text and not a database, however long it goes on".repeat(100))
        .unwrap();
    let error = weir_store::open(&folder.address(), Access::Write, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    fs::remove_file(folder.file("weir.db")).unwrap();

    drop(open(&folder.address()).await);
    let connection = rusqlite::Connection::open(folder.file("weir.db")).unwrap();
    connection.execute_batch("PRAGMA user_version = 77").unwrap();
    drop(connection);
    for access in [Access::Read, Access::Write] {
        let error = weir_store::open(&folder.address(), access, StoreOptions::default()).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 77, .. }), "{error}");
    }
    let nowhere = weir_store::StoreAddress::Sqlite(folder.file("no/such/folder/weir.db"));
    let error = weir_store::open(&nowhere, Access::Write, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}

/// As on a read-only medium, where SQLite cannot create its extra files.
#[cfg(unix)]
#[tokio::test]
async fn a_copy_that_nothing_can_be_written_beside_is_read() {
    let folder = Folder::new();
    fill(&*open(&folder.address()).await, 0..5).await;
    std::os::unix::fs::symlink("no/such/folder", folder.file("weir.db-shm")).unwrap();
    let store = open_to_read(&folder.address()).await.unwrap();
    assert!(matches!(verify(&*store, None, |_| {}).await.unwrap(), Verdict::Whole { head } if head.id == 5));
    drop(store);
    // With a write-ahead log next to it, the file alone is incomplete.
    fs::write(folder.file("weir.db-wal"), "rows that would be missed").unwrap();
    let error = open_to_read(&folder.address()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(_)), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    fill(&*store, 0..3).await;
    for file in ["weir.db", "weir.db-wal"] {
        let mode = fs::metadata(folder.file(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}: {mode:o}");
    }
}
