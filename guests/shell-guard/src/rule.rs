//! The rules by name, and what a broken one comes to.
//!
//! Invariant: the names here are the ones in configurations and messages; they do not change.

use std::collections::BTreeMap;

use serde::Deserialize;
use weir_sdk::Severity;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A folder that matters is deleted with all it holds.
    DestructiveDelete,
    /// A disk is formatted, partitioned or overwritten.
    DiskWrite,
    /// Modes or owners of a folder that matters are changed with all it holds.
    PermissionChange,
    /// The history of a protected branch is overwritten or the branch deleted.
    GitForcePush,
    /// Work that is not committed is thrown away.
    GitDiscard,
    /// The machine is switched off or restarted.
    Power,
    /// Every process is ended.
    KillAll,
    /// A function that calls itself twice without end.
    ForkBomb,
    /// A file outside of the workspace is written, moved or deleted.
    WriteOutside,
    /// What comes from the network is run, or a shell is handed to it.
    NetworkToShell,
    /// What was encoded or transformed is run.
    DecodedToShell,
    /// `rm -rf $name/…`, which deletes `/…` when the variable is empty.
    UnsetVariable,
    /// A command whose name is only known when it runs.
    DynamicCommand,
    /// Another user's rights are taken.
    Privilege,
    /// A command that is too long or nested too deeply to be judged.
    TooComplex,
}

/// What a broken rule comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing.
    Off,
    /// A finding that is recorded.
    Info,
    /// A finding that is recorded and should be looked at.
    Warn,
    /// A person must approve; where nobody can be asked, it blocks.
    Ask,
    /// It blocks.
    Error,
}

/// What the operator said about some rules.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Levels(BTreeMap<Rule, Level>);

impl Levels {
    /// What a broken rule comes to.
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
    /// The severity of a finding; none where there is to be no finding.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Info => Some(Severity::Info),
            Self::Warn => Some(Severity::Warn),
            Self::Ask | Self::Error => Some(Severity::Error),
        }
    }
}
