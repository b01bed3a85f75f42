//! The series of one policy, looked up once, so that counting a call hashes only the policy's name.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use weir_core::FaultKind;
use weir_core::chain::{Effect, InterceptorResult, Report};

use super::labels::{EffectLabel, FaultLabel, PolicyLabel, VerdictLabel};

/// The verdicts, in the order of [`verdict`].
const VERDICTS: [&str; 7] = ["valid", "invalid", "ask", "unmodified", "modified", "fault", "chain_deadline"];

/// The effects, in the order of their indices.
const EFFECTS: [Effect; 5] = [Effect::Pass, Effect::Apply, Effect::Block, Effect::FailOpen, Effect::Audit];

/// Creates histograms in seconds, from a microsecond to half a minute, with each bucket twice the one before.
#[derive(Clone)]
pub struct MicrosecondBuckets;

/// The metric families of all policies.
#[derive(Clone)]
pub struct PolicyFamilies {
    calls: Family<PolicyLabel, Counter>,
    effects: Family<EffectLabel, Counter>,
    verdicts: Family<VerdictLabel, Counter>,
    faults: Family<FaultLabel, Counter>,
    fail_open: Family<PolicyLabel, Counter>,
    shadow_changes: Family<PolicyLabel, Counter>,
    fuel: Family<PolicyLabel, Counter>,
    duration: Family<PolicyLabel, Histogram, MicrosecondBuckets>,
}

/// The series of one policy.
pub struct PolicySeries {
    calls: Counter,
    effects: [Counter; 5],
    verdicts: [Counter; 7],
    faults: [Counter; 7],
    fail_open: Counter,
    shadow_changes: Counter,
    fuel: Counter,
    duration: Histogram,
}

impl MetricConstructor<Histogram> for MicrosecondBuckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(1e-6, 2.0, 25))
    }
}

impl PolicyFamilies {
    /// Creates and registers the families.
    pub fn register(registry: &mut Registry) -> Self {
        let families = Self {
            calls: Family::default(),
            effects: Family::default(),
            verdicts: Family::default(),
            faults: Family::default(),
            fail_open: Family::default(),
            shadow_changes: Family::default(),
            fuel: Family::default(),
            duration: Family::new_with_constructor(MicrosecondBuckets),
        };
        let Self { calls, effects, verdicts, faults, fail_open, shadow_changes, fuel, duration } = families.clone();
        registry.register("policy_calls", "Calls of a policy that ended", calls);
        registry.register("policy_effects", "What a policy's answers did to the traffic", effects);
        registry.register("policy_verdicts", "What a policy answered, whatever its mode", verdicts);
        registry.register("policy_faults", "Failures of a policy by kind", faults);
        registry.register("policy_fail_open", "Failures that let the traffic pass", fail_open);
        registry.register("policy_shadow_changes", "Changes that audit mode kept from being applied", shadow_changes);
        registry.register("policy_fuel", "Instructions used, where they are counted", fuel);
        registry.register("policy_duration_seconds", "Time of one call of a policy", duration);
        families
    }

    /// The series of one policy, starting at zero if it is new.
    pub fn series(&self, policy: &str) -> PolicySeries {
        let name = || policy.to_owned();
        let label = PolicyLabel { policy: name() };
        PolicySeries {
            calls: self.calls.get_or_create_owned(&label),
            effects: EFFECTS.map(|effect| {
                self.effects.get_or_create_owned(&EffectLabel { policy: name(), effect: effect.as_str() })
            }),
            verdicts: VERDICTS
                .map(|verdict| self.verdicts.get_or_create_owned(&VerdictLabel { policy: name(), verdict })),
            faults: FaultKind::ALL
                .map(|kind| self.faults.get_or_create_owned(&FaultLabel { policy: name(), kind: kind.as_str() })),
            fail_open: self.fail_open.get_or_create_owned(&label),
            shadow_changes: self.shadow_changes.get_or_create_owned(&label),
            fuel: self.fuel.get_or_create_owned(&label),
            duration: self.duration.get_or_create_owned(&label),
        }
    }
}

impl PolicySeries {
    /// Counts one call.
    pub fn count(&self, result: &InterceptorResult) {
        self.calls.inc();
        self.duration.observe(result.elapsed.as_secs_f64());
        self.effects[effect(result.effect)].inc();
        self.verdicts[verdict(&result.report)].inc();
        if result.effect == Effect::FailOpen {
            self.fail_open.inc();
        }
        if let Some(fuel) = result.fuel {
            self.fuel.inc_by(fuel);
        }
        match &result.report {
            Report::Fault(fault) => {
                if let Some(index) = FaultKind::ALL.iter().position(|kind| *kind == fault.kind) {
                    self.faults[index].inc();
                }
            }
            Report::Mutation { shadow: Some(_), .. } => {
                self.shadow_changes.inc();
            }
            Report::Mutation { .. } | Report::Validation(_) | Report::ChainDeadline => {}
        }
    }
}

fn effect(effect: Effect) -> usize {
    match effect {
        Effect::Pass => 0,
        Effect::Apply => 1,
        Effect::Block => 2,
        Effect::FailOpen => 3,
        Effect::Audit => 4,
    }
}

fn verdict(report: &Report) -> usize {
    match report {
        Report::Validation(validation) if validation.valid => 0,
        Report::Validation(validation) if validation.ask.is_none() => 1,
        Report::Validation(_) => 2,
        Report::Mutation { modified: false, .. } => 3,
        Report::Mutation { modified: true, .. } => 4,
        Report::Fault(_) => 5,
        Report::ChainDeadline => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_listed_in_the_order_of_their_indices() {
        for (index, listed) in EFFECTS.into_iter().enumerate() {
            assert_eq!(effect(listed), index);
        }
    }
}
