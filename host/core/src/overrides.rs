//! The operator's overrides for one policy. Absent means: as declared.

use std::time::Duration;

use crate::{Hook, Mode, PriorityHint};

/// The overrides of one chain entry. Name, type, config schema and compat cannot be overridden, so they
/// are not here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Replaces the declared mode. It may enforce more or less than declared.
    pub mode: Option<Mode>,
    /// Replaces the declared value.
    pub fail_open: Option<bool>,
    /// Timeout of one invocation.
    pub timeout: Option<Duration>,
    /// Instruction budget of one invocation.
    pub fuel: Option<u64>,
    /// Replaces the whole priority hint; phases are not merged.
    pub priority_hint: Option<PriorityHint>,
    /// Narrows the declared hooks; an empty list disables the policy.
    pub hooks: Option<Vec<Hook>>,
}
