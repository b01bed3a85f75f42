//! Runs an event through a chain: plan, active stages, audits, result.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use super::grade::{Effect, Judgement, grade};
use super::result::{Abort, AbortKind, ChainResult, InterceptorResult, NotApplicable, Report, Status, Summary};
use super::{Chain, Direction, Entry, Revalidation};
use crate::payload::difference;
use crate::{
    Completed, Ended, Event, Fault, FaultKind, InterceptorName, Invocation, Kind, Limits, Mode, Mutation, Outcome,
    Payload, matches,
};

/// The entries that an event runs through, by stage, each with its position in the order.
struct Plan<'a> {
    validators: Vec<Planned<'a>>,
    mutators: Vec<Planned<'a>>,
    not_applicable: Vec<NotApplicable>,
}

#[derive(Clone, Copy)]
struct Planned<'a> {
    place: usize,
    entry: &'a Entry,
}

/// What a run collects.
struct Run<'a> {
    event: &'a Event,
    deadline: Option<Instant>,
    results: Vec<(Slot, InterceptorResult)>,
    audits: Vec<(Slot, Planned<'a>, Arc<Payload>)>,
}

/// Where a result belongs: the stage, then the position in the order.
type Slot = (u8, usize);

pub(super) async fn run(
    chain: &Chain,
    event: &Event,
    deadline: Option<Instant>,
    only: Option<&[InterceptorName]>,
) -> ChainResult {
    let plan = plan(chain, event, only);
    let mut run = Run { event, deadline, results: Vec::new(), audits: Vec::new() };

    let direction = chain.options.posture.direction(event.phase);
    let payload = run.active_stages(&plan, direction, chain.options.revalidation).await;
    run.audits().await;

    run.fold(plan.not_applicable, payload)
}

fn plan<'a>(chain: &'a Chain, event: &Event, only: Option<&[InterceptorName]>) -> Plan<'a> {
    let mut plan = Plan { validators: Vec::new(), mutators: Vec::new(), not_applicable: Vec::new() };
    for (place, entry) in chain.ordered(event.phase).enumerate() {
        let settings = &entry.settings;
        let wanted = only.is_none_or(|names| names.contains(&settings.name));
        if !wanted || !matches(&settings.hooks.value, event.name.as_str(), event.phase) {
            continue;
        }
        if let (Some(compat), Some(revision)) = (&settings.compat, event.context.protocol_revision.as_deref())
            && !compat.contains(revision)
        {
            plan.not_applicable.push(NotApplicable {
                interceptor: settings.name.clone(),
                reason: format!("protocol revision {revision} is outside of its compat range"),
            });
            continue;
        }
        match settings.kind {
            Kind::Validation => plan.validators.push(Planned { place, entry }),
            Kind::Mutation => plan.mutators.push(Planned { place, entry }),
        }
    }
    plan
}

impl<'a> Run<'a> {
    /// Runs the active policies in the order of the direction. `None` if one of them blocked.
    async fn active_stages(
        &mut self,
        plan: &Plan<'a>,
        direction: Direction,
        revalidation: Revalidation,
    ) -> Option<Arc<Payload>> {
        let received = Arc::clone(&self.event.payload);
        match direction {
            Direction::Sending => {
                let payload = self.mutate(0, &plan.mutators, received).await?;
                self.validate(1, &plan.validators, &payload).await?;
                Some(payload)
            }
            Direction::Receiving => {
                self.validate(0, &plan.validators, &received).await?;
                let payload = self.mutate(1, &plan.mutators, Arc::clone(&received)).await?;
                if revalidation == Revalidation::AfterMutation && !Arc::ptr_eq(&payload, &received) {
                    self.validate(2, &plan.validators, &payload).await?;
                }
                Some(payload)
            }
        }
    }

    /// Runs all active validators concurrently on one payload. The stage decides once all of them have finished.
    async fn validate(&mut self, stage: u8, validators: &[Planned<'a>], payload: &Arc<Payload>) -> Option<()> {
        let (audits, active): (Vec<Planned<'a>>, Vec<Planned<'a>>) =
            validators.iter().partition(|planned| planned.entry.settings.mode.value == Mode::Audit);
        self.audits.extend(audits.into_iter().map(|audit| ((stage, audit.place), audit, Arc::clone(payload))));

        let completed = match active.as_slice() {
            // A single validator needs no join.
            [only] => vec![self.invoke(only, payload).await],
            many => join_all(many.iter().map(|planned| self.invoke(planned, payload))).await,
        };
        let mut blocked = false;
        for (planned, completed) in active.iter().zip(completed) {
            let (result, _) = conclude(planned.entry, self.event, completed, payload, stage == 2);
            blocked |= result.effect == Effect::Block;
            self.results.push(((stage, planned.place), result));
        }
        (!blocked).then_some(())
    }

    /// Runs the active mutators in sequence, each on the previous one's result.
    async fn mutate(&mut self, stage: u8, mutators: &[Planned<'a>], mut payload: Arc<Payload>) -> Option<Arc<Payload>> {
        for planned in mutators {
            let slot = (stage, planned.place);
            if planned.entry.settings.mode.value == Mode::Audit {
                self.audits.push((slot, *planned, Arc::clone(&payload)));
                continue;
            }
            let completed = self.invoke(planned, &payload).await;
            let (result, changed) = conclude(planned.entry, self.event, completed, &payload, false);
            let blocked = result.effect == Effect::Block;
            self.results.push((slot, result));
            if blocked {
                return None;
            }
            payload = changed.unwrap_or(payload);
        }
        Some(payload)
    }

    /// Runs the audit entries that were reached, concurrently, after the verdict is final.
    async fn audits(&mut self) {
        let audits = std::mem::take(&mut self.audits);
        let completed = join_all(audits.iter().map(|(_, planned, payload)| self.invoke(planned, payload))).await;
        for ((slot, planned, payload), completed) in audits.iter().zip(completed) {
            let (result, _) = conclude(planned.entry, self.event, completed, payload, slot.0 == 2);
            self.results.push((*slot, result));
        }
    }

    async fn invoke(&self, planned: &Planned<'a>, payload: &Arc<Payload>) -> Completed {
        let settings = &planned.entry.settings;
        let limits =
            Limits { timeout: settings.timeout.value, chain_deadline: self.deadline, fuel: settings.fuel.value };
        let invocation = Invocation { event: self.event, payload: Arc::clone(payload), limits };
        planned.entry.interceptor.invoke(invocation).await
    }

    fn fold(mut self, not_applicable: Vec<NotApplicable>, payload: Option<Arc<Payload>>) -> ChainResult {
        self.results.sort_by_key(|(slot, _)| *slot);
        let results: Vec<InterceptorResult> = self.results.into_iter().map(|(_, result)| result).collect();
        let mut summary = Summary::default();
        results.iter().for_each(|result| summary.add(result));
        let (status, aborted_at) = abort(&results);
        ChainResult {
            status,
            event: self.event.name.clone(),
            phase: self.event.phase,
            results,
            final_payload: payload,
            summary,
            aborted_at,
            not_applicable,
        }
    }
}

/// Turns the result of an invocation into a result entry, and into the changed payload if the change applies.
fn conclude(
    entry: &Entry,
    event: &Event,
    completed: Completed,
    shown: &Arc<Payload>,
    revalidation: bool,
) -> (InterceptorResult, Option<Arc<Payload>>) {
    let settings = &entry.settings;
    let (judgement, report) = judge(settings.kind, completed.ended, shown);
    let (mode, fail_open) = (settings.mode.value, settings.fail_open.value);
    let effect = grade(mode, fail_open, judgement);
    let mut applied = None;
    let report = match (report, effect) {
        (Report::Mutation { modified: true, payload, info, .. }, Effect::Audit) => Report::Mutation {
            modified: true,
            shadow: Some(difference(shown, &payload)),
            payload: Arc::clone(shown),
            info,
        },
        (report, Effect::Apply) => {
            if let Report::Mutation { payload, .. } = &report {
                applied = Some(Arc::clone(payload));
            }
            report
        }
        (report, _) => report,
    };
    let result = InterceptorResult {
        interceptor: settings.name.clone(),
        kind: settings.kind,
        phase: event.phase,
        mode,
        fail_open,
        effect,
        revalidation,
        elapsed: completed.elapsed,
        fuel: completed.fuel,
        report,
    };
    (result, applied)
}

fn judge(kind: Kind, ended: Ended, shown: &Arc<Payload>) -> (Judgement, Report) {
    let outcome = match ended {
        Ended::Outcome(outcome) => outcome,
        Ended::Fault(fault) => return (Judgement::Fault, Report::Fault(fault)),
        Ended::ChainDeadline => return (Judgement::ChainDeadline, Report::ChainDeadline),
    };
    match (kind, outcome) {
        (Kind::Validation, Outcome::Validation(mut validation)) => {
            let judgement = match (&validation.ask, validation.valid) {
                (Some(_), _) => Judgement::Ask,
                (None, true) => Judgement::Valid,
                (None, false) => Judgement::Invalid(validation.severity),
            };
            if judgement == Judgement::Valid {
                // A pass carries neither severity nor messages.
                validation.severity = None;
                validation.findings.clear();
            } else {
                validation.valid = false;
            }
            (judgement, Report::Validation(validation))
        }
        (Kind::Mutation, Outcome::Mutation(Mutation { change, info })) => match change.apply(shown) {
            Ok(None) => {
                let payload = Arc::clone(shown);
                (Judgement::Unmodified, Report::Mutation { modified: false, payload, shadow: None, info })
            }
            Ok(Some(payload)) => (Judgement::Changed, Report::Mutation { modified: true, payload, shadow: None, info }),
            Err(fault) => (Judgement::Fault, Report::Fault(fault)),
        },
        (Kind::Validation, Outcome::Mutation(_)) => wrong_kind("a mutation", "validation"),
        (Kind::Mutation, Outcome::Validation(_)) => wrong_kind("a validation", "mutation"),
    }
}

fn wrong_kind(answered: &str, declared: &str) -> (Judgement, Report) {
    let fault = Fault::new(FaultKind::Output, format!("it answered with {answered} but declares kind {declared}"));
    (Judgement::Fault, Report::Fault(fault))
}

/// The verdict over all results and its cause: a missed chain deadline takes precedence over the first blocker.
fn abort(results: &[InterceptorResult]) -> (Status, Option<Abort>) {
    let blocked = |result: &&InterceptorResult| result.effect == Effect::Block;
    let by_chain_deadline = |result: &&InterceptorResult| matches!(result.report, Report::ChainDeadline);
    let first =
        results.iter().filter(blocked).find(by_chain_deadline).map(|result| (Status::Timeout, result)).or_else(|| {
            results.iter().find(blocked).map(|result| match result.kind {
                Kind::Validation => (Status::ValidationFailed, result),
                Kind::Mutation => (Status::MutationFailed, result),
            })
        });
    let Some((status, result)) = first else { return (Status::Success, None) };
    let kind = match (&result.report, result.kind) {
        (Report::ChainDeadline, _) => AbortKind::Timeout,
        (Report::Fault(fault), _) if fault.kind == FaultKind::Deadline => AbortKind::Timeout,
        (_, Kind::Validation) => AbortKind::Validation,
        (_, Kind::Mutation) => AbortKind::Mutation,
    };
    (status, Some(Abort { interceptor: result.interceptor.clone(), reason: reason(&result.report), kind }))
}

fn reason(report: &Report) -> String {
    match report {
        Report::Fault(fault) => fault.to_string(),
        Report::ChainDeadline => "the chain's deadline passed".to_owned(),
        Report::Validation(validation) => {
            let question = validation.ask.as_ref().map(|ask| format!("needs approval: {ask}"));
            let finding = validation.findings.iter().min_by_key(|finding| std::cmp::Reverse(finding.severity));
            question.or_else(|| finding.map(|finding| finding.message.clone())).unwrap_or_else(|| "invalid".to_owned())
        }
        Report::Mutation { .. } => String::new(),
    }
}
