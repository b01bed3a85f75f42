//! File system notifications, used as a hint to check the folder.
//!
//! Nothing relies on them: a lost notification, or a file system that sends none, only delays a reload until the next
//! check.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::fingerprint::Fingerprint;
use crate::config::Folder;
use crate::config::folder::CONFIG_FILE;

/// Maximum number of watched folders; each uses a system handle.
const MAX_WATCHED: usize = 64;

/// Watches the folders of a fingerprint, and the parent of the served folder, where that folder may be swapped.
pub struct Watcher {
    /// Stops watching when dropped.
    _system: Option<RecommendedWatcher>,
    notices: mpsc::Receiver<()>,
}

impl Watcher {
    /// Starts watching. If that fails, the folder is still checked periodically.
    pub fn new(folder: &Folder, state: &Fingerprint) -> Self {
        // Capacity 1: a notification only says that something happened.
        let (sender, notices) = mpsc::channel(1);
        let on_event = move |event: notify::Result<Event>| {
            let matters = event.map_or(true, |event| may_matter(&event));
            if matters {
                // A full channel already holds a notification.
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
                tracing::warn!(target: "weir::reload", "the folder can only be polled every few seconds: {error}");
            })
            .ok();
        Self { _system: system, notices }
    }

    /// Waits for a notification.
    pub async fn notice(&mut self) {
        if self.notices.recv().await.is_none() {
            // Watching ended; only the periodic checks remain.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until no notification has arrived for a while, but no longer than `most`.
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

/// Whether an event may change the folder's fingerprint. Writes to files that are not part of it are ignored: a record
/// store in the folder is written to all the time.
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
