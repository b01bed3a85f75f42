//! The life of a request.
//!
//! Invariants: both phases of a request use the route and the chain of one running set; a panic ends only its own
//! exchange; every reply has the call reference that the log uses. Only this module checks whether a call may go to its
//! target, whether it is an agent's action, and whether it is recorded.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{Method, Request, Response};
use weir_http::origin::Exposure;
use weir_http::{Body, Incoming};

use crate::call::{Call, Watch};
use crate::contexts::{self, Carried, ContextError};
use crate::endpoint::Visit;
use crate::headers::WEIR_CALL_REF;
use crate::records::{Recording, recorded, vouch};
use crate::reference::CallRef;
use crate::refusal::Refusal;
use crate::reply_end::ReplyEnd;
use crate::routes::PreparedRoute;
use crate::shared::Shared;
use crate::surface::{Exchange, Life};
use crate::telemetry::ExchangeReport;
use crate::time::Now;

/// A reply, with its recording if it is recorded.
type ReplyResult = Result<(Response<Body>, Option<Recording>), Refusal>;

/// Answers a request in any case.
pub(crate) async fn answer(shared: Arc<Shared>, exposure: Exposure, request: Request<Incoming>) -> Response<Body> {
    let set = shared.current();
    let path = request.uri().path();
    if let Some(endpoint) = set.endpoints.iter().find(|endpoint| endpoint.is_at(path, exposure)) {
        let reference = CallRef::new();
        let visit = Visit {
            reference: &reference,
            exposure,
            admission: &shared.options.admission,
            telemetry: &*shared.telemetry,
            body_read_timeout: shared.options.body_read_timeout,
            epoch: set.epoch,
        };
        return referenced(endpoint.answer(visit, request).await, &reference);
    }
    let route = set.routes.find(path).map(Arc::clone);
    // The exchange only needs the route, so a replaced set need not live as long.
    drop(set);
    let Some(route) = route else { return no_route(&shared, request.method()) };
    let now = Now::read();
    let carried = contexts::read(request.headers(), &shared.contexts, now);
    let promised = carried.as_ref().ok().and_then(|carried| carried.as_ref()?.promised);
    let reference = promised.map_or_else(CallRef::new, |promise| promise.reference);
    referenced(on_route(shared, route, reference, carried, exposure, now, request).await, &reference)
}

fn referenced(mut response: Response<Body>, reference: &CallRef) -> Response<Body> {
    response.headers_mut().insert(WEIR_CALL_REF, reference.header());
    response
}

fn no_route(shared: &Shared, method: &Method) -> Response<Body> {
    let (refusal, reference) = (Refusal::NoRoute, CallRef::new());
    let response = refusal.respond(Some(&reference));
    shared.telemetry.exchange(&ExchangeReport {
        route: "",
        protocol: "http",
        method,
        status: response.status(),
        elapsed: Duration::ZERO,
        upstream_elapsed: None,
        refusal: Some(refusal.urn()),
        call_ref: reference.as_str(),
    });
    referenced(response.map(Body::whole), &reference)
}

async fn on_route(
    shared: Arc<Shared>,
    route: Arc<PreparedRoute>,
    reference: CallRef,
    carried: Result<Option<Carried>, ContextError>,
    exposure: Exposure,
    now: Now,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let (carried, wrong) = match carried {
        Ok(carried) => (carried, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let call = Arc::new(Call::begin(shared, route, reference, carried, &parts, now));
    let request = Request::from_parts(parts, body);
    let watch = Watch::over(Arc::clone(&call));
    let result = match AssertUnwindSafe(exchange(&call, wrong, exposure, request)).catch_unwind().await {
        Ok(result) => result,
        Err(panic) => {
            tracing::error!(call_ref = reference.as_str(), panic = panic_text(&*panic), "an exchange panicked");
            Err(Refusal::Internal)
        }
    };
    let (response, recording) = result.unwrap_or_else(|refusal| {
        call.refused(refusal.urn());
        (refusal.respond(Some(&reference)).map(Body::whole), None)
    });
    let watch = watch.answering(response.status());
    response.map(|body| body.observed(Box::new(ReplyEnd { watch, recording })))
}

/// Origin → context → trust → reading → recording → the surface.
async fn exchange(
    call: &Arc<Call>,
    wrong: Option<ContextError>,
    exposure: Exposure,
    request: Request<Incoming>,
) -> ReplyResult {
    let surface = &call.route.surface;
    if surface.guards_origin() {
        exposure.admit(&call.shared.options.admission, &request)?;
    }
    if let Some(wrong) = wrong {
        return Err(Refusal::BadRequest(wrong.to_string()));
    }
    if let (Some(_), Some(url)) = (call.agent.inside(), call.wanted_url()) {
        vouch(call, &url).await?;
    }
    let exchange = surface.read(call, request).await?;
    match (exchange.life(), call.shared.live()) {
        (Life::OwnAccord, Some(live)) => {
            let call = Arc::clone(call);
            live.tasks.finish(async move { carried(&call, exchange).await }).await
        }
        _ => carried(call, exchange).await,
    }
}

/// Carries the exchange through the policies to the upstream and back. Only an agent's actions are recorded: otherwise
/// housekeeping messages, which clients send with the same headers, would count as the agent's last action.
async fn carried(call: &Arc<Call>, exchange: Box<dyn Exchange>) -> ReplyResult {
    let is_action = exchange.is_action();
    let carrying = exchange.carry(Arc::clone(call));
    if is_action {
        return recorded(call, carrying).await;
    }
    call.agent.return_promise(&call.shared.contexts);
    Ok((carrying.await?, None))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
