//! Decides what an outcome does to the traffic, given mode and fail-open. Nothing else does.

use crate::{Mode, Severity};

/// A policy's outcome, without details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The payload may pass.
    Valid,
    /// It may not, with this severity.
    Invalid(Option<Severity>),
    /// A person must approve.
    Ask,
    /// The payload is unchanged.
    Unmodified,
    /// The payload is changed.
    Changed,
    /// The policy failed.
    Fault,
    /// The chain's deadline passed before the policy answered.
    ChainDeadline,
}

/// The effect on the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// None.
    Pass,
    /// The policy's payload replaces the original.
    Apply,
    /// The exchange ends here.
    Block,
    /// The policy failed, and traffic continues because of fail-open.
    FailOpen,
    /// Recorded only, because the policy is in audit mode.
    Audit,
}

impl Effect {
    /// The word used in JSON, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Apply => "apply",
            Self::Block => "block",
            Self::FailOpen => "fail_open",
            Self::Audit => "audit",
        }
    }
}

/// The effect of a judgement under a mode and a fail-open setting. `fail_open` applies to failures, never to verdicts.
/// It does not apply to the chain's deadline either, because the policy might have blocked.
pub const fn grade(mode: Mode, fail_open: bool, judgement: Judgement) -> Effect {
    match (judgement, mode) {
        (Judgement::Valid | Judgement::Unmodified, _) => Effect::Pass,
        (_, Mode::Audit) => Effect::Audit,
        (Judgement::Invalid(Some(Severity::Warn | Severity::Info)), Mode::Active) => Effect::Pass,
        (Judgement::Invalid(Some(Severity::Error) | None) | Judgement::Ask, Mode::Active) => Effect::Block,
        (Judgement::Changed, Mode::Active) => Effect::Apply,
        (Judgement::Fault, Mode::Active) if fail_open => Effect::FailOpen,
        (Judgement::Fault | Judgement::ChainDeadline, Mode::Active) => Effect::Block,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_verdicts() {
        use Effect::{Apply, Audit, Block, FailOpen, Pass};
        let rows = [
            (Judgement::Valid, [Pass, Pass, Pass]),
            (Judgement::Invalid(Some(Severity::Error)), [Block, Block, Audit]),
            (Judgement::Invalid(Some(Severity::Warn)), [Pass, Pass, Audit]),
            (Judgement::Invalid(Some(Severity::Info)), [Pass, Pass, Audit]),
            (Judgement::Invalid(None), [Block, Block, Audit]),
            (Judgement::Ask, [Block, Block, Audit]),
            (Judgement::Unmodified, [Pass, Pass, Pass]),
            (Judgement::Changed, [Apply, Apply, Audit]),
            (Judgement::Fault, [Block, FailOpen, Audit]),
            (Judgement::ChainDeadline, [Block, Block, Audit]),
        ];
        for (judgement, [active, active_open, audit]) in rows {
            assert_eq!(grade(Mode::Active, false, judgement), active, "{judgement:?}");
            assert_eq!(grade(Mode::Active, true, judgement), active_open, "{judgement:?} fail-open");
            assert_eq!(grade(Mode::Audit, false, judgement), audit, "{judgement:?} audit");
            assert_eq!(grade(Mode::Audit, true, judgement), audit, "{judgement:?} audit fail-open");
        }
    }
}
