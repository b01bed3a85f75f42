//! A chain's result in the format of chain cases: all decisions, no measurements.
//!
//! Fault texts differ between implementations of a policy, so a fault is rendered as its kind only.

use serde_json::{Map, Value, json};
use weir_core::chain::{Abort, InterceptorResult, Report, Summary};
use weir_core::{ChainResult, Edit, FaultKind, Finding, Mode, Suggestion, Validation};

/// The result, without absent and default values.
pub fn render(result: &ChainResult) -> Value {
    let ChainResult { status, event: _, phase: _, results, final_payload, summary, aborted_at, not_applicable } =
        result;
    let mut rendered = Map::new();
    rendered.insert("status".into(), status.as_str().into());
    rendered.insert("results".into(), results.iter().map(entry).collect());
    if let Some(payload) = final_payload {
        rendered.insert("finalPayload".into(), serde_json::from_str(payload.text()).unwrap_or_default());
    }
    if *summary != Summary::default() {
        let Summary { errors, warnings, infos } = *summary;
        rendered.insert("summary".into(), json!({ "errors": errors, "warnings": warnings, "infos": infos }));
    }
    if let Some(Abort { interceptor, reason, kind }) = aborted_at {
        let reason = FaultKind::ALL.iter().find(|kind| reason.starts_with(&format!("{}: ", kind.as_str())));
        let reason = reason.map_or_else(|| aborted_at.as_ref().unwrap().reason.clone(), |kind| kind.as_str().into());
        let aborted = json!({ "interceptor": interceptor.as_str(), "type": kind.as_str(), "reason": reason });
        rendered.insert("abortedAt".into(), aborted);
    }
    if !not_applicable.is_empty() {
        let names = not_applicable.iter().map(|entry| entry.interceptor.as_str().into()).collect();
        rendered.insert("notApplicable".into(), Value::Array(names));
    }
    Value::Object(rendered)
}

fn entry(result: &InterceptorResult) -> Value {
    let InterceptorResult {
        interceptor,
        kind: _,
        phase: _,
        mode,
        fail_open,
        effect,
        revalidation,
        elapsed: _,
        fuel: _,
        report,
    } = result;
    let mut rendered = Map::new();
    rendered.insert("interceptor".into(), interceptor.as_str().into());
    rendered.insert("effect".into(), effect.as_str().into());
    if *mode == Mode::Audit {
        rendered.insert("mode".into(), mode.as_str().into());
    }
    if *fail_open {
        rendered.insert("failOpen".into(), true.into());
    }
    if *revalidation {
        rendered.insert("revalidation".into(), true.into());
    }
    match report {
        Report::Validation(judged) => validation(judged, &mut rendered),
        Report::Mutation { modified, payload, shadow, info } => {
            rendered.insert("modified".into(), (*modified).into());
            rendered.insert("payload".into(), serde_json::from_str(payload.text()).unwrap_or_default());
            if let Some(shadow) = shadow {
                rendered.insert("shadow".into(), shadow.edits.iter().map(edit).collect());
            }
            insert_json("info", info.as_deref(), &mut rendered);
        }
        Report::Fault(fault) => _ = rendered.insert("fault".into(), fault.kind.as_str().into()),
        Report::ChainDeadline => _ = rendered.insert("fault".into(), "chain deadline".into()),
    }
    Value::Object(rendered)
}

fn validation(validation: &Validation, rendered: &mut Map<String, Value>) {
    let Validation { valid, severity, findings, suggestions, ask, info } = validation;
    rendered.insert("valid".into(), (*valid).into());
    if let Some(severity) = severity {
        rendered.insert("severity".into(), severity.as_str().into());
    }
    if !findings.is_empty() {
        let findings = findings.iter().map(|Finding { path, message, severity }| match path {
            Some(path) => json!({ "path": path, "message": message, "severity": severity.as_str() }),
            None => json!({ "message": message, "severity": severity.as_str() }),
        });
        rendered.insert("messages".into(), findings.collect());
    }
    if !suggestions.is_empty() {
        let suggestions =
            suggestions.iter().map(|Suggestion { path, value }| json!({ "path": path, "value": parsed(value) }));
        rendered.insert("suggestions".into(), suggestions.collect());
    }
    if let Some(ask) = ask {
        rendered.insert("ask".into(), ask.clone().into());
    }
    insert_json("info", info.as_deref(), rendered);
}

fn edit(Edit { pointer, value }: &Edit) -> Value {
    match value {
        Some(value) => json!({ "pointer": pointer, "value": parsed(value) }),
        None => json!({ "pointer": pointer }),
    }
}

fn insert_json(name: &str, text: Option<&str>, rendered: &mut Map<String, Value>) {
    if let Some(text) = text {
        rendered.insert(name.into(), parsed(text));
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text:?} is not JSON: {error}"))
}
