//! Compares actual results with expected ones.

use serde_json::value::RawValue;
use weir_core::chain::{InterceptorResult, Report};
use weir_core::{Payload, Severity, Validation};

use super::case::{Expect, ExpectedMessage, ExpectedSuggestion};

/// All mismatches, as text.
pub fn differences(expect: &Expect, result: &InterceptorResult) -> Vec<String> {
    let Expect { valid, severity, messages, suggestions, ask, modified, payload, info, fault } = expect;
    let mut found = Differences::default();
    let (came_fault, came_validation, came_mutation, came_info) = match &result.report {
        Report::Fault(fault) => (Some(fault), None, None, None),
        Report::Validation(validation) => (None, Some(validation), None, validation.info.as_deref()),
        Report::Mutation { modified, payload, info, .. } => (None, None, Some((*modified, payload)), info.as_deref()),
        Report::ChainDeadline => (None, None, None, None),
    };
    match (fault, came_fault) {
        (None, Some(came)) => {
            found.add("outcome", "an answer", &format!("a failure, {came}"));
            return found.list;
        }
        (Some(kind), came) => {
            found.text("fault", kind, came.map(|fault| fault.kind.as_str()));
            if came.is_none_or(|fault| fault.kind.as_str() != kind.as_str()) {
                let message = came.map_or("no failure", |fault| fault.message.as_str());
                found.list.push(format!("fault: the message was {message:?}"));
            }
        }
        (None, None) => {}
    }
    if let Some(valid) = valid {
        found.shown("valid", Some(valid), came_validation.map(|validation| &validation.valid));
    }
    if let Some(severity) = severity {
        found.text("severity", severity, came_validation.and_then(|came| came.severity).map(Severity::as_str));
    }
    if let Some(messages) = messages {
        found.messages(messages, came_validation);
    }
    if let Some(suggestions) = suggestions {
        found.suggestions(suggestions, came_validation);
    }
    if let Some(part) = ask {
        found.part("ask", part, came_validation.and_then(|came| came.ask.as_deref()));
    }
    if let Some(modified) = modified {
        found.shown("modified", Some(modified), came_mutation.as_ref().map(|(modified, _)| modified));
    }
    if let Some(payload) = payload {
        found.json("payload", payload, came_mutation.map(|(_, payload)| payload.text()));
    }
    if let Some(info) = info {
        found.json("info", info, came_info);
    }
    found.list
}

#[derive(Default)]
struct Differences {
    list: Vec<String>,
}

impl Differences {
    fn add(&mut self, what: &str, expected: &str, came: &str) {
        self.list.push(format!("{what}: expected {expected}, came {came}"));
    }

    fn shown<T: PartialEq + std::fmt::Display>(&mut self, what: &str, expected: Option<&T>, came: Option<&T>) {
        if expected != came {
            let show = |value: Option<&T>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            self.add(what, &show(expected), &show(came));
        }
    }

    fn text(&mut self, what: &str, expected: &str, came: Option<&str>) {
        self.shown(what, Some(&expected), came.as_ref());
    }

    fn part(&mut self, what: &str, part: &str, came: Option<&str>) {
        if came.is_none_or(|came| !came.contains(part)) {
            self.add(what, &format!("a text with {part:?}"), &format!("{:?}", came.unwrap_or("nothing")));
        }
    }

    fn json(&mut self, what: &str, expected: &RawValue, came: Option<&str>) {
        let same = match (Payload::parse(expected.get()), came.map(Payload::parse)) {
            (Ok(expected), Some(Ok(came))) => expected.same_json(&came),
            _ => false,
        };
        if !same {
            self.add(what, &super::case::compact(expected), came.unwrap_or("nothing"));
        }
    }

    fn messages(&mut self, expected: &[ExpectedMessage], came: Option<&Validation>) {
        let came = came.map_or(&[][..], |validation| &validation.findings);
        if expected.len() != came.len() {
            let listed: Vec<&str> = came.iter().map(|finding| finding.message.as_str()).collect();
            self.add("messages", &expected.len().to_string(), &format!("{}: {listed:?}", came.len()));
            return;
        }
        for (index, (expected, came)) in expected.iter().zip(came).enumerate() {
            let ExpectedMessage { path, message, severity } = expected;
            if let Some(path) = path {
                self.text(&format!("messages[{index}].path"), path, came.path.as_deref());
            }
            if let Some(part) = message {
                self.part(&format!("messages[{index}].message"), part, Some(&came.message));
            }
            if let Some(severity) = severity {
                self.text(&format!("messages[{index}].severity"), severity, Some(came.severity.as_str()));
            }
        }
    }

    fn suggestions(&mut self, expected: &[ExpectedSuggestion], came: Option<&Validation>) {
        let came = came.map_or(&[][..], |validation| &validation.suggestions);
        if expected.len() != came.len() {
            self.add("suggestions", &expected.len().to_string(), &format!("{}: {came:?}", came.len()));
            return;
        }
        for (index, (ExpectedSuggestion { path, value }, came)) in expected.iter().zip(came).enumerate() {
            self.text(&format!("suggestions[{index}].path"), path, Some(&came.path));
            self.json(&format!("suggestions[{index}].value"), value, Some(&came.value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use weir_core::chain::Effect;
    use weir_core::{Fault, FaultKind, Finding, InterceptorName, Kind, Mode, Phase};

    use super::*;

    fn compare(expect: &str, report: Report) -> Vec<String> {
        let result = InterceptorResult {
            interceptor: InterceptorName::new("p").unwrap(),
            kind: Kind::Validation,
            phase: Phase::Request,
            mode: Mode::Active,
            fail_open: false,
            effect: Effect::Pass,
            revalidation: false,
            elapsed: Duration::ZERO,
            fuel: None,
            report,
        };
        differences(&serde_json::from_str(expect).unwrap(), &result)
    }

    fn denial() -> Report {
        let finding =
            Finding { path: Some("/a".into()), message: "a token of github".into(), severity: Severity::Error };
        Report::Validation(Validation {
            findings: vec![finding],
            info: Some("{\"n\":1.0}".into()),
            ..Validation::default()
        })
    }

    fn changed(text: &str) -> Report {
        let payload = Arc::new(Payload::parse(text).unwrap());
        Report::Mutation { modified: true, payload, shadow: None, info: None }
    }

    #[test]
    fn what_is_as_expected_is_not_mentioned() {
        let expect =
            r#"{"valid":false,"messages":[{"path":"/a","message":"token","severity":"error"}],"info":{ "n":1.0 }}"#;
        assert_eq!(compare(expect, denial()), Vec::<String>::new());
        assert_eq!(compare("{}", denial()), Vec::<String>::new());
        assert_eq!(
            compare(r#"{"modified":true,"payload":{"b":2,"a":1}}"#, changed(r#"{"a":1,"b":2}"#)),
            Vec::<String>::new()
        );
        let fault = Report::Fault(Fault::new(FaultKind::Fuel, "used up"));
        assert_eq!(compare(r#"{"fault":"fuel"}"#, fault), Vec::<String>::new());
    }

    #[test]
    fn every_difference_is() {
        for (expect, report, count) in [
            (r#"{"valid":true,"severity":"warn","messages":[],"ask":"x","info":{"n":1}}"#, denial(), 5),
            (
                r#"{"messages":[{"path":"/b","message":"aws","severity":"info"}],"suggestions":[{"path":"","value":1}]}"#,
                denial(),
                4,
            ),
            (r#"{"valid":true,"modified":false,"payload":{"a":1.0}}"#, changed(r#"{"a":1}"#), 3),
            (r#"{"valid":true}"#, Report::Fault(Fault::new(FaultKind::Trap, "x")), 1),
            (r#"{"fault":"trap"}"#, denial(), 2),
        ] {
            assert_eq!(compare(expect, report).len(), count, "{expect}");
        }
    }
}
