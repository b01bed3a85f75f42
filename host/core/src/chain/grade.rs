//! The one place where mode and fail-open decide what an outcome does to the traffic.

use crate::{Mode, Severity};

/// What a policy came to, without its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The payload may pass.
    Valid,
    /// It may not, this gravely.
    Invalid(Option<Severity>),
    /// A person must approve.
    Ask,
    /// The payload stays.
    Unmodified,
    /// The payload becomes another.
    Changed,
    /// The policy failed.
    Fault,
    /// The chain's deadline passed before the policy answered.
    ChainDeadline,
}

/// What it does to the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing stands in the way.
    Pass,
    /// The payload becomes the policy's.
    Apply,
    /// The exchange ends here.
    Block,
    /// The policy failed and the traffic goes on without it, because fail-open says so.
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

/// What a judgement does under a mode and a fail-open setting. `fail_open` is about failures, never about
/// verdicts; the chain's deadline blocks whatever it says, because nobody knows what the policy would have said.
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
