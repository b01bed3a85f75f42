//! Specific to PostgreSQL: two writers, lost connections.

use serde_json::json;
use weir_record::chain::Verdict;
use weir_store::chain::verify;
use weir_store::{Access, Attempt, StoreAddress, StoreError, StoreOptions};

use crate::database::Database;
use crate::support::{Folder, fill, in_database, open, record};

#[tokio::test]
async fn two_writers_do_not_fork_the_chain() {
    let Some(database) = Database::new().await else { return };
    let address = in_database(&database);
    let writers = futures_util::future::join_all((0..4).map(|_| open(&address))).await;
    let work = writers.iter().enumerate().map(|(index, writer)| async move {
        for group in 0..25 {
            let start = index * 1000 + group * 4;
            let records: Vec<_> = (start..start + 4).map(|n| record(n, "a", "b", json!(n))).collect();
            writer.append(&records, Attempt::First).await.unwrap();
        }
    });
    futures_util::future::join_all(work).await;
    let verdict = verify(&*writers[0], None, |_| {}).await.unwrap();
    assert!(matches!(&verdict, Verdict::Whole { head } if head.id == 400), "{verdict:?}");
    drop(writers);
    database.remove().await;
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let Some(database) = Database::new().await else { return };
    let store = open(&in_database(&database)).await;
    fill(&*store, 0..5).await;
    database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
    let group = [record(5, "a", "b", json!(1))];
    let mut attempts = 0;
    while let Err(error) = store.append(&group, Attempt::Again).await {
        attempts += 1;
        assert!(matches!(error, StoreError::Unavailable(_)) && attempts < 5, "{error}");
    }
    let mut looked = store.counts().await;
    if looked.is_err() {
        looked = store.counts().await;
    }
    assert_eq!(looked.unwrap().records, 6);
    database.remove().await;
}

#[tokio::test]
async fn a_writer_that_is_held_up_says_so_and_goes_on() {
    let Some(database) = Database::new().await else { return };
    // A short server-side timeout in place of ours.
    let url = format!("{}?options=-c%20lock_timeout%3D200", database.url());
    let store = open(&StoreAddress::Postgres(url)).await;
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK TABLE records IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let group = [record(0, "a", "b", json!(1))];
    let error = store.append(&group, Attempt::First).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.append(&group, Attempt::Again).await.unwrap().written, 1);
    drop(client);
    connection.await.unwrap().unwrap();
    database.remove().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let folder = Folder::new();
    let nowhere = folder.file("socket").to_str().unwrap().replace('/', "%2F");
    is_named_without_the_password(&format!("postgres://weir:hunter2@{nowhere}/weir")).await;
    is_named_without_the_password("postgres://weir:hunter2@127.0.0.1:1/weir").await;
}

#[tokio::test]
async fn a_server_that_refuses_is_named_without_the_password() {
    let Some(database) = Database::new().await else { return };
    is_named_without_the_password(&database.url().replace("weir_", "nothing_")).await;
    is_named_without_the_password(&format!("{}?password=hunter2&user=nobody", database.url())).await;
    database.remove().await;
}

async fn is_named_without_the_password(url: &str) {
    let address = StoreAddress::Postgres(url.to_owned());
    let error = weir_store::open(&address, Access::Write, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{address}: {error:?}");
    let told = format!("{address} {address:?} {error} {error:?}");
    assert!(!told.contains("hunter2"), "{told}");
}

/// Otherwise a row with text that the encoding cannot represent would be rejected too late.
#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused_at_once() {
    let with = " ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    let Some(database) = Database::made(with).await else { return };
    let error = weir_store::open(&in_database(&database), Access::Write, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(_)) && error.to_string().contains("LATIN1"), "{error}");
    database.remove().await;
}

#[test]
fn addresses_are_read_or_refused_without_repeating_secrets() {
    let read = |text| StoreAddress::parse(text, std::path::Path::new("folder"));
    assert_eq!(read("sqlite:weir.db").unwrap().to_string(), "sqlite:folder/weir.db");
    assert_eq!(read("sqlite:///var/weir.db").unwrap().to_string(), "sqlite:/var/weir.db");
    assert_eq!(read("postgres://u:p@db:5432/weir?sslmode=require").unwrap().to_string(), "postgres://db:5432/weir");
    for text in [
        "",
        "weir.db",
        "sqlite:",
        "sqlite:a/",
        "mysql://u:hunter2@h/d",
        "postgres://",
        "postgres://u:hunter2@h:port/d",
        "postgres://h/d?hunter2=1",
    ] {
        let error = read(text).unwrap_err();
        assert!(!error.contains("hunter2"), "{text}: {error}");
    }
}
