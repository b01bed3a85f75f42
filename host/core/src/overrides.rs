//! What the operator says about one policy of the folder. Absent means: as declared.

use std::time::Duration;

use crate::{Hook, Mode, PriorityHint};

/// The overrides of one chain entry. Name, type, config schema and compat cannot be overridden, so they
/// are not here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Replaces the declared mode; may promote as well as demote.
    pub mode: Option<Mode>,
    /// Replaces the declared value.
    pub fail_open: Option<bool>,
    /// Time for one invocation.
    pub timeout: Option<Duration>,
    /// Instructions for one invocation.
    pub fuel: Option<u64>,
    /// Replaces the whole hint; there is no merge per phase.
    pub priority_hint: Option<PriorityHint>,
    /// Narrows the declared hooks; an empty list disables the policy.
    pub hooks: Option<Vec<Hook>>,
}
