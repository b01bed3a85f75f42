//! The single task that writes records, and the handle to it.
//!
//! Invariants: a call gets its slot in the queue before it goes upstream, so handing over its record never waits and
//! never fails; groups are written in order, each whole; a failing store is retried until it works or the process ends.
//! Meanwhile the queue, limited in records and bytes, delays or refuses new calls. Lost records are counted and
//! reported.
//!
//! Not here: which calls are recorded, and the response to a refused call.

mod counters;
mod losses;
mod options;
mod queue;
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
use crate::port::{Store, StoreError};
use counters::Counts;
use losses::report_lost;
use queue::{Queued, Shared, State};
use task::Task;

pub use counters::{Counters, QueueState};
pub use losses::Loss;
pub use options::{WhenFull, WriterOptions};
pub use task::OnCommit;

/// The handle to the writer. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Queued>,
}

/// The writing task. Dropping it stops the task at once; [`Writer::drain`] stops it gracefully.
pub struct Writer {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    /// Calls that an earlier process accepted but did not write.
    pub lost_before: Vec<String>,
}

/// A call's slot in the queue. Finish it with [`Permit::record`] or [`Permit::release`]; if it is dropped, the call
/// counts as lost.
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
    /// The queue stayed full.
    #[error("the queue of records is full")]
    Full,
    /// The process is shutting down.
    #[error("records are no longer accepted: the process is shutting down")]
    Closed,
    /// The same reference is already in progress.
    #[error("the call ref is in use")]
    Twice,
}

/// The result of draining.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// Rows committed since the start.
    pub written: u64,
    /// Calls whose records were not committed. The next start reports them too.
    pub lost: Vec<String>,
    /// The end of the chain.
    pub head: Option<Head>,
}

impl Recorder {
    /// Starts the writer. Checks the calls that an earlier process left open in the journal; those without a row are
    /// reported in the log and as the audit event `records.lost`.
    pub async fn start(
        store: Arc<dyn Store>,
        options: WriterOptions,
        journal: Journal,
        left_open: Vec<String>,
        mode: RecordMode,
        on_commit: Option<OnCommit>,
    ) -> Result<(Self, Writer), StoreError> {
        let lost_before = report_lost(&*store, &left_open).await?;
        journal.clear();
        let head = store.head().await?;
        if let Some(Head { id, hash }) = &head {
            tracing::info!(target: "weir::records", id, hash, "end of the record chain");
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
        // Every record in it has a slot, so it can never be full.
        let (queue, waiting) = mpsc::channel(options.queue);
        let task = Task { shared: Arc::clone(&shared), store, waiting, on_commit };
        let task = tokio::spawn(task.run());
        let writer = Writer { shared: Arc::clone(&shared), task, lost_before };
        Ok((Self { shared, queue }, writer))
    }

    /// Accepts a call before it goes upstream. If the queue is full, waits or fails as configured.
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
        // References are our own, but a line break in one would split a line of the journal.
        let call_ref: String = call_ref.chars().filter(char::is_ascii_graphic).collect();
        if !shared.journal.accept(&call_ref) {
            return Err(Admission::Twice);
        }
        Counts::add(&shared.counts.accepted);
        Ok(Permit { shared: Arc::clone(shared), queue: self.queue.clone(), slot: Some(slot), call_ref })
    }

    /// Which calls are recorded now.
    pub fn mode(&self) -> RecordMode {
        match self.shared.mode.load(Ordering::Relaxed) {
            1 => RecordMode::All,
            2 => RecordMode::Off,
            _ => RecordMode::Context,
        }
    }

    /// Sets which calls are recorded from now on.
    pub fn set_mode(&self, mode: RecordMode) {
        self.shared.mode.store(number(mode), Ordering::Relaxed);
    }

    /// The counters.
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

impl Permit {
    /// The reference the record must have.
    pub fn call_ref(&self) -> &str {
        &self.call_ref
    }

    /// Hands over the record. Records are written in the order they are handed over.
    pub fn record(mut self, record: Record) {
        let Some(slot) = self.slot.take() else { return };
        let bytes = record.bytes();
        self.shared.counts.waits(bytes);
        if self.queue.try_send(Queued { record, bytes, _slot: slot }).is_err() {
            // Only after the writer has stopped.
            self.shared.counts.left(1, bytes);
            self.lose("the writer has stopped");
        }
    }

    /// The call will have no row.
    pub fn release(mut self) {
        if self.slot.take().is_some() {
            Counts::add(&self.shared.counts.released);
            self.shared.journal.given_back(&self.call_ref);
            self.shared.room.notify_waiters();
        }
    }

    /// Stays in the journal, so that the next start reports it too.
    fn lose(&self, why: &str) {
        Counts::add(&self.shared.counts.lost);
        tracing::error!(target: "weir::records", call_ref = self.call_ref, "the record of a call is lost: {why}");
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.slot.take().is_some() {
            self.lose("it was never handed over");
            self.shared.room.notify_waiters();
        }
    }
}

impl Writer {
    /// Stops accepting calls and writes what was accepted, up to a timeout.
    pub async fn drain(mut self, longest: Duration) -> Drained {
        self.shared.closing.store(true, Ordering::Release);
        let slots = Arc::clone(&self.shared.slots);
        // All slots are back once everything is written. Never asks for more than the semaphore's maximum.
        let all = u32::try_from(self.shared.options.queue).unwrap_or(u32::MAX);
        let back = tokio::time::timeout(longest, slots.acquire_many(all)).await;
        self.task.abort();
        // Wait for the task to end, so that nothing is written after this.
        let _ = (&mut self.task).await;
        let lost = if back.is_ok() { Vec::new() } else { self.shared.journal.open_calls() };
        let (head, failing) = {
            let state = self.shared.state.lock();
            (state.head.clone(), state.failing.clone())
        };
        if !lost.is_empty() {
            let why = failing.unwrap_or_else(|| "they did not finish before the timeout".to_owned());
            let named = lost.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
            tracing::error!(target: "weir::records", calls = lost.len(), "records are lost ({why}): {named}");
        }
        if let Some(Head { id, hash }) = &head {
            tracing::info!(target: "weir::records", id, hash, "end of the record chain");
        }
        Drained { written: self.shared.counts.written.load(Ordering::Relaxed), lost, head }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
