//! The signals that the process handles.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Mutex, Notify};

/// SIGTERM and SIGINT shut down, SIGHUP reloads.
pub struct Signals {
    end: Mutex<(Signal, Signal)>,
    hang_up: HangUp,
}

/// SIGHUP, for the reload task.
#[derive(Clone)]
pub struct HangUp {
    signal: Arc<Mutex<Signal>>,
}

impl Signals {
    /// Installs the handlers. From now on none of these signals ends the process by itself.
    pub fn install() -> std::io::Result<Self> {
        let end = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let hang_up = HangUp { signal: Arc::new(Mutex::new(signal(SignalKind::hangup())?)) };
        Ok(Self { end: Mutex::new(end), hang_up })
    }

    /// Waits for a shutdown signal and returns its name.
    pub async fn end(&self) -> &'static str {
        let (terminate, interrupt) = &mut *self.end.lock().await;
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    }

    /// A handle on SIGHUP.
    pub fn hang_up(&self) -> HangUp {
        self.hang_up.clone()
    }
}

impl HangUp {
    /// Waits for the next SIGHUP.
    pub async fn wait(&self) {
        if self.signal.lock().await.recv().await.is_none() {
            // No further signal can arrive, so wait forever.
            Notify::new().notified().await;
        }
    }
}
