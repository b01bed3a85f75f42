//! When to end: a channel as a future.

use tokio::sync::watch;

/// Ends when the channel says so, or when nobody is left to say it.
pub async fn ended(mut receiver: watch::Receiver<bool>) {
    let _ = receiver.wait_for(|end| *end).await;
}
