//! The writing task: collects a group and commits it, retrying as long as the store fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use weir_record::Record;

use super::counters::Counts;
use super::losses::lost_event;
use super::options::WriterOptions;
use super::queue::{Queued, Shared};
use crate::port::{Appended, Attempt, Store, StoreError};

/// Retry delays for a failing store: initial and maximum.
const BACK_OFF: Duration = Duration::from_millis(50);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);

/// How often a failing store is logged.
const TELL_AGAIN: Duration = Duration::from_secs(30);

/// Maximum size of one group in bytes: a commit should not take seconds.
const GROUP_BYTES: usize = 8 << 20;

/// Called after each commit, on the writer's task, so it must return at once.
pub type OnCommit = Box<dyn Fn(&Appended) + Send + Sync>;

/// The state of the task.
pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) store: Arc<dyn Store>,
    pub(super) waiting: mpsc::Receiver<Queued>,
    pub(super) on_commit: Option<OnCommit>,
}

impl Task {
    /// Writes until all handles are gone.
    pub(super) async fn run(mut self) {
        while let Some(first) = self.waiting.recv().await {
            let group = self.gather(first).await;
            self.commit(group).await;
        }
    }

    /// Takes what is there and waits briefly for more.
    async fn gather(&mut self, first: Queued) -> Vec<Queued> {
        let WriterOptions { group_rows, group_delay, .. } = self.shared.options;
        let until = tokio::time::Instant::now() + group_delay;
        let mut bytes = first.bytes;
        let mut group = vec![first];
        while group.len() < group_rows && bytes < GROUP_BYTES {
            let next = match self.waiting.try_recv() {
                Ok(next) => next,
                Err(_) if group_delay.is_zero() => break,
                Err(_) => match tokio::time::timeout_at(until, self.waiting.recv()).await {
                    Ok(Some(next)) => next,
                    _ => break,
                },
            };
            bytes += next.bytes;
            group.push(next);
        }
        group
    }

    async fn commit(&self, group: Vec<Queued>) {
        let (records, slots): (Vec<Record>, Vec<(usize, OwnedSemaphorePermit)>) =
            group.into_iter().map(|Queued { record, bytes, _slot }| (record, (bytes, _slot))).unzip();
        let outcome = self.write(&records, Attempt::First).await;
        if let Err(error) = outcome {
            // One of them will never be accepted; the others can be.
            for record in &records {
                let alone = std::slice::from_ref(record);
                if records.len() == 1 {
                    self.give_up(record, &error).await;
                } else if let Err(error) = self.write(alone, Attempt::Again).await {
                    self.give_up(record, &error).await;
                }
            }
        }
        self.shared.journal.committed(records.iter().map(Record::call_ref));
        self.shared.counts.left(records.len(), slots.iter().map(|(bytes, _)| bytes).sum());
        drop(slots);
        self.shared.room.notify_waiters();
    }

    /// Writes a group, retrying while the store fails. An error is final: the store rejects the group.
    async fn write(&self, records: &[Record], mut attempt: Attempt) -> Result<(), StoreError> {
        let started = Instant::now();
        let (mut back_off, mut told) = (BACK_OFF, None::<Instant>);
        loop {
            match self.store.append(records, attempt).await {
                Ok(appended) => {
                    self.recovered(started);
                    self.shared.counts.written.fetch_add(appended.written as u64, Ordering::Relaxed);
                    Counts::add(&self.shared.counts.groups);
                    self.shared.state.lock().head = Some(appended.head.clone());
                    if let Some(on_commit) = &self.on_commit {
                        on_commit(&appended);
                    }
                    return Ok(());
                }
                Err(error @ StoreError::Refused(_)) => return Err(error),
                // Some rows already exist: check first.
                Err(StoreError::Conflict(_)) if attempt == Attempt::First => attempt = Attempt::Again,
                // Duplicates within the group, or written between the check and this append.
                Err(error @ StoreError::Conflict(_)) => return Err(error),
                Err(error) => {
                    Counts::add(&self.shared.counts.failed_commits);
                    if told.is_none_or(|told| told.elapsed() >= TELL_AGAIN) {
                        told = Some(Instant::now());
                        tracing::error!(
                            target: "weir::records",
                            records = self.shared.counts.waiting.load(Ordering::Relaxed),
                            "records cannot be written; keeping them in memory and retrying: {error}"
                        );
                    }
                    self.shared.state.lock().failing = Some(error.to_string());
                    tokio::time::sleep(back_off).await;
                    back_off = (back_off * 2).min(LONGEST_BACK_OFF);
                    attempt = Attempt::Again;
                }
            }
        }
    }

    fn recovered(&self, started: Instant) {
        if self.shared.state.lock().failing.take().is_some() {
            let seconds = started.elapsed().as_secs();
            tracing::info!(target: "weir::records", seconds, "writing records works again; none were lost");
        }
    }

    async fn give_up(&self, record: &Record, error: &StoreError) {
        Counts::add(&self.shared.counts.lost);
        tracing::error!(target: "weir::records", call_ref = record.call_ref(), "the record of a call is lost: {error}");
        let event = lost_event(&[record.call_ref().to_owned()], "the store refused it");
        if let Err(error) = self.store.note(&[event]).await {
            tracing::error!(target: "weir::records", "the loss cannot be recorded: {error}");
        }
    }
}
