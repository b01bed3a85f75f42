//! One exchange: its facts, and the watch that reports its end.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use weir_core::{Context, Principal};
use weir_http::trace::Trace;

use crate::contexts::Carried;
use crate::records::AgentCall;
use crate::reference::CallRef;
use crate::refusal::{UPSTREAM_TIMEOUT, UPSTREAM_UNREACHABLE};
use crate::routes::{PreparedRoute, Route};
use crate::shared::Shared;
use crate::telemetry::ExchangeReport;
use crate::time::Now;

/// What is known of an exchange from its start.
pub struct Call {
    pub(crate) shared: Arc<Shared>,
    /// The route in the running set that the exchange began with; used to the end.
    pub(crate) route: Arc<PreparedRoute>,
    pub(crate) reference: CallRef,
    trace: Trace,
    /// The trace named in the message; it takes precedence over the header's.
    message_trace: OnceLock<Trace>,
    /// Its agent's context.
    pub(crate) agent: AgentCall,
    method: Method,
    started: Instant,
    upstream_elapsed: OnceLock<Duration>,
    refused: OnceLock<&'static str>,
}

/// What a protocol's own fields tell about a call.
#[derive(Debug, Default)]
pub struct Facts {
    /// Its session.
    pub session_id: Option<String>,
    /// Its protocol revision.
    pub protocol_revision: Option<String>,
}

/// Reports an exchange once: finished, broken, or (if dropped first) cancelled by the caller.
pub(crate) struct Watch {
    call: Option<Arc<Call>>,
    status: StatusCode,
}

impl Call {
    pub(crate) fn begin(
        shared: Arc<Shared>,
        route: Arc<PreparedRoute>,
        reference: CallRef,
        carried: Option<Carried>,
        parts: &Parts,
        now: Now,
    ) -> Self {
        Self {
            shared,
            route,
            reference,
            trace: Trace::of(&parts.headers),
            message_trace: OnceLock::new(),
            agent: AgentCall::new(carried, parts.uri.clone()),
            method: parts.method.clone(),
            started: now.instant,
            upstream_elapsed: OnceLock::new(),
            refused: OnceLock::new(),
        }
    }

    /// The caller's method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The upstream URL unless a policy changes it; `None` if the path cannot be joined with the upstream's, or the
    /// upstream has no URL.
    pub(crate) fn wanted_url(&self) -> Option<Uri> {
        let (asked, target) = (&self.agent.asked, self.route.target()?);
        self.route.rest(asked.path()).and_then(|rest| target.uri(rest, asked.query()))
    }

    /// A call without a connection.
    pub(crate) fn begin_local(shared: Arc<Shared>, route: Arc<PreparedRoute>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            route,
            reference: CallRef::new(),
            trace: Trace::of(&HeaderMap::new()),
            message_trace: OnceLock::new(),
            agent: AgentCall::default(),
            method: Method::POST,
            started: Instant::now(),
            upstream_elapsed: OnceLock::new(),
            refused: OnceLock::new(),
        })
    }

    /// The same exchange on the current route: for streams that outlive a reload.
    pub(crate) fn on_route_of_now(self: &Arc<Self>) -> Arc<Self> {
        match self.shared.current().routes.prepared(self.route_name()) {
            Some(route) if !Arc::ptr_eq(&route, &self.route) => Arc::new(Self {
                shared: Arc::clone(&self.shared),
                route,
                reference: self.reference,
                trace: self.trace.clone(),
                message_trace: self.message_trace.clone(),
                agent: self.agent.clone(),
                method: self.method.clone(),
                started: self.started,
                upstream_elapsed: self.upstream_elapsed.clone(),
                refused: OnceLock::new(),
            }),
            _ => Arc::clone(self),
        }
    }

    /// Its route.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Its reference.
    pub fn reference(&self) -> &CallRef {
        &self.reference
    }

    /// The trace that the exchange belongs to.
    pub(crate) fn trace(&self) -> &Trace {
        self.message_trace.get().unwrap_or(&self.trace)
    }

    /// Continues the trace named in the message, if it is valid.
    pub(crate) fn continue_trace(&self, parent: &str) {
        if let Some(trace) = self.trace.within(parent) {
            // An exchange has one message.
            let _ = self.message_trace.set(trace);
        }
    }

    /// The name of its route.
    pub fn route_name(&self) -> &str {
        &self.route.name
    }

    /// The caller, as far as the route identifies it. Read from the original headers.
    pub fn principal(&self, headers: &HeaderMap) -> Principal {
        let source = self.route.options.principal.as_ref();
        match source.and_then(|source| Some((source.kind, text(headers, &source.header)?))) {
            Some((kind, id)) => Principal { kind, id: Some(id), claims: None },
            None => Principal::default(),
        }
    }

    /// The context for policies. Made from the original headers.
    pub fn context(&self, headers: &HeaderMap, facts: Facts) -> Arc<Context> {
        let route = &self.route;
        let inside = self.agent.inside();
        Arc::new(Context {
            principal: self.principal(headers),
            session_id: facts.session_id,
            agent_id: inside.map(|inside| inside.agent_id.to_string()),
            action_name: inside.map(|inside| inside.action_name.to_string()),
            call_ref: Some(self.reference.as_str().to_owned()),
            trace_id: Some(self.trace().trace_id().to_owned()),
            span_id: Some(self.trace().span_id().to_owned()),
            timestamp: crate::time::timestamp(SystemTime::now()),
            route: Some(route.name.clone()),
            server: Some(route.server.clone()),
            protocol_revision: facts.protocol_revision,
        })
    }

    /// Records the time that the upstream took to respond.
    pub(crate) fn note_upstream_time(&self, elapsed: Duration) {
        // Each exchange sends one request to its upstream.
        let _ = self.upstream_elapsed.set(elapsed);
    }

    /// Records why the gateway replies itself; the first reason is kept.
    pub fn refused(&self, kind: &'static str) {
        let _ = self.refused.set(kind);
    }

    /// Whether the upstream timed out.
    pub(crate) fn is_late(&self) -> bool {
        self.refused.get() == Some(&UPSTREAM_TIMEOUT)
    }
}

/// The text of a header that occurs once.
pub(crate) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Some(String::from_utf8_lossy(value.as_bytes()).into_owned()),
        _ => None,
    }
}

impl Watch {
    pub(crate) fn over(call: Arc<Call>) -> Self {
        Self { call: Some(call), status: StatusCode::OK }
    }

    /// Records the status of the reply.
    pub(crate) fn answering(self, status: StatusCode) -> Self {
        let mut this = self;
        this.status = status;
        this
    }

    /// The reply was sent.
    pub(crate) fn finished(mut self) {
        self.report();
    }

    /// The upstream's response broke off.
    pub(crate) fn broken(mut self, error: &(dyn std::error::Error + Send + Sync)) {
        if let Some(call) = &self.call {
            let error = weir_http::chain_of(error);
            tracing::warn!(call_ref = call.reference.as_str(), error, "the upstream's response broke off");
            call.refused(UPSTREAM_UNREACHABLE);
        }
        self.report();
    }

    fn report(&mut self) {
        let Some(call) = self.call.take() else { return };
        call.shared.telemetry.exchange(&ExchangeReport {
            route: call.route_name(),
            protocol: call.route.surface.protocol(),
            method: &call.method,
            status: self.status,
            elapsed: call.started.elapsed(),
            upstream_elapsed: call.upstream_elapsed.get().copied(),
            refusal: call.refused.get().copied(),
            call_ref: call.reference.as_str(),
        });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            tracing::debug!(call_ref = call.reference.as_str(), "the caller disconnected");
            call.shared.telemetry.cancelled(call.route_name());
        }
    }
}
