//! What the ports work with.

use std::sync::Arc;

use weir_store::jobs::Jobs;
use weir_store::{Recorder, Store};

use super::audit::Audit;
use super::settle::Settler;
use super::trust::Trust;

/// What the ports work with.
pub struct Kept {
    pub(super) store: Arc<dyn Store>,
    pub(super) recorder: Recorder,
    pub(super) settler: Settler,
    pub(super) trust: Arc<Trust>,
    pub(super) audit: Audit,
    pub(super) jobs: Option<Arc<Jobs>>,
    pub(super) body_limit: usize,
}
