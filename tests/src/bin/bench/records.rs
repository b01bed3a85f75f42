//! The cost of recording: how long a call waits, and how many records a store can write.
//!
//! PostgreSQL is included if `WEIR_POSTGRES` names a server; its tables are created in that database, and the records
//! stay there.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::runtime::Builder;
use weir_record::{Body, Record, RecordMode, RecordParts, RequestPayload, Status};
use weir_store::{Access, Journal, Recorder, Store, StoreAddress, StoreOptions, WhenFull, WriterOptions};
use weir_tests::folder::Folder;

use crate::figures::{heading, show};

/// Records per measurement.
const RECORDS: usize = 20_000;

pub fn run() {
    heading("Records: request and response of 1 KiB JSON each, groups of at most 500, a commit on the disk per group");
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = Folder::new();
    let mut stores = vec![("SQLite", format!("sqlite:{}", folder.path().join("weir.db").display()))];
    match std::env::var("WEIR_POSTGRES") {
        Ok(url) => stores.push(("PostgreSQL", url)),
        Err(_) => println!("  PostgreSQL: left out, WEIR_POSTGRES names no server"),
    }
    for (name, url) in stores {
        let address = StoreAddress::parse(&url, Path::new(".")).unwrap();
        runtime.block_on(measure(name, &address, &folder));
    }
}

async fn measure(name: &str, address: &StoreAddress, folder: &Folder) {
    let store = weir_store::open(address, Access::Write, StoreOptions::default()).await.unwrap();
    let accepted = folder.path().join(format!("{name}.accepted"));
    // References not used by an earlier run.
    let run = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let records: Vec<Record> = (0..RECORDS * 2).map(|number| record(run, number)).collect();
    let (paced, flooded) = records.split_at(RECORDS);

    // Like real calls: several at a time, none waiting for the store.
    let (recorder, writer) = start(&store, &accepted).await;
    let mut times = Vec::with_capacity(RECORDS);
    for group in paced.chunks(20) {
        for record in group {
            let record = record.clone();
            let start = Instant::now();
            let permit = recorder.admit(record.call_ref()).await.unwrap();
            permit.record(record);
            times.push(start.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort_unstable();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("  {name}: a call waits p50 {}, p99 {}", show(median), show(p99));
    let written = writer.drain(Duration::from_secs(60)).await;
    assert_eq!(written.lost.len(), 0);
    // It holds the journal's lock.
    drop(recorder);

    let (recorder, writer) = start(&store, &accepted).await;
    let start = Instant::now();
    for record in flooded {
        recorder.admit(record.call_ref()).await.unwrap().record(record.clone());
    }
    let drained = writer.drain(Duration::from_secs(120)).await;
    let elapsed = start.elapsed();
    assert_eq!((drained.written, drained.lost.len()), (RECORDS as u64, 0));
    let groups = recorder.counters().groups;
    println!("  {name}: {:.0} records per second, {groups} groups", RECORDS as f64 / elapsed.as_secs_f64());
}

async fn start(store: &Arc<dyn Store>, accepted: &Path) -> (Recorder, weir_store::Writer) {
    let options = WriterOptions { when_full: WhenFull::Wait(Duration::from_secs(60)), ..WriterOptions::default() };
    let (journal, left) = Journal::open(accepted).unwrap();
    Recorder::start(Arc::clone(store), options, journal, left, RecordMode::Context, None).await.unwrap()
}

fn record(run: u128, number: usize) -> Record {
    let kilobyte = json!({ "number": number, "text": "x".repeat(1000) });
    Record::new(RecordParts {
        call_ref: format!("{run:x}-{number:08}"),
        agent_id: Some("agent".into()),
        action_name: Some("search".into()),
        intercept_index: None,
        request: RequestPayload::new("https://api.example.com/v1", "POST", Body::Json(kilobyte.clone().into())),
        response: Body::Json(kilobyte.into()),
        status: Status::Answered(200),
        decisions: Vec::new(),
        created_at: weir_store::now(),
    })
}
