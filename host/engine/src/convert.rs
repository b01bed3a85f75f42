//! Conversions between the contract's types and core's. Fields are listed without `..`, so a field added on either side
//! fails to compile until it is handled.

use weir_core::{
    Change, Compat, Declaration, Edit, Finding, Hook, InterceptorName, Kind, Mode, Mutation, NameError, Outcome, Phase,
    PriorityHint, Severity, Suggestion, Validation,
};

use crate::bindings::weir::interceptor::types;

impl From<Phase> for types::Phase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Request => Self::Request,
            Phase::Response => Self::Response,
        }
    }
}

fn phase(phase: types::Phase) -> Phase {
    match phase {
        types::Phase::Request => Phase::Request,
        types::Phase::Response => Phase::Response,
    }
}

fn severity(severity: types::Severity) -> Severity {
    match severity {
        types::Severity::Info => Severity::Info,
        types::Severity::Warn => Severity::Warn,
        types::Severity::Error => Severity::Error,
    }
}

/// A component's declaration. Display texts are cut; an invalid name is refused.
pub fn declaration(declared: types::Declaration) -> Result<Declaration, NameError> {
    let types::Declaration {
        name,
        version,
        description,
        kind,
        hooks,
        mode,
        fail_open,
        priority_hint,
        compat,
        config_schema,
    } = declared;
    Ok(Declaration {
        name: InterceptorName::new(&name)?,
        version,
        description,
        kind: match kind {
            types::Kind::Validation => Kind::Validation,
            types::Kind::Mutation => Kind::Mutation,
        },
        hooks: hooks
            .into_iter()
            .map(|types::Hook { events, phase: seen }| Hook { events, phase: phase(seen) })
            .collect(),
        mode: mode.map(|mode| match mode {
            types::Mode::Active => Mode::Active,
            types::Mode::Audit => Mode::Audit,
        }),
        fail_open,
        priority_hint: priority_hint
            .map(|types::PriorityHint { request, response }| PriorityHint { request, response }),
        compat: compat.map(|types::Compat { min_protocol, max_protocol }| Compat { min_protocol, max_protocol }),
        config_schema,
    }
    .cut())
}

/// What a policy answered.
pub fn outcome(outcome: types::Outcome) -> Outcome {
    match outcome {
        types::Outcome::Validation(types::Validation { valid, severity: graded, findings, suggestions, ask, info }) => {
            Outcome::Validation(Validation {
                valid,
                severity: graded.map(severity),
                findings: findings
                    .into_iter()
                    .map(|types::Finding { path, message, severity: graded }| Finding {
                        path,
                        message,
                        severity: severity(graded),
                    })
                    .collect(),
                suggestions: suggestions
                    .into_iter()
                    .map(|types::Suggestion { path, value }| Suggestion { path, value })
                    .collect(),
                ask,
                info,
            })
        }
        types::Outcome::Mutation(types::Mutation { change, info }) => Outcome::Mutation(Mutation {
            change: match change {
                types::Change::Unmodified => Change::Unmodified,
                types::Change::Replace(text) => Change::Replace(text),
                types::Change::Edits(edits) => Change::Edits(
                    edits.into_iter().map(|types::Edit { pointer, value }| Edit { pointer, value }).collect(),
                ),
            },
            info,
        }),
    }
}
