//! What someone with access to the store can change, and whether the check finds it.

use weir_record::chain::{Anchor, Break, Verdict};
use weir_store::chain::verify;
use weir_store::{RecordStore, StoreAddress};

use crate::database::Database;
use crate::support::{Folder, fill, in_database, open, open_to_read};

/// Statements, and what the check must find after them in a store of twenty records.
const CASES: &[(&str, &str)] = &[
    (
        "UPDATE records SET raw_response = '{\"answer\":99}' WHERE id = 7",
        "record 7 (call ref 0190-00000006) was altered",
    ),
    ("UPDATE records SET agent_id = NULL WHERE id = 7", "record 7 "),
    ("UPDATE records SET created_at = '2020' WHERE id = 20", "record 20 "),
    ("UPDATE records SET hash = 'x' WHERE id = 3", "record 3 "),
    ("UPDATE records SET previous_hash = (SELECT hash FROM records WHERE id = 5) WHERE id = 9", "record 9 "),
    ("UPDATE records SET decisions = decisions || ' ' WHERE id = 2", "record 2 "),
    ("DELETE FROM records WHERE id = 1", "records 1 to 1 are missing"),
    ("DELETE FROM records WHERE id BETWEEN 8 AND 11", "records 8 to 11 are missing"),
    ("DELETE FROM records WHERE id > 15", "records 16 to 20 are missing at the end"),
    ("DELETE FROM records", "records 1 to 20 are missing at the end"),
    (
        "UPDATE records SET id = 100 WHERE id = 4; UPDATE records SET id = 4 WHERE id = 5; UPDATE records SET id = 5 WHERE id = 100",
        "record 4 ",
    ),
    (
        "DELETE FROM records WHERE id = 4; UPDATE records SET id = id - 1 + 1000 WHERE id > 4; UPDATE records SET id = id - 1000 WHERE id > 1000",
        "record 4 ",
    ),
    (
        "INSERT INTO records SELECT 21, 'x', agent_id, action_name, intercept_index, source_url, method, request_payload, raw_response, response_hash, status, decisions, created_at, hash, 'x' FROM records WHERE id = 20",
        "the last record is 21",
    ),
    ("UPDATE record_head SET id = 19", "another end"),
    ("UPDATE record_head SET hash = 'x'", "another end"),
    ("DELETE FROM record_head", "head mark was removed"),
];

async fn found(address: &StoreAddress, anchor: Option<&Anchor>) -> Verdict {
    let store = open_to_read(address).await.unwrap();
    let verdict = verify(&*store, anchor, |_| {}).await.unwrap();
    drop(store);
    verdict
}

fn judge(statement: &str, expected: &str, verdict: Verdict) {
    match verdict {
        Verdict::Whole { .. } => panic!("nothing is found after {statement}"),
        Verdict::Broken(broken) => {
            assert!(broken.to_string().contains(expected), "after {statement}: {broken}");
        }
    }
}

#[tokio::test]
async fn every_change_of_a_file_is_found() {
    let folder = Folder::new();
    fill(&*open(&folder.address()).await, 0..20).await;
    let whole = std::fs::read(folder.file("weir.db")).unwrap();
    for (statement, expected) in CASES {
        std::fs::write(folder.file("weir.db"), &whole).unwrap();
        assert!(matches!(found(&folder.address(), None).await, Verdict::Whole { head } if head.id == 20));
        let connection = rusqlite::Connection::open(folder.file("weir.db")).unwrap();
        connection.execute_batch(statement).unwrap();
        drop(connection);
        judge(statement, expected, found(&folder.address(), None).await);
    }
}

/// Specific to SQLite: a value of another type than its column. It reads the same, but no condition matches it.
#[tokio::test]
async fn a_value_of_another_type_is_found() {
    let folder = Folder::new();
    fill(&*open(&folder.address()).await, 0..20).await;
    let whole = std::fs::read(folder.file("weir.db")).unwrap();
    for change in [
        "raw_response = x'ff00', intercept_index = 'x'",
        "agent_id = CAST(agent_id AS BLOB)",
        "call_ref = CAST(call_ref AS BLOB)",
        "intercept_index = 'x'",
        "intercept_index = 1.5",
        "status = CAST(x'ff' AS TEXT)",
    ] {
        std::fs::write(folder.file("weir.db"), &whole).unwrap();
        let statement = format!("UPDATE records SET {change} WHERE id = 6");
        let connection = rusqlite::Connection::open(folder.file("weir.db")).unwrap();
        connection.execute_batch(&statement).unwrap();
        drop(connection);
        judge(&statement, "record 6 ", found(&folder.address(), None).await);
    }
}

#[tokio::test]
async fn every_change_of_a_database_is_found() {
    for (statement, expected) in CASES {
        let Some(database) = Database::new().await else { return };
        fill(&*open(&in_database(&database)).await, 0..20).await;
        database.execute(statement).await;
        judge(statement, expected, found(&in_database(&database), None).await);
        database.remove().await;
    }
}

/// Someone who can write to the store can recompute all hashes; a mark kept elsewhere reveals it.
#[tokio::test]
async fn a_chain_that_was_written_anew_does_not_have_the_anchor() {
    let (folder, forged) = (Folder::new(), Folder::new());
    let store = open(&folder.address()).await;
    fill(&*store, 0..20).await;
    let head = store.head().await.unwrap().unwrap();
    fill(&*store, 20..30).await;
    drop(store);
    let anchor = Anchor { id: head.id, hash: head.hash };
    assert!(matches!(found(&folder.address(), Some(&anchor)).await, Verdict::Whole { head } if head.id == 30));

    let rewritten = open(&forged.address()).await;
    fill(&*rewritten, 1..31).await;
    drop(rewritten);
    assert!(matches!(found(&forged.address(), None).await, Verdict::Whole { .. }), "without the anchor it looks right");
    let verdict = found(&forged.address(), Some(&anchor)).await;
    assert_eq!(verdict, Verdict::Broken(Break::Anchor { id: 20 }));

    let shorter = Folder::new();
    fill(&*open(&shorter.address()).await, 0..5).await;
    let verdict = found(&shorter.address(), Some(&anchor)).await;
    assert_eq!(verdict, Verdict::Broken(Break::Truncated { from: 6, to: 20 }));
}

#[tokio::test]
async fn rows_that_are_written_meanwhile_are_no_break() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    fill(&*store, 0..1200).await;
    let reader = open_to_read(&folder.address()).await.unwrap();
    let writing = async {
        for n in 1200..1300 {
            fill(&*store, n..n + 1).await;
        }
    };
    let checking = async {
        for _ in 0..5 {
            let verdict = verify(&*reader, None, |_| {}).await.unwrap();
            assert!(matches!(verdict, Verdict::Whole { .. }), "{verdict:?}");
        }
    };
    futures_util::future::join(writing, checking).await;
    let reader: &dyn RecordStore = &*reader;
    assert!(matches!(verify(reader, None, |_| {}).await.unwrap(), Verdict::Whole { head } if head.id == 1300));
}
