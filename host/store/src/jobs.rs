//! The hook that runs after records are written: one job for many records.
//!
//! Invariants: one job at a time; records written during a job cause one more job afterwards; a failure is retried once
//! and affects no call; a job has a timeout, and a command's processes end with it.
//!
//! Not here: calling a URL. A caller with an HTTP client implements [`Hook`].

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Maximum delay of a job, in multiples of the window, however steadily records arrive.
const LONGEST_IN_WINDOWS: u32 = 10;

/// How much of a failing command's output is reported.
const MAX_REPORTED: u64 = 2048;

/// The input of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// The new records start after this one.
    pub after: i64,
    /// The newest record.
    pub up_to: i64,
}

/// What a job runs.
#[async_trait]
pub trait Hook: Send + Sync {
    /// Runs the job. The text of an error goes to the log.
    async fn run(&self, job: &Job) -> Result<(), String>;
}

/// When jobs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobOptions {
    /// How long to wait without new records before a job starts.
    pub window: Duration,
    /// Timeout of one job.
    pub timeout: Duration,
    /// Delay before the retry after a failure.
    pub retry_after: Duration,
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCounters {
    /// Jobs started, without retries.
    pub started: u64,
    /// Jobs that succeeded.
    pub succeeded: u64,
    /// Retries.
    pub retried: u64,
    /// Jobs that failed twice.
    pub failed: u64,
    /// Total duration of all attempts, in microseconds.
    pub busy_micros: u64,
    /// Whether records are waiting for a job, or one is running.
    pub pending: bool,
}

/// The queue, with a single slot: the newest record that wants a job. Dropping it stops a running job.
pub struct Jobs {
    wanted: watch::Sender<i64>,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    started: AtomicU64,
    succeeded: AtomicU64,
    retried: AtomicU64,
    failed: AtomicU64,
    busy_micros: AtomicU64,
    done: std::sync::atomic::AtomicI64,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            window: Duration::from_millis(500),
            timeout: Duration::from_secs(60),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl Jobs {
    /// Starts the queue. Records up to `last` need no job.
    pub fn start(hook: Arc<dyn Hook>, options: JobOptions, last: i64) -> Self {
        let (wanted, wants) = watch::channel(last);
        let counts = Arc::new(Counts::default());
        counts.done.store(last, Ordering::Relaxed);
        let task = tokio::spawn(run(hook, options, wants, last, Arc::clone(&counts)));
        Self { wanted, counts, task }
    }

    /// Records up to this one exist. Returns at once.
    pub fn want(&self, up_to: i64) {
        self.wanted.send_if_modified(|wanted| {
            let more = up_to > *wanted;
            *wanted = up_to.max(*wanted);
            more
        });
    }

    /// The counters.
    pub fn counters(&self) -> JobCounters {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        JobCounters {
            started: count(&self.counts.started),
            succeeded: count(&self.counts.succeeded),
            retried: count(&self.counts.retried),
            failed: count(&self.counts.failed),
            busy_micros: count(&self.counts.busy_micros),
            pending: *self.wanted.borrow() > self.counts.done.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    hook: Arc<dyn Hook>,
    options: JobOptions,
    mut wants: watch::Receiver<i64>,
    mut after: i64,
    counts: Arc<Counts>,
) {
    while wants.changed().await.is_ok() {
        settle(&mut wants, options.window).await;
        let job = Job { after, up_to: *wants.borrow_and_update() };
        counts.started.fetch_add(1, Ordering::Relaxed);
        let mut outcome = attempt(&*hook, &job, options.timeout, &counts).await;
        if let Err(reason) = &outcome {
            tracing::warn!(target: "weir::preprocess", "a job failed; retrying once: {reason}");
            counts.retried.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(options.retry_after).await;
            outcome = attempt(&*hook, &job, options.timeout, &counts).await;
        }
        match outcome {
            Ok(()) => counts.succeeded.fetch_add(1, Ordering::Relaxed),
            Err(reason) => {
                let Job { after, up_to } = job;
                tracing::error!(target: "weir::preprocess", after, up_to, "a job failed twice; giving up: {reason}");
                counts.failed.fetch_add(1, Ordering::Relaxed)
            }
        };
        after = job.up_to;
        counts.done.store(after, Ordering::Relaxed);
    }
}

/// Waits until no records have arrived for the window, up to a maximum.
async fn settle(wants: &mut watch::Receiver<i64>, window: Duration) {
    let latest = tokio::time::Instant::now() + window * LONGEST_IN_WINDOWS;
    loop {
        let until = (tokio::time::Instant::now() + window).min(latest);
        match tokio::time::timeout_at(until, wants.changed()).await {
            Ok(Ok(())) if until < latest => {}
            _ => return,
        }
    }
}

async fn attempt(hook: &dyn Hook, job: &Job, timeout: Duration, counts: &Counts) -> Result<(), String> {
    let started = Instant::now();
    let outcome = tokio::time::timeout(timeout, hook.run(job)).await;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    counts.busy_micros.fetch_add(micros, Ordering::Relaxed);
    outcome.unwrap_or_else(|_| Err(format!("it took longer than {} ms", timeout.as_millis())))
}

impl Job {
    /// The JSON a hook receives: `{"after": …, "upTo": …}`.
    pub fn to_json(&self) -> String {
        format!("{{\"after\":{},\"upTo\":{}}}", self.after, self.up_to)
    }
}

/// A command that runs with the job's JSON on its standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandHook {
    program: String,
    arguments: Vec<String>,
    folder: std::path::PathBuf,
}

impl CommandHook {
    /// A program to run in a folder. `None` for an empty command.
    pub fn new(command: &[String], folder: &std::path::Path) -> Option<Self> {
        let (program, arguments) = command.split_first()?;
        Some(Self { program: program.clone(), arguments: arguments.to_vec(), folder: folder.to_owned() })
    }
}

/// Kills all processes of a command when dropped, not only the first.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            // It may have exited by itself.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

#[async_trait]
impl Hook for CommandHook {
    async fn run(&self, job: &Job) -> Result<(), String> {
        let told = |error: io::Error| format!("{}: {error}", self.program);
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut group = Group(command.spawn().map_err(told)?);
        let (stdin, stderr) = (group.0.stdin.take(), group.0.stderr.take());
        let text = job.to_json();
        let feed = async {
            if let Some(mut stdin) = stdin {
                // The command need not read its input.
                let _ = stdin.write_all(text.as_bytes()).await;
            }
        };
        let listen = async {
            let mut kept = Vec::new();
            if let Some(mut stderr) = stderr {
                let _ = (&mut stderr).take(MAX_REPORTED).read_to_end(&mut kept).await;
                // The rest is read and discarded, so that the command never blocks on a full pipe.
                let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
            }
            String::from_utf8_lossy(&kept).trim().to_owned()
        };
        let ((), complaint, status) = tokio::join!(feed, listen, group.0.wait());
        let status = status.map_err(told)?;
        if status.success() { Ok(()) } else { Err(format!("{} ended with {status}: {complaint}", self.program)) }
    }
}
