//! Reads the result of `interceptor/invoke` from another server. It is untrusted input.

use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::payload::Pointer;
use weir_core::{
    Change, Fault, FaultKind, Finding, Kind, Mutation, Outcome, Payload, Phase, Severity, Suggestion, Validation,
    check_outcome,
};

#[derive(Deserialize)]
struct InvokeResult<'a> {
    interceptor: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    phase: Option<String>,
    valid: Option<bool>,
    severity: Option<String>,
    messages: Option<Vec<ResultMessage>>,
    #[serde(borrow)]
    suggestions: Option<Vec<ResultSuggestion<'a>>>,
    ask: Option<String>,
    modified: Option<bool>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    info: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ResultMessage {
    path: Option<String>,
    message: String,
    severity: Option<String>,
}

#[derive(Deserialize)]
struct ResultSuggestion<'a> {
    path: String,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// The call, to check the result against.
pub(super) struct Expected<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) phase: Phase,
    pub(super) payload: &'a Payload,
}

/// The outcome of a result; a changed payload is already parsed.
pub(super) fn outcome(expected: &Expected<'_>, result: &str) -> Result<Outcome, Fault> {
    let unusable = |message: String| Fault::new(FaultKind::Output, message);
    let written: InvokeResult<'_> =
        serde_json::from_str(result).map_err(|error| unusable(format!("its result cannot be read: {error}")))?;
    let InvokeResult { interceptor, kind, phase, valid, severity, messages, suggestions, ask, modified, payload, info } =
        written;
    for (what, said, right) in [
        ("interceptor", interceptor, expected.name),
        ("type", kind, expected.kind.as_str()),
        ("phase", phase, expected.phase.as_str()),
    ] {
        if let Some(said) = said.filter(|said| said != right) {
            let said = super::server::shorten(&said);
            return Err(unusable(format!("its result is of {what} {said:?}, not {right:?}")));
        }
    }
    let info = info.map(|info| info.get().to_owned()).filter(|info| info != "null");
    let outcome = match expected.kind {
        Kind::Validation => Outcome::Validation(Validation {
            valid: valid.ok_or_else(|| unusable("a validation without `valid`".to_owned()))?,
            severity: severity.as_deref().map(read_severity).transpose()?,
            findings: messages.unwrap_or_default().into_iter().map(finding).collect::<Result<_, _>>()?,
            suggestions: suggestions.unwrap_or_default().into_iter().filter_map(suggestion).collect(),
            ask,
            info,
        }),
        Kind::Mutation => {
            let modified = modified.ok_or_else(|| unusable("a mutation without `modified`".to_owned()))?;
            let change = match (modified, payload) {
                (false, _) => Change::Unmodified,
                (true, Some(payload)) => Change::Replace(payload.get().to_owned()),
                (true, None) => return Err(unusable("a mutation without its payload".to_owned())),
            };
            let change = change.apply(expected.payload)?.map_or(Change::Unmodified, Change::Become);
            Outcome::Mutation(Mutation { change, info })
        }
    };
    check_outcome(outcome)
}

/// A path that is not a JSON pointer is dropped; the message still counts.
fn finding(written: ResultMessage) -> Result<Finding, Fault> {
    let ResultMessage { path, message, severity } = written;
    Ok(Finding {
        path: path.filter(|path| Pointer::parse(path).is_ok()),
        message,
        severity: severity.as_deref().map_or(Ok(Severity::Error), read_severity)?,
    })
}

fn suggestion(written: ResultSuggestion<'_>) -> Option<Suggestion> {
    let ResultSuggestion { path, value } = written;
    Pointer::parse(&path).is_ok().then(|| Suggestion { path, value: value.get().to_owned() })
}

fn read_severity(word: &str) -> Result<Severity, Fault> {
    match word {
        "info" => Ok(Severity::Info),
        "warn" | "warning" => Ok(Severity::Warn),
        "error" => Ok(Severity::Error),
        _ => Err(Fault::new(FaultKind::Output, format!("severity {:?} is none", super::server::shorten(word)))),
    }
}

#[cfg(test)]
mod tests {
    use weir_core::Payload;

    use super::*;

    /// Each case is one result and a short form of its outcome.
    #[test]
    fn results_are_held_against_what_was_asked() {
        let cases: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../tests/data/results.json")).unwrap();
        assert!(cases.len() > 15);
        let payload = Payload::parse("{\"a\":1}").unwrap();
        for case in cases {
            let about = case["about"].as_str().unwrap();
            let kind = if case["asked"] == "mutation" { Kind::Mutation } else { Kind::Validation };
            let expected = Expected { name: "p", kind, phase: Phase::Request, payload: &payload };
            let came_to = match outcome(&expected, &case["result"].to_string()) {
                Ok(Outcome::Validation(validation)) => {
                    let Validation { valid, severity, findings, suggestions, ask, info } = validation;
                    let findings: Vec<String> = findings
                        .iter()
                        .map(|Finding { path, message, severity }| {
                            format!("{}:{}:{message}", severity.as_str(), path.as_deref().unwrap_or("-"))
                        })
                        .collect();
                    let severity = severity.map_or("-", Severity::as_str);
                    let (ask, info) = (ask.unwrap_or_default(), info.unwrap_or_default());
                    format!("valid={valid} {severity} [{}] {} {ask} {info}", findings.join(","), suggestions.len())
                }
                Ok(Outcome::Mutation(Mutation { change: Change::Become(payload), .. })) => payload.text().to_owned(),
                Ok(Outcome::Mutation(_)) => "unmodified".to_owned(),
                Err(fault) => fault.to_string(),
            };
            let expected = case["comes to"].as_str().unwrap();
            assert!(came_to.trim_end().starts_with(expected), "{about}: {came_to}");
        }
    }
}
