//! A loaded policy: admits a call, gives it an instance, applies limits, and reports the result.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;
use weir_core::{
    Admission, Change, Completed, Deadline, Declaration, Ended, Fault, FaultKind, Interceptor, InterceptorName,
    Invocation, Kind, Mutation, Outcome, Payload, Quarantine, Standing,
};

use crate::inner::Inner;
use crate::instance::{Instance, Template};
use crate::lane::Waited;
use crate::load::LoadFacts;
use crate::options::Reuse;
use crate::sandbox::Call;
use crate::variants::{ConfigError, Variants};

/// A loaded policy.
pub struct Policy {
    inner: Arc<Inner>,
    name: InterceptorName,
    declaration: Declaration,
    digest: String,
    facts: LoadFacts,
    template: Arc<Template>,
    quarantine: Quarantine,
    counters: Counters,
    warm: Arc<Warm>,
    /// None if the policy itself was configured by a caller.
    variants: Option<Variants<Self>>,
}

/// Counters of a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyStats {
    /// Calls admitted or refused, including cancelled ones.
    pub calls: u64,
    /// Faults by kind, in the order of [`FaultKind::ALL`].
    pub faults: [u64; 7],
    /// Calls currently running.
    pub in_flight: u32,
    /// Whether it is quarantined now.
    pub quarantined: bool,
    /// How often it was quarantined.
    pub quarantines: u64,
    /// Operations refused because a grant is missing.
    pub denied_capabilities: u64,
    /// Log lines dropped by the rate limit.
    pub log_lines_dropped: u64,
}

#[derive(Default)]
struct Counters {
    calls: AtomicU64,
    faults: [AtomicU64; 7],
    in_flight: AtomicU32,
}

/// Instances that can serve another call.
struct Warm {
    reuse: Reuse,
    instances: Mutex<Vec<(Instance, u32)>>,
}

/// Counts a call while it runs, and notifies the quarantine if it ends without a result.
struct InFlight<'a> {
    policy: &'a Policy,
    concluded: bool,
}

impl Policy {
    #[expect(clippy::too_many_arguments, reason = "each is another fact of loading; two callers give all of them")]
    pub(crate) fn new(
        inner: Arc<Inner>,
        name: InterceptorName,
        declaration: Declaration,
        digest: String,
        facts: LoadFacts,
        template: Template,
        reuse: Reuse,
        variants: Option<Variants<Self>>,
    ) -> Self {
        Self {
            quarantine: Quarantine::new(inner.options.quarantine),
            inner,
            name,
            declaration,
            digest,
            facts,
            template: Arc::new(template),
            counters: Counters::default(),
            warm: Arc::new(Warm { reuse, instances: Mutex::default() }),
            variants,
        }
    }

    /// The same policy with a configuration that a caller supplied for its own calls. It is checked like a loaded one
    /// and applied in each fresh instance. The most recently used are cached.
    pub async fn configured(self: &Arc<Self>, config: &str, deadline: Instant) -> Result<Arc<Self>, ConfigError> {
        let Some(variants) = &self.variants else {
            return Err(ConfigError::Unavailable("it is configured for a caller already".to_owned()));
        };
        let finish = |template| self.with_template(template);
        let made = variants.of(&self.inner, &self.template, config, deadline, finish).await?;
        Ok(made.unwrap_or_else(|| Arc::clone(self)))
    }

    /// This policy with another template.
    fn with_template(&self, template: Template) -> Self {
        let (name, declaration) = (self.name.clone(), self.declaration.clone());
        let (digest, facts) = (self.digest.clone(), self.facts.clone());
        Self::new(Arc::clone(&self.inner), name, declaration, digest, facts, template, self.warm.reuse, None)
    }

    /// Its name in this gateway.
    pub fn name(&self) -> &InterceptorName {
        &self.name
    }

    /// Its declaration.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// SHA-256 of the component, in hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Facts recorded at load.
    pub fn facts(&self) -> &LoadFacts {
        &self.facts
    }

    /// Its counters.
    pub fn stats(&self) -> PolicyStats {
        let log = &self.template.shared.log;
        PolicyStats {
            calls: self.counters.calls.load(Ordering::Relaxed),
            faults: self.counters.faults.each_ref().map(|count| count.load(Ordering::Relaxed)),
            in_flight: self.counters.in_flight.load(Ordering::Relaxed),
            quarantined: self.quarantine.is_aside(),
            quarantines: self.quarantine.entered(),
            denied_capabilities: log.denials(),
            log_lines_dropped: log.dropped(),
        }
    }

    async fn run(&self, invocation: Invocation<'_>) -> Completed {
        let start = Instant::now();
        let mut in_flight = InFlight::new(self);
        let (ended, fuel) = self.bounded(&invocation, start).await;
        let elapsed = start.elapsed();
        self.conclude(&ended, elapsed, &invocation);
        in_flight.concluded = true;
        Completed { ended, elapsed, fuel }
    }

    async fn bounded(&self, invocation: &Invocation<'_>, start: Instant) -> (Ended, Option<u64>) {
        let deadline = invocation.limits.deadline(start, self.inner.options.call_cap);
        if deadline.is_the_chains && start >= deadline.at {
            return (Ended::ChainDeadline, None);
        }
        if invocation.limits.fuel.is_some() && !self.template.metered {
            let message = "a fuel budget is set, but the policy was loaded without metering";
            return (Ended::Fault(Fault::new(FaultKind::Unavailable, message)), None);
        }
        if let Admission::SetAside(rest) = self.quarantine.admit(start) {
            let message = format!("quarantined after repeated failures, for another {} ms", rest.as_millis());
            return (Ended::Fault(Fault::new(FaultKind::Unavailable, message)), None);
        }
        let Some(permit) = self.permit(deadline).await else {
            let busy = Fault::new(FaultKind::Unavailable, "all instances were busy until the deadline");
            return (if deadline.is_the_chains { Ended::ChainDeadline } else { Ended::Fault(busy) }, None);
        };
        let call = Call { event: invocation.event.clone(), payload: Arc::clone(&invocation.payload) };
        let work = self.work(call, invocation.limits.fuel, deadline.at, permit);
        match self.inner.lane.run(Box::pin(work), deadline.at.into()).await {
            Waited::Done((Ok(outcome), fuel)) => (self.usable(outcome, &invocation.payload), fuel),
            Waited::Done((Err(fault), _)) if fault.kind == FaultKind::Deadline => (deadline.ended(start), None),
            Waited::Done((Err(fault), fuel)) => (Ended::Fault(fault), fuel),
            Waited::DeadlinePassed => (deadline.ended(start), None),
            Waited::Panicked(message) => {
                tracing::error!(policy = %self.name, "the host panicked while running the policy: {message}");
                (Ended::Fault(Fault::new(FaultKind::Unavailable, "the host failed")), None)
            }
        }
    }

    /// The call itself, as a `'static` future so that it can move to the slow lane.
    fn work(
        &self,
        call: Call,
        fuel: Option<u64>,
        deadline: Instant,
        permit: OwnedSemaphorePermit,
    ) -> impl Future<Output = (Result<Outcome, Fault>, Option<u64>)> + Send + use<> {
        let (template, warm) = (Arc::clone(&self.template), Arc::clone(&self.warm));
        let running = self.inner.ticker.running();
        async move {
            let (_permit, _running) = (permit, running);
            let (mut instance, served) = match warm.take() {
                Some(warm) => warm,
                None => match Instance::fresh(&template, deadline).await {
                    Ok(instance) => (instance, 0),
                    Err(fault) => return (Err(fault), None),
                },
            };
            let (outcome, used) = instance.intercept(call, fuel, deadline).await;
            // After a trap a store cannot be used again; after any other fault its state is unknown.
            if outcome.is_ok() {
                warm.put(instance, served + 1);
            }
            (outcome, used)
        }
    }

    async fn permit(&self, deadline: Deadline) -> Option<OwnedSemaphorePermit> {
        let permits = &self.inner.permits;
        match Arc::clone(permits).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => timeout_at(deadline.at.into(), Arc::clone(permits).acquire_owned()).await.ok()?.ok(),
        }
    }

    /// Checks the kind and applies a change here, so that an invalid answer counts as this policy's fault.
    fn usable(&self, outcome: Outcome, payload: &Payload) -> Ended {
        match (self.declaration.kind, outcome) {
            (Kind::Mutation, Outcome::Mutation(Mutation { change, info })) => match change.apply(payload) {
                Ok(changed) => {
                    let change = changed.map_or(Change::Unmodified, Change::Become);
                    Ended::Outcome(Outcome::Mutation(Mutation { change, info }))
                }
                Err(fault) => Ended::Fault(fault),
            },
            (Kind::Validation, outcome @ Outcome::Validation(_)) => Ended::Outcome(outcome),
            (declared, _) => {
                let message = format!("its outcome is not of its declared kind, {}", declared.as_str());
                Ended::Fault(Fault::new(FaultKind::Output, message))
            }
        }
    }

    fn conclude(&self, ended: &Ended, elapsed: Duration, invocation: &Invocation<'_>) {
        let fault = match ended.held_against(elapsed) {
            Standing::Good => return self.quarantine.succeeded(),
            Standing::Unknown => return self.quarantine.abandoned(),
            Standing::Failed(fault) => fault,
        };
        self.counters.fault(fault.kind);
        let call_ref = invocation.event.context.call_ref.as_deref().unwrap_or("-");
        if fault.kind == FaultKind::Unavailable {
            self.quarantine.abandoned();
            tracing::debug!(policy = %self.name, call_ref, "policy failed: {fault}");
            return;
        }
        tracing::warn!(policy = %self.name, call_ref, event = %invocation.event.name, "policy failed: {fault}");
        if let Some(length) = self.quarantine.failed(Instant::now()) {
            tracing::warn!(policy = %self.name, "quarantined for {} ms after repeated failures", length.as_millis());
        }
    }
}

impl Interceptor for Policy {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Completed> + Send + 'a>> {
        Box::pin(self.run(invocation))
    }
}

impl Counters {
    fn fault(&self, kind: FaultKind) {
        self.faults[kind.index()].fetch_add(1, Ordering::Relaxed);
    }
}

impl Warm {
    fn take(&self) -> Option<(Instance, u32)> {
        match self.reuse {
            Reuse::Never => None,
            Reuse::UpTo(_) => self.instances.lock().pop(),
        }
    }

    fn put(&self, instance: Instance, served: u32) {
        if matches!(self.reuse, Reuse::UpTo(most) if served < most) {
            self.instances.lock().push((instance, served));
        }
    }
}

impl<'a> InFlight<'a> {
    fn new(policy: &'a Policy) -> Self {
        policy.counters.calls.fetch_add(1, Ordering::Relaxed);
        policy.counters.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { policy, concluded: false }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.policy.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.concluded {
            self.policy.quarantine.abandoned();
        }
    }
}
