//! The signals that the process listens to.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Mutex, Notify};

/// SIGTERM and SIGINT end, SIGHUP reloads.
pub struct Signals {
    end: Mutex<(Signal, Signal)>,
    hang_up: HangUp,
}

/// SIGHUP, for whoever reloads.
#[derive(Clone)]
pub struct HangUp {
    signal: Arc<Mutex<Signal>>,
}

impl Signals {
    /// Takes the signals over. From now on none of them ends the process by itself.
    pub fn install() -> std::io::Result<Self> {
        let end = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let hang_up = HangUp { signal: Arc::new(Mutex::new(signal(SignalKind::hangup())?)) };
        Ok(Self { end: Mutex::new(end), hang_up })
    }

    /// Waits for a signal to end, and names it.
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
    /// Waits for the next one.
    pub async fn wait(&self) {
        if self.signal.lock().await.recv().await.is_none() {
            // No further signal can come; whoever waits goes on waiting.
            Notify::new().notified().await;
        }
    }
}
