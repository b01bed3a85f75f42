//! The one task that writes records, and the way to it.
//!
//! Invariants: a call gets its place in the queue before it goes upstream, so handing over its record never waits and
//! never fails; groups are written in the order in which the records came, each whole; a failing store is tried again
//! until it works or the process ends, and meanwhile the queue, bounded in records and in bytes, holds new calls back
//! or refuses them. What is lost is counted and named, never just gone.
//!
//! Not here: which calls are recorded, and what an answer to a refused call looks like.

mod counters;
mod losses;
mod task;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use weir_record::chain::Head;
use weir_record::{Record, RecordMode};

use crate::journal::Journal;
use crate::port::{Appended, Store, StoreError};
use counters::Counts;
use losses::tell_lost;
use task::Task;

pub use counters::{Counters, QueueState};
pub use losses::Loss;

/// What a call meets when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits, so long at most; then it fails.
    Wait(Duration),
    /// It fails at once.
    Fail,
}

/// Bounds of the queue and of its groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterOptions {
    /// Most calls that are on their way or waiting to be written.
    pub queue: usize,
    /// Bytes of waiting records from which no further call is accepted.
    pub queue_bytes: usize,
    /// Most records in one group.
    pub group_rows: usize,
    /// How long a group waits for more.
    pub group_delay: Duration,
    /// What a call meets when the queue is full.
    pub when_full: WhenFull,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            queue: 10_000,
            queue_bytes: 64 << 20,
            group_rows: 500,
            group_delay: Duration::from_millis(5),
            when_full: WhenFull::Wait(Duration::from_secs(5)),
        }
    }
}

/// Called after each commit, on the writer's task: it must only note that something happened.
pub type OnCommit = Box<dyn Fn(&Appended) + Send + Sync>;

/// The way to the writer. Copies of it are cheap.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Queued>,
}

/// The writing task. Dropping it ends the task at once; [`Writer::drain`] ends it in order.
pub struct Writer {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    /// Calls that an earlier process accepted and did not write.
    pub lost_before: Vec<String>,
}

/// A call's place in the queue. It ends with [`Permit::record`] or with [`Permit::release`]; dropped without either,
/// the call counts as lost.
#[must_use]
pub struct Permit {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Queued>,
    slot: Option<OwnedSemaphorePermit>,
    call_ref: String,
}

/// Why a call is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Admission {
    /// The queue is full, and stayed so.
    #[error("the queue of records is full")]
    Full,
    /// The process ends.
    #[error("records are no longer accepted: the process ends")]
    Closed,
    /// The same reference is on its way already.
    #[error("the call ref is in use")]
    Twice,
}

/// How draining ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// Rows that were committed since the start.
    pub written: u64,
    /// Calls whose records were not committed. The next start tells of them, too.
    pub lost: Vec<String>,
    /// The end of the chain.
    pub head: Option<Head>,
}

struct Shared {
    options: WriterOptions,
    slots: Arc<Semaphore>,
    room: Notify,
    closing: AtomicBool,
    journal: Journal,
    mode: AtomicU8,
    counts: Counts,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failing: Option<String>,
    head: Option<Head>,
}

struct Queued {
    record: Record,
    bytes: usize,
    /// Given back when the row is committed.
    _slot: OwnedSemaphorePermit,
}

impl Recorder {
    /// Starts the writer. What an earlier process left open in the journal is looked up, and what has no row is told
    /// of, in the log and as the audit event `records.lost`.
    pub async fn start(
        store: Arc<dyn Store>,
        options: WriterOptions,
        journal: Journal,
        left_open: Vec<String>,
        mode: RecordMode,
        on_commit: Option<OnCommit>,
    ) -> Result<(Self, Writer), StoreError> {
        let lost_before = tell_lost(&*store, &left_open).await?;
        journal.clear();
        let head = store.head().await?;
        if let Some(Head { id, hash }) = &head {
            tracing::info!(target: "weir::records", id, hash, "the records end here");
        }
        let shared = Arc::new(Shared {
            options,
            slots: Arc::new(Semaphore::new(options.queue)),
            room: Notify::new(),
            closing: AtomicBool::new(false),
            journal,
            mode: AtomicU8::new(number(mode)),
            counts: Counts::default(),
            state: Mutex::new(State { failing: None, head }),
        });
        // Every record in it has a slot, so it never has more than there are slots.
        let (queue, waiting) = mpsc::channel(options.queue);
        let task = Task { shared: Arc::clone(&shared), store, waiting, on_commit };
        let task = tokio::spawn(task.run());
        let writer = Writer { shared: Arc::clone(&shared), task, lost_before };
        Ok((Self { shared, queue }, writer))
    }

    /// Accepts a call before it goes upstream. When the queue is full it waits or fails, as it was set up.
    pub async fn admit(&self, call_ref: &str) -> Result<Permit, Admission> {
        let shared = &self.shared;
        let slot = match shared.slot_now() {
            Some(slot) => Some(slot),
            None => match shared.options.when_full {
                WhenFull::Fail => None,
                WhenFull::Wait(longest) => tokio::time::timeout(longest, shared.slot()).await.ok().flatten(),
            },
        };
        if shared.closing.load(Ordering::Acquire) {
            return Err(Admission::Closed);
        }
        let Some(slot) = slot else {
            Counts::add(&shared.counts.refused);
            return Err(Admission::Full);
        };
        // References are ours, but a line break in one would be two lines of the journal.
        let call_ref: String = call_ref.chars().filter(char::is_ascii_graphic).collect();
        if !shared.journal.accept(&call_ref) {
            return Err(Admission::Twice);
        }
        Counts::add(&shared.counts.accepted);
        Ok(Permit { shared: Arc::clone(shared), queue: self.queue.clone(), slot: Some(slot), call_ref })
    }

    /// Which calls are recorded at present.
    pub fn mode(&self) -> RecordMode {
        match self.shared.mode.load(Ordering::Relaxed) {
            1 => RecordMode::All,
            2 => RecordMode::Off,
            _ => RecordMode::Context,
        }
    }

    /// Which calls are recorded from now on.
    pub fn set_mode(&self, mode: RecordMode) {
        self.shared.mode.store(number(mode), Ordering::Relaxed);
    }

    /// What was counted.
    pub fn counters(&self) -> Counters {
        let shared = &self.shared;
        let depth = shared.options.queue.saturating_sub(shared.slots.available_permits());
        shared.counts.read(depth, shared.state.lock().failing.clone())
    }
}

const fn number(mode: RecordMode) -> u8 {
    match mode {
        RecordMode::Context => 0,
        RecordMode::All => 1,
        RecordMode::Off => 2,
    }
}

impl Shared {
    fn has_room(&self) -> bool {
        self.counts.waiting_bytes.load(Ordering::Relaxed) < self.options.queue_bytes
    }

    fn slot_now(&self) -> Option<OwnedSemaphorePermit> {
        if self.has_room() { Arc::clone(&self.slots).try_acquire_owned().ok() } else { None }
    }

    async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            // Before the look, so that no room made in between is missed.
            let made = self.room.notified();
            if self.has_room() {
                return Arc::clone(&self.slots).acquire_owned().await.ok();
            }
            made.await;
        }
    }
}

impl Permit {
    /// The reference that the record must have.
    pub fn call_ref(&self) -> &str {
        &self.call_ref
    }

    /// Hands the record over. It is written behind those that were handed over before.
    pub fn record(mut self, record: Record) {
        let Some(slot) = self.slot.take() else { return };
        let bytes = record.bytes();
        self.shared.counts.waits(bytes);
        if self.queue.try_send(Queued { record, bytes, _slot: slot }).is_err() {
            // Only after the writer was ended.
            self.shared.counts.left(1, bytes);
            self.lose("the writer has ended");
        }
    }

    /// The call is to have no row.
    pub fn release(mut self) {
        if self.slot.take().is_some() {
            Counts::add(&self.shared.counts.released);
            self.shared.journal.given_back(&self.call_ref);
            self.shared.room.notify_waiters();
        }
    }

    /// Stays in the journal, so that the next start tells of it as well.
    fn lose(&self, why: &str) {
        Counts::add(&self.shared.counts.lost);
        tracing::error!(target: "weir::records", call_ref = self.call_ref, "the record of a call is lost: {why}");
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.slot.take().is_some() {
            self.lose("nobody handed it over");
            self.shared.room.notify_waiters();
        }
    }
}

impl Writer {
    /// Accepts nothing more and writes what was accepted, so long at most.
    pub async fn drain(mut self, longest: Duration) -> Drained {
        self.shared.closing.store(true, Ordering::Release);
        let slots = Arc::clone(&self.shared.slots);
        // All slots are back when everything is written. More than the semaphore counts at once is never asked for.
        let all = u32::try_from(self.shared.options.queue).unwrap_or(u32::MAX);
        let back = tokio::time::timeout(longest, slots.acquire_many(all)).await;
        self.task.abort();
        // Its end, so that nothing is written behind our back.
        let _ = (&mut self.task).await;
        let lost = if back.is_ok() { Vec::new() } else { self.shared.journal.open_calls() };
        let (head, failing) = {
            let state = self.shared.state.lock();
            (state.head.clone(), state.failing.clone())
        };
        if !lost.is_empty() {
            let why = failing.unwrap_or_else(|| "they did not end in time".to_owned());
            let named = lost.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
            tracing::error!(target: "weir::records", calls = lost.len(), "records are lost ({why}): {named}");
        }
        if let Some(Head { id, hash }) = &head {
            tracing::info!(target: "weir::records", id, hash, "the records end here");
        }
        Drained { written: self.shared.counts.written.load(Ordering::Relaxed), lost, head }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
