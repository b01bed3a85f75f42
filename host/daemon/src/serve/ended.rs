//! Shutdown: a channel as a future.

use tokio::sync::watch;

/// Completes when the channel signals shutdown, or when all senders are gone.
pub async fn ended(mut receiver: watch::Receiver<bool>) {
    let _ = receiver.wait_for(|end| *end).await;
}
