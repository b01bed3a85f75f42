//! What a row tells of the policies that ran: names and verdicts, never a text of theirs.

use serde_json::{Map, Value, json};
use weir_core::ChainResult;
use weir_core::chain::Report;

/// What one chain decided. Reasons, messages and payloads are left out: they may repeat what was judged.
pub fn decision(result: &ChainResult) -> Value {
    let policies: Vec<Value> = result
        .results
        .iter()
        .map(|one| {
            let mut entry = Map::new();
            entry.insert("interceptor".into(), json!(one.interceptor.as_str()));
            entry.insert("type".into(), json!(one.kind.as_str()));
            entry.insert("mode".into(), json!(one.mode.as_str()));
            entry.insert("effect".into(), json!(one.effect.as_str()));
            match &one.report {
                Report::Validation(validation) => entry.insert("valid".into(), json!(validation.valid)),
                Report::Mutation { modified, .. } => entry.insert("modified".into(), json!(modified)),
                Report::Fault(fault) => entry.insert("fault".into(), json!(fault.kind.as_str())),
                Report::ChainDeadline => entry.insert("fault".into(), json!("chain-deadline")),
            };
            Value::Object(entry)
        })
        .collect();
    json!({
        "event": result.event.as_str(),
        "phase": result.phase.as_str(),
        "status": result.status.as_str(),
        "modified": result.is_modified(),
        "abortedBy": result.aborted_at.as_ref().map(|abort| abort.interceptor.as_str()),
        "policies": policies,
    })
}
