//! What calls of all MCP routes share. Nothing in it refers to a call.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::Semaphore;

use super::tools::ToolHeaders;

/// Most concurrent answers of our own to servers; a stream that needs one more waits.
const MAX_ANSWERING: usize = 64;

/// What calls of all MCP routes share.
pub(super) struct Common {
    /// The arguments that tools mirror in headers.
    pub(super) tools: ToolHeaders,
    /// Permits for concurrent answers of our own to servers.
    pub(super) answering: Arc<Semaphore>,
    /// Bytes of params kept until their answers arrive.
    pub(super) retained: Arc<AtomicUsize>,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            tools: ToolHeaders::default(),
            answering: Arc::new(Semaphore::new(MAX_ANSWERING)),
            retained: Arc::default(),
        }
    }
}
