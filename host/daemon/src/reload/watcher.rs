//! Notices of the file system, as a hint to look at the folder.
//!
//! Nothing relies on them: a notice that is lost, or a file system that sends none, only delays a reload until the
//! next look.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::fingerprint::Fingerprint;
use crate::config::Folder;
use crate::config::folder::CONFIG_FILE;

/// Most folders that are watched; each costs a handle of the system.
const MAX_WATCHED: usize = 64;

/// Watches the folders of a fingerprint, and the one that holds the served folder, in which that may be swapped.
pub struct Watcher {
    /// Ends watching when dropped.
    _system: Option<RecommendedWatcher>,
    notices: mpsc::Receiver<()>,
}

impl Watcher {
    /// Begins to watch. Where that cannot be done, the folder is still looked at from time to time.
    pub fn new(folder: &Folder, state: &Fingerprint) -> Self {
        // One place: notices only say that something happened.
        let (sender, notices) = mpsc::channel(1);
        let on_event = move |event: notify::Result<Event>| {
            let matters = event.map_or(true, |event| may_matter(&event));
            if matters {
                // A full channel has a notice in it already.
                let _ = sender.try_send(());
            }
        };
        let system = notify::recommended_watcher(on_event).and_then(|mut watcher| {
            for path in state.folders().iter().take(MAX_WATCHED) {
                watcher.watch(path, RecursiveMode::NonRecursive)?;
            }
            let parent = folder
                .path()
                .parent()
                .map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
            if let Some(parent) = parent {
                watcher.watch(parent, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        let system = system
            .inspect_err(|error| {
                tracing::warn!(target: "weir::reload", "the folder is only looked at every few seconds: {error}");
            })
            .ok();
        Self { _system: system, notices }
    }

    /// Waits for a notice.
    pub async fn notice(&mut self) {
        if self.notices.recv().await.is_none() {
            // Watching ended; only the looks remain.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until no notice has come for a while, but no longer than `most`.
    pub async fn quiet(&mut self, quiet: Duration, most: Duration) {
        let end = Instant::now() + most;
        while Instant::now() < end {
            let next = timeout_at((Instant::now() + quiet).min(end), self.notices.recv()).await;
            if !matches!(next, Ok(Some(()))) {
                return;
            }
        }
    }
}

/// Whether a folder may be another one after it. Bytes of files that are not looked at do not count: a store of records
/// in the folder is written to all the time.
fn may_matter(event: &Event) -> bool {
    let is_looked_at = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        name == CONFIG_FILE || name.ends_with(".wasm")
    };
    match event.kind {
        EventKind::Access(_) => false,
        EventKind::Modify(ModifyKind::Data(_)) => event.paths.is_empty() || event.paths.iter().any(is_looked_at),
        _ => true,
    }
}
