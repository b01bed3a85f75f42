//! `interceptor/invoke`: one policy on one payload.
//!
//! It runs as a chain of one, so verdicts, faults and metrics are the same as everywhere. Whether a verdict blocks is
//! up to the caller.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::chain::{ChainOptions, InterceptorResult, Report};
use weir_core::{
    Chain, Context, Effective, Entry, Event, EventName, Fault, FaultKind, Interceptor, InterceptorName, Mode, Origin,
    Payload, Phase, Settings,
};
use weir_gateway::Visit;
use weir_http::trace::Trace;
use weir_mcp::interceptors::{self as forms, InvocationResult};
use weir_mcp::revision::{Era, Revision};
use weir_mcp::rpc::{INTERNAL_ERROR, INVALID_PARAMS, TIMEOUT};

use super::front::present;
use super::rpc::{self, Data, Failure, Outcome};
use super::{ConfigError, Interceptors, PATH, ServedPolicy};

/// What all calls of one request share.
pub(super) struct CallScope<'a> {
    pub(super) visit: Visit<'a>,
    pub(super) interceptors: &'a Interceptors,
    pub(super) trace: &'a Trace,
    pub(super) revision: Option<Revision>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvokeParams<'a> {
    name: String,
    event: String,
    phase: String,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow)]
    config: Option<&'a RawValue>,
    timeout_ms: Option<f64>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
}

pub(super) async fn invoke(scope: &CallScope<'_>, params: &str, era: Era) -> Outcome {
    let InvokeParams { name, event, phase, payload, config, timeout_ms, context } =
        serde_json::from_str(params).map_err(Failure::params)?;
    let served = scope
        .interceptors
        .served()
        .find(|served| served.settings.name.as_str() == name)
        .ok_or_else(|| Failure::params("no interceptor of that name is served here; interceptors/list has them"))?;
    let phase = read_phase(&phase)?;
    let event = EventName::new(&event).map_err(|error| Failure::params(format!("event: {error}")))?;
    if !weir_core::matches(&served.settings.hooks.value, event.as_str(), phase) {
        let data = Data::NotHooked { interceptor: name, event: event.as_str().to_owned(), phase: phase.as_str() };
        return Err(Failure::with(INVALID_PARAMS, "Interceptor does not hook this event in this phase", data));
    }
    let event = scope.event(event, phase, payload, present(context))?;
    let timeout = timeout(served, scope.interceptors.call_cap, timeout_ms)?;

    // A configuration is prepared once. That is work of the host, limited like any call, and does not count against the
    // policy's time.
    let ready = Instant::now() + scope.interceptors.call_cap;
    let policy = match present(config) {
        None => Ok(served.policy.loaded()),
        Some(config) => match Payload::parse(config.get()) {
            // Schema and policy could read duplicate members differently.
            Err(error) => Err(ConfigError::Refused(error.to_string())),
            Ok(_) => served.policy.configured(config.get(), ready).await,
        },
    };
    let policy = policy.map_err(|error| scope.not_configured(served, &error, timeout, phase))?;
    let result = scope.run(served, policy, &event, timeout).await?;
    match &result.report {
        Report::Validation(_) | Report::Mutation { .. } => rpc::complete(era, &InvocationResult::of(&result)),
        Report::Fault(fault) => Err(scope.failed(served, fault, timeout, phase)),
        Report::ChainDeadline => Err(timed_out(served, timeout, phase)),
    }
}

pub(super) fn read_phase(word: &str) -> Result<Phase, Failure> {
    Phase::parse(word).ok_or_else(|| Failure::params("phase is neither request nor response"))
}

/// The timeout of one call: the caller's wish, at most the limit here.
fn timeout(served: &ServedPolicy, cap: Duration, wanted: Option<f64>) -> Result<Duration, Failure> {
    let own = served.settings.timeout.value.map_or(cap, |own| own.min(cap));
    match wanted {
        None => Ok(own),
        Some(wanted) => Ok(own.min(read_timeout(wanted)?)),
    }
}

/// A caller's timeout, in milliseconds.
pub(super) fn read_timeout(wanted: f64) -> Result<Duration, Failure> {
    // A day exceeds every limit; a longer time may not fit a duration.
    const DAY: f64 = 86_400_000.0;
    if wanted.is_nan() || wanted <= 0.0 {
        return Err(Failure::params("timeoutMs must be more than 0"));
    }
    Ok(Duration::from_secs_f64(wanted.min(DAY) / 1000.0))
}

fn timed_out(served: &ServedPolicy, timeout: Duration, phase: Phase) -> Failure {
    let data = Data::Timeout {
        interceptor: served.settings.name.as_str().to_owned(),
        timeout_ms: number(timeout),
        phase: phase.as_str(),
    };
    Failure::with(TIMEOUT, "Interceptor execution timeout", data)
}

/// Milliseconds, as an integer if exact.
fn number(time: Duration) -> serde_json::Number {
    match u64::try_from(time.as_millis()) {
        Ok(whole) if time.subsec_nanos().is_multiple_of(1_000_000) => whole.into(),
        _ => serde_json::Number::from_f64(weir_core::milliseconds(time)).unwrap_or_else(|| 0.into()),
    }
}

fn execution_failed(name: &InterceptorName, reason: &'static str) -> Failure {
    let data = Data::Failed { interceptor: name.as_str().to_owned(), reason };
    Failure::with(INTERNAL_ERROR, "Interceptor execution failed", data)
}

/// What the caller learns of a fault. Its text is for the operator.
pub(super) fn reason(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Trap => "it crashed",
        FaultKind::Deadline => "it took too long",
        FaultKind::Fuel => "it used up its instruction budget",
        FaultKind::Memory => "it used up its memory",
        FaultKind::Output => "its answer cannot be used",
        FaultKind::Refused => "it declined",
        FaultKind::Unavailable => "it is not available",
    }
}

impl CallScope<'_> {
    /// The event for the policies. A response comes without its request: the protocol has no member for it.
    pub(super) fn event(
        &self,
        name: EventName,
        phase: Phase,
        payload: &RawValue,
        context: Option<&RawValue>,
    ) -> Result<Event, Failure> {
        let payload = Payload::parse(payload.get()).map_err(|error| Failure::params(format!("payload: {error}")))?;
        let now = weir_gateway::timestamp(SystemTime::now());
        let context = forms::lenient_context(context.map_or("{}", RawValue::get), &now).map_err(Failure::params)?;
        let known_trace = context.trace_id.is_some();
        let context = Context {
            call_ref: Some(self.visit.reference.as_str().to_owned()),
            trace_id: context.trace_id.or_else(|| Some(self.trace.trace_id().to_owned())),
            span_id: context.span_id.or_else(|| (!known_trace).then(|| self.trace.span_id().to_owned())),
            protocol_revision: self.revision.map(|revision| revision.as_str().to_owned()),
            ..context
        };
        Ok(Event { name, phase, payload: Arc::new(payload), request: None, context: Arc::new(context) })
    }

    async fn run(
        &self,
        served: &ServedPolicy,
        policy: Arc<dyn Interceptor>,
        event: &Event,
        timeout: Duration,
    ) -> Result<InterceptorResult, Failure> {
        let settings = Settings {
            // The caller's chain knows the revision of the call, so it does the check.
            compat: None,
            mode: Effective { value: Mode::Active, origin: Origin::Default },
            fail_open: Effective { value: false, origin: Origin::Default },
            timeout: Effective { value: Some(timeout), origin: Origin::Override },
            ..served.settings.clone()
        };
        let internal = || Failure::new(INTERNAL_ERROR, "The gateway failed; its log has the cause");
        let chain = Chain::new(vec![Entry { settings, interceptor: policy }], ChainOptions::default())
            .map_err(|_| internal())?;
        let started = Instant::now();
        let mut result = chain.run(event, None).await;
        self.visit.telemetry.chain(PATH, &result, started.elapsed());
        result.results.pop().ok_or_else(internal)
    }

    fn failed(&self, served: &ServedPolicy, fault: &Fault, timeout: Duration, phase: Phase) -> Failure {
        let (name, call_ref) = (&served.settings.name, self.visit.reference.as_str());
        tracing::info!(call_ref, interceptor = %name, "an invocation failed: {fault}");
        match fault.kind {
            FaultKind::Deadline => timed_out(served, timeout, phase),
            kind => execution_failed(name, reason(kind)),
        }
    }

    fn not_configured(&self, served: &ServedPolicy, error: &ConfigError, timeout: Duration, phase: Phase) -> Failure {
        let (name, call_ref) = (&served.settings.name, self.visit.reference.as_str());
        tracing::info!(call_ref, interceptor = %name, "rejected a caller's configuration: {error}");
        match error {
            ConfigError::Deadline => timed_out(served, timeout.max(self.interceptors.call_cap), phase),
            ConfigError::Refused(_) => execution_failed(name, "it does not take this configuration"),
        }
    }
}
