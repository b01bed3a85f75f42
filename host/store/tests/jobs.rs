//! The queue behind the records: one job for many.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use weir_store::jobs::{CommandHook, Hook, Job, JobCounters, JobOptions, Jobs};

use crate::support::Folder;

const FAST: JobOptions = JobOptions {
    window: Duration::from_millis(20),
    timeout: Duration::from_secs(10),
    retry_after: Duration::from_millis(10),
};

/// Records its jobs, fails this many times, and counts concurrent runs.
#[derive(Default)]
struct Noting {
    jobs: Mutex<Vec<Job>>,
    failures: AtomicU32,
    running: AtomicU32,
    /// Each job takes until there is a permit for it.
    held: Option<Semaphore>,
}

#[async_trait]
impl Hook for Noting {
    async fn run(&self, job: &Job) -> Result<(), String> {
        assert_eq!(self.running.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
        self.jobs.lock().unwrap().push(*job);
        if let Some(held) = &self.held {
            held.acquire().await.unwrap().forget();
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        let fails = self.failures.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if fails { Err("as it was told".into()) } else { Ok(()) }
    }
}

async fn until(jobs: &Jobs, holds: impl Fn(JobCounters) -> bool) -> JobCounters {
    let start = Instant::now();
    while !holds(jobs.counters()) {
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", jobs.counters());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    jobs.counters()
}

#[tokio::test]
async fn twenty_records_within_the_window_are_one_job() {
    let hook = Arc::new(Noting::default());
    let jobs = Jobs::start(Arc::clone(&hook) as _, FAST, 100);
    // Nothing else runs in between, so the window does not pass either.
    (101..=120).for_each(|id| jobs.want(id));
    assert!(jobs.counters().pending);
    let counters = until(&jobs, |counters| counters.succeeded == 1 && !counters.pending).await;
    assert_eq!((counters.started, counters.failed, counters.retried), (1, 0, 0));
    assert_eq!(*hook.jobs.lock().unwrap(), [Job { after: 100, up_to: 120 }]);
    // Known records need no job.
    jobs.want(110);
    assert!(!jobs.counters().pending);
}

#[tokio::test]
async fn what_comes_while_a_job_runs_is_one_more() {
    let hook = Arc::new(Noting { held: Some(Semaphore::new(0)), ..Noting::default() });
    let jobs = Jobs::start(Arc::clone(&hook) as _, FAST, 0);
    jobs.want(1);
    until(&jobs, |counters| counters.started == 1).await;
    (2..=50).for_each(|id| jobs.want(id));
    hook.held.as_ref().unwrap().add_permits(2);
    until(&jobs, |counters| counters.succeeded == 2 && !counters.pending).await;
    assert_eq!(*hook.jobs.lock().unwrap(), [Job { after: 0, up_to: 1 }, Job { after: 1, up_to: 50 }]);
}

#[tokio::test]
async fn a_steady_stream_does_not_put_jobs_off_for_ever() {
    let hook = Arc::new(Noting::default());
    let jobs = Jobs::start(Arc::clone(&hook) as _, FAST, 0);
    let start = Instant::now();
    let mut id = 0;
    while jobs.counters().started == 0 {
        id += 1;
        jobs.want(id);
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_failure_is_tried_once_more_and_then_given_up() {
    let hook = Arc::new(Noting { failures: AtomicU32::new(3), ..Noting::default() });
    let jobs = Jobs::start(Arc::clone(&hook) as _, FAST, 0);
    jobs.want(1);
    let counters = until(&jobs, |counters| counters.failed == 1).await;
    assert_eq!((counters.started, counters.retried, counters.succeeded), (1, 1, 0));
    jobs.want(2);
    let counters = until(&jobs, |counters| counters.succeeded == 1).await;
    assert_eq!((counters.started, counters.retried, counters.failed), (2, 2, 1));
    assert_eq!(hook.jobs.lock().unwrap().len(), 4);
}

fn shell(script: &str, folder: &Folder) -> CommandHook {
    let command = ["sh", "-c", script].map(str::to_owned);
    CommandHook::new(&command, &folder.file(".")).unwrap()
}

#[tokio::test]
async fn a_command_is_told_its_job_and_its_complaint_is_told() {
    let folder = Folder::new();
    let job = Job { after: 3, up_to: 9 };
    shell("cat >job.json", &folder).run(&job).await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.file("job.json")).unwrap(), "{\"after\":3,\"upTo\":9}");
    let error =
        shell("echo no such model >&2; yes >&1 | head -c 1000000; exit 3", &folder).run(&job).await.unwrap_err();
    assert!(error.contains("no such model") && error.contains('3'), "{error}");
    let loud = shell("yes | head -c 5000000 >&2; exit 1", &folder).run(&job).await.unwrap_err();
    assert!(loud.len() < 3000, "{}", loud.len());
    assert!(CommandHook::new(&[], &folder.file(".")).is_none());
    let missing = CommandHook::new(&["weir-no-such-program".to_owned()], &folder.file(".")).unwrap();
    assert!(missing.run(&job).await.unwrap_err().contains("weir-no-such-program"));
}

#[tokio::test]
async fn a_command_that_takes_too_long_ends_with_all_its_processes() {
    let folder = Folder::new();
    let hook = Arc::new(shell("sleep 600 & echo $! >>children; wait", &folder));
    let options = JobOptions { timeout: Duration::from_millis(300), ..FAST };
    let jobs = Jobs::start(hook, options, 0);
    jobs.want(1);
    until(&jobs, |counters| counters.failed == 1).await;
    let children = std::fs::read_to_string(folder.file("children")).unwrap();
    let children: Vec<&str> = children.lines().collect();
    assert_eq!(children.len(), 2, "it was tried twice");
    let start = Instant::now();
    while children.iter().any(|child| is_running(child)) {
        assert!(start.elapsed() < Duration::from_secs(20), "a process of the command went on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A process that has ended may not have been reaped yet by whoever it belongs to now.
fn is_running(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}
