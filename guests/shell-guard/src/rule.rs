//! The rules by name, and the effect of a violation.
//!
//! Invariant: these names are used in configurations and messages, so they never change.

use std::collections::BTreeMap;

use serde::Deserialize;
use weir_sdk::Severity;

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Recursive deletion of a critical folder.
    DestructiveDelete,
    /// Formatting, partitioning or overwriting a disk.
    DiskWrite,
    /// Recursive change of modes or owners of a critical folder.
    PermissionChange,
    /// Overwriting the history of a protected branch, or deleting the branch.
    GitForcePush,
    /// Discarding uncommitted work.
    GitDiscard,
    /// Shutting down or restarting the machine.
    Power,
    /// Killing all processes.
    KillAll,
    /// A fork bomb.
    ForkBomb,
    /// Writing, moving or deleting a file outside the workspace.
    WriteOutside,
    /// Running data from the network, or handing a shell to the network.
    NetworkToShell,
    /// Running text that was encoded or transformed.
    DecodedToShell,
    /// `rm -rf $name/…`, which deletes `/…` when the variable is empty.
    UnsetVariable,
    /// A command whose name is only known at run time.
    DynamicCommand,
    /// Taking another user's rights.
    Privilege,
    /// A command that is too long or too deeply nested to analyse.
    TooComplex,
}

/// The effect of a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing.
    Off,
    /// A recorded finding.
    Info,
    /// A recorded finding that needs attention.
    Warn,
    /// A human must approve; if nobody can be asked, it blocks.
    Ask,
    /// It blocks.
    Error,
}

/// The operator's settings for some rules.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Levels(BTreeMap<Rule, Level>);

impl Levels {
    /// The effect of a violation.
    pub fn of(&self, rule: Rule) -> Level {
        self.0.get(&rule).copied().unwrap_or_else(|| rule.usual())
    }
}

impl Rule {
    /// The name in configurations and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::DestructiveDelete => "destructive_delete",
            Self::DiskWrite => "disk_write",
            Self::PermissionChange => "permission_change",
            Self::GitForcePush => "git_force_push",
            Self::GitDiscard => "git_discard",
            Self::Power => "power",
            Self::KillAll => "kill_all",
            Self::ForkBomb => "fork_bomb",
            Self::WriteOutside => "write_outside",
            Self::NetworkToShell => "network_to_shell",
            Self::DecodedToShell => "decoded_to_shell",
            Self::UnsetVariable => "unset_variable",
            Self::DynamicCommand => "dynamic_command",
            Self::Privilege => "privilege",
            Self::TooComplex => "too_complex",
        }
    }

    fn usual(self) -> Level {
        match self {
            Self::GitDiscard | Self::UnsetVariable => Level::Warn,
            Self::DynamicCommand | Self::Privilege => Level::Off,
            _ => Level::Error,
        }
    }
}

impl Level {
    /// The severity of a finding; `None` if the rule is off.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Info => Some(Severity::Info),
            Self::Warn => Some(Severity::Warn),
            Self::Ask | Self::Error => Some(Severity::Error),
        }
    }
}
