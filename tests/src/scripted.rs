//! An in-memory policy that behaves like the scripted guest, so that chain cases can run on core alone.
//!
//! It enforces its limits, as every implementation of [`Interceptor`] must, and never answers if the script says
//! `loop`.

use std::time::{Duration, Instant};

use serde_json::Value;
use weir_core::{
    Change, Completed, Edit, Ended, Fault, FaultKind, Finding, Interceptor, Invocation, Kind, Limits, Mutation,
    Outcome, Severity, Suggestion, Validation,
};

/// Timeout if nothing else sets one.
const CALL_CAP: Duration = Duration::from_secs(10);

/// A policy in memory.
pub struct Scripted {
    kind: Kind,
    behaviour: Value,
}

impl Scripted {
    /// A policy with this behaviour.
    pub fn new(kind: Kind, behaviour: Value) -> Self {
        Self { kind, behaviour }
    }

    async fn run(&self, invocation: Invocation<'_>) -> Completed {
        let start = Instant::now();
        let ended = self.ended(&invocation, start).await;
        Completed { ended, elapsed: start.elapsed(), fuel: None }
    }

    async fn ended(&self, invocation: &Invocation<'_>, start: Instant) -> Ended {
        if invocation.limits.chain_deadline.is_some_and(|deadline| start >= deadline) {
            return Ended::ChainDeadline;
        }
        let script = &self.behaviour;
        if let Some(fault) = script.get("fault") {
            return match fault.as_str().unwrap() {
                "trap" => fail(FaultKind::Trap),
                "error" => fail(FaultKind::Refused),
                "memory" => fail(FaultKind::Memory),
                "wrong-kind" => Ended::Outcome(self.wrong_kind()),
                "loop" => never(invocation.limits, start).await,
                other => panic!("the behaviour has an unknown fault {other:?}"),
            };
        }
        Ended::Outcome(if let Some(valid) = script.get("valid") {
            Outcome::Validation(self.verdict(valid.as_bool().unwrap()))
        } else if let Some(condition) = script.get("validIf") {
            let pointer = condition["pointer"].as_str().unwrap();
            let found = invocation.payload.get(pointer).and_then(|text| serde_json::from_str::<Value>(&text).ok());
            Outcome::Validation(conditional(pointer, found.as_ref() == Some(&condition["equals"])))
        } else {
            Outcome::Mutation(Mutation { change: self.change(), info: text(script.get("info")) })
        })
    }

    fn wrong_kind(&self) -> Outcome {
        match self.kind {
            Kind::Validation => Outcome::Mutation(Mutation { change: Change::Unmodified, info: None }),
            Kind::Mutation => Outcome::Validation(Validation { valid: true, ..Validation::default() }),
        }
    }

    fn verdict(&self, valid: bool) -> Validation {
        let script = &self.behaviour;
        Validation {
            valid,
            severity: script.get("severity").map(severity),
            findings: list(script.get("messages"))
                .map(|message| Finding {
                    path: message.get("path").map(string),
                    message: string(&message["message"]),
                    severity: severity(&message["severity"]),
                })
                .collect(),
            suggestions: list(script.get("suggestions"))
                .map(|proposal| Suggestion { path: string(&proposal["path"]), value: proposal["value"].to_string() })
                .collect(),
            ask: script.get("ask").map(string),
            info: text(script.get("info")),
        }
    }

    fn change(&self) -> Change {
        let script = &self.behaviour;
        if let Some(replacement) = script.get("replace") {
            return Change::Replace(replacement.to_string());
        }
        if let Some(append) = script.get("appendTo") {
            let pointer = format!("{}/-", string(&append["pointer"]));
            return Change::Edits(vec![Edit { pointer, value: text(append.get("value")) }]);
        }
        if script.get("edits").is_some() {
            let edits = list(script.get("edits"));
            let edit = |edit: &Value| Edit { pointer: string(&edit["pointer"]), value: text(edit.get("value")) };
            return Change::Edits(edits.map(edit).collect());
        }
        assert_eq!(script["change"], "unmodified", "the behaviour is unknown: {script}");
        Change::Unmodified
    }
}

impl Interceptor for Scripted {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Completed> + Send + 'a>> {
        Box::pin(self.run(invocation))
    }
}

/// A policy that never answers ends at the first limit.
async fn never(limits: Limits, start: Instant) -> Ended {
    let Limits { timeout, chain_deadline, fuel } = limits;
    if fuel.is_some() {
        return fail(FaultKind::Fuel);
    }
    let own = start + timeout.unwrap_or(CALL_CAP);
    match chain_deadline {
        Some(chain) if chain < own => {
            tokio::time::sleep_until(chain.into()).await;
            Ended::ChainDeadline
        }
        _ => {
            tokio::time::sleep_until(own.into()).await;
            fail(FaultKind::Deadline)
        }
    }
}

fn conditional(pointer: &str, valid: bool) -> Validation {
    let finding = Finding {
        path: Some(pointer.to_owned()),
        message: "not what it has to be".to_owned(),
        severity: Severity::Error,
    };
    let (severity, findings) = if valid { (None, Vec::new()) } else { (Some(Severity::Error), vec![finding]) };
    Validation { valid, severity, findings, ..Validation::default() }
}

fn fail(kind: FaultKind) -> Ended {
    Ended::Fault(Fault::new(kind, "the script says so"))
}

fn severity(word: &Value) -> Severity {
    match word.as_str().unwrap() {
        "info" => Severity::Info,
        "warn" => Severity::Warn,
        "error" => Severity::Error,
        other => panic!("severity {other:?} is none of info, warn and error"),
    }
}

fn list(values: Option<&Value>) -> impl Iterator<Item = &Value> {
    values.and_then(Value::as_array).into_iter().flatten()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn text(value: Option<&Value>) -> Option<String> {
    value.map(Value::to_string)
}
