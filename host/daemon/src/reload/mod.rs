//! Hot reload: watches the folder, validates every change as a whole in the background, and swaps in only a valid set.
//!
//! Invariants: an invalid change leaves the serving set in place and is reported (log, metrics, admin surface); a set
//! never mixes two states of the folder; one change is tried at a time.
//!
//! Not here: the swap itself, which is [`Running::replace`].

mod fingerprint;
mod restart;
mod watcher;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Folder, Problem};
use crate::load::{self, LoadedSet};
use crate::running::Running;
use crate::signals::HangUp;
use watcher::Watcher;

pub use fingerprint::Fingerprint;

/// How long the folder must be quiet before it is read: editors and copies write in several steps.
const QUIET: Duration = Duration::from_millis(150);

/// Maximum delay if the folder is never quiet.
const IMPATIENT: Duration = Duration::from_secs(2);

/// How often the folder is checked without a notification: some file systems send none.
const POLL: Duration = Duration::from_secs(2);

/// What triggered a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Changed,
    HangUp,
}

/// Watches the folder while the task lives. `read_as` is the fingerprint the first set was loaded from.
pub async fn watch(running: Arc<Running>, read_as: Fingerprint, hang_up: HangUp) {
    let folder = running.current().set.folder.clone();
    let started_with = running.current().set.config.clone();
    let mut tried = read_as;
    let mut watcher = Watcher::new(&folder, &tried);
    // Catches changes made while the first set was loading.
    let mut look_at_once = true;
    loop {
        let reason = tokio::select! {
            () = hang_up.wait() => Reason::HangUp,
            () = watcher.notice() => { watcher.quiet(QUIET, IMPATIENT).await; Reason::Changed }
            () = tokio::time::sleep(if look_at_once { QUIET } else { POLL }) => Reason::Changed,
        };
        look_at_once = false;
        let found = Fingerprint::take(&folder).await;
        if reason == Reason::Changed && found == tried {
            continue;
        }
        // Renewed before the folder is read: a swapped link points to folders that are not watched yet.
        watcher = Watcher::new(&folder, &found);
        tried = found;
        if let Attempt::Unsettled = attempt(&running, &folder, &tried, &started_with).await {
            // The folder changed while it was read, so the set may be mixed; the next round retries.
            tried = Fingerprint::none();
            look_at_once = true;
        }
    }
}

/// The result of trying a change.
enum Attempt {
    Done,
    Unsettled,
}

async fn attempt(
    running: &Running,
    folder: &Folder,
    read_as: &Fingerprint,
    started_with: &crate::config::Config,
) -> Attempt {
    let loaded = load_set(running, folder).await;
    if Fingerprint::take(folder).await != *read_as {
        return Attempt::Unsettled;
    }
    match loaded {
        Ok(mut set) => {
            set.warnings.extend(restart::needed(folder, started_with, &set.config));
            log_set(&set);
            match running.replace(set) {
                Ok(epoch) => {
                    let current = running.current();
                    tracing::info!(target: "weir::reload", epoch, policies = current.set.policies.len(), "reloaded");
                }
                Err(problem) => refuse(running, vec![problem]),
            }
        }
        Err(problems) => refuse(running, problems),
    }
    Attempt::Done
}

async fn load_set(running: &Running, folder: &Folder) -> Result<LoadedSet, Vec<Problem>> {
    let (reading, demo) = (folder.clone(), running.demo);
    let read = tokio::task::spawn_blocking(move || reading.config(demo)).await;
    let (config, report) = read
        .map_err(|error| vec![Problem::error(folder.show("weir.toml"), None, format!("reading it failed: {error}"))])?;
    let Some(config) = config else { return Err(report.into_sorted()) };
    let before = running.current();
    let Running { engine, remotes, .. } = running;
    load::load(folder, config, report, engine, remotes, Some(&before.set), &load::Silent).await
}

fn refuse(running: &Running, problems: Vec<Problem>) {
    problems.iter().for_each(Problem::log);
    let epoch = running.current().epoch;
    tracing::error!(target: "weir::reload", epoch, "the change was rejected; the previous set keeps serving");
    running.refuse(problems);
}

/// Logs the warnings of a set that is about to serve.
pub fn log_set(set: &LoadedSet) {
    set.warnings.iter().for_each(Problem::log);
    for policy in &set.policies {
        for weakening in policy.settings.weakenings() {
            tracing::warn!(
                target: "weir::load",
                policy = %policy.settings.name,
                weakening = weakening.as_str(),
                "an override weakens this policy"
            );
        }
    }
}
