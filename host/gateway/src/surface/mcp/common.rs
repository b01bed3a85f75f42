//! What calls of all MCP routes have in common. Nothing in it refers to any call.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::Semaphore;

use super::tools::ToolHeaders;

/// Most answers of ours to servers under way at a time; a stream that would need one more waits.
const MAX_ANSWERING: usize = 64;

/// What calls of all MCP routes have in common.
pub(super) struct Common {
    /// Which arguments of which tools are mirrored in headers.
    pub(super) tools: ToolHeaders,
    /// Places for answers of ours to servers that are under way.
    pub(super) answering: Arc<Semaphore>,
    /// Bytes of params that are kept until their answers come.
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
