//! What a row tells of the policies that ran: names and verdicts, never a text of theirs.

use serde::Serialize;
use weir_core::ChainResult;
use weir_core::chain::{InterceptorResult, Report};

/// What one chain decided, as a row holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Decision {
    /// One chain.
    Chain(ChainDecision),
    /// There were more than are kept.
    Omitted {
        /// How many more.
        omitted: u64,
    },
}

/// What one chain decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainDecision {
    event: String,
    phase: &'static str,
    status: &'static str,
    modified: bool,
    aborted_by: Option<String>,
    policies: Vec<PolicyDecision>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PolicyDecision {
    interceptor: String,
    #[serde(rename = "type")]
    kind: &'static str,
    mode: &'static str,
    effect: &'static str,
    #[serde(flatten)]
    said: Said,
}

/// What a policy said, or what went wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    Valid(bool),
    Modified(bool),
    Fault(&'static str),
}

/// What one chain decided. Reasons, messages and payloads are left out: they may repeat what was judged.
pub fn decision(result: &ChainResult) -> Decision {
    Decision::Chain(ChainDecision {
        event: result.event.as_str().to_owned(),
        phase: result.phase.as_str(),
        status: result.status.as_str(),
        modified: result.is_modified(),
        aborted_by: result.aborted_at.as_ref().map(|abort| abort.interceptor.as_str().to_owned()),
        policies: result.results.iter().map(PolicyDecision::of).collect(),
    })
}

impl PolicyDecision {
    fn of(result: &InterceptorResult) -> Self {
        Self {
            interceptor: result.interceptor.as_str().to_owned(),
            kind: result.kind.as_str(),
            mode: result.mode.as_str(),
            effect: result.effect.as_str(),
            said: match &result.report {
                Report::Validation(validation) => Said::Valid(validation.valid),
                Report::Mutation { modified, .. } => Said::Modified(*modified),
                Report::Fault(fault) => Said::Fault(fault.kind.as_str()),
                Report::ChainDeadline => Said::Fault("chain-deadline"),
            },
        }
    }
}
