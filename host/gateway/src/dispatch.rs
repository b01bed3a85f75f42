//! The life of a request.
//!
//! Invariants: one request uses the route, and so the chain, of one running set for both of its phases; a panic
//! ends the exchange it happens in and nothing else; every reply says under which reference the log has it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::adapter::http::Http;
use crate::adapter::{Adapter, Received};
use crate::body::ReplyBody;
use crate::call::{Call, CallRef, Watch};
use crate::contexts::{self, Carried, ContextError};
use crate::gateway::Shared;
use crate::headers::WEIR_CALL_REF;
use crate::interceptors;
use crate::mcp;
use crate::origin::Exposure;
use crate::records::{recorded, vouch};
use crate::refusal::Refusal;
use crate::routes::{Prepared, Protocol};
use crate::telemetry::ExchangeReport;
use crate::upstream::{Patience, ask};
use crate::verdict::{Verdict, judge};

/// Answers a request, whatever happens.
pub(crate) async fn answer(shared: Arc<Shared>, exposure: Exposure, request: Request<Incoming>) -> Response<ReplyBody> {
    let set = shared.current();
    let path = request.uri().path();
    if set.interceptors.are_at(path, exposure) {
        let reference = CallRef::new();
        return referenced(interceptors::answer(&shared, &set, &reference, exposure, request).await, &reference);
    }
    let route = set.routes.find(path).map(Arc::clone);
    // The route is all that an exchange needs; a set that was replaced need not live as long as it does.
    drop(set);
    let Some(route) = route else { return no_route(&shared, request.method()) };
    let carried = contexts::read(request.headers(), &shared.contexts);
    let promised = carried.as_ref().ok().and_then(|carried| carried.as_ref()?.promised);
    let reference = promised.map_or_else(CallRef::new, |promise| promise.reference);
    referenced(on_route(shared, route, reference, carried, exposure, request).await, &reference)
}

fn referenced(mut response: Response<ReplyBody>, reference: &CallRef) -> Response<ReplyBody> {
    response.headers_mut().insert(WEIR_CALL_REF, reference.header());
    response
}

fn no_route(shared: &Shared, method: &Method) -> Response<ReplyBody> {
    let (refusal, reference) = (Refusal::NoRoute, CallRef::new());
    let response = refusal.respond(Some(&reference));
    shared.telemetry.exchange(&ExchangeReport {
        route: "",
        protocol: Protocol::Http,
        method,
        status: response.status(),
        elapsed: Duration::ZERO,
        upstream_elapsed: None,
        refusal: Some(refusal.urn()),
        call_ref: reference.as_str(),
    });
    referenced(response, &reference)
}

async fn on_route(
    shared: Arc<Shared>,
    route: Arc<Prepared>,
    reference: CallRef,
    carried: Result<Option<Carried>, ContextError>,
    exposure: Exposure,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let (parts, body) = request.into_parts();
    let (carried, wrong) = match carried {
        Ok(carried) => (carried, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let call = Arc::new(Call::begin(shared, route, reference, carried, &parts));
    let request = Request::from_parts(parts, body);
    let watch = Watch::over(Arc::clone(&call));

    let exchange = async {
        if call.route.route.protocol == Protocol::Mcp {
            exposure.admit(&call.shared.options.admission, &request)?;
        }
        if let Some(wrong) = wrong {
            return Err(Refusal::BadRequest(wrong.to_string()));
        }
        if let (Some(_), Some(url)) = (call.intercept.inside(), call.wanted_url()) {
            vouch(&call, &url).await?;
        }
        match call.route.route.protocol {
            Protocol::Http => recorded(&call, exchange::<Http>(&call, request)).await,
            Protocol::Mcp => mcp::exchange(&call, request).await,
        }
    };
    let answered = match AssertUnwindSafe(exchange).catch_unwind().await {
        Ok(answered) => answered,
        Err(panic) => {
            tracing::error!(call_ref = reference.as_str(), panic = panic_text(&*panic), "an exchange panicked");
            Err(Refusal::Internal)
        }
    };
    let response = answered.unwrap_or_else(|refusal| {
        call.refused(refusal.urn());
        refusal.respond(Some(&reference))
    });
    let watch = watch.answering(response.status());
    response.map(|body| body.watched(watch))
}

/// Route → decode → event → chain → encode → upstream → response → event → chain → reply.
async fn exchange<A: Adapter>(call: &Arc<Call>, request: Request<Incoming>) -> Result<Response<ReplyBody>, Refusal> {
    let mut adapter = A::decode(call, request).await?;
    if let Some(event) = adapter.request_event() {
        match judge(call, &event).await? {
            Verdict::Unchanged => {}
            Verdict::Changed(payload) => adapter.change_request(call, payload)?,
            Verdict::Denied(denial) => return adapter.deny(call, denial),
        }
    }
    let response = ask(call, adapter.encode(call)?, Patience::Limited).await?;
    match adapter.receive(call, response).await? {
        Received::Reply(reply) => Ok(reply),
        Received::Event(event) => match judge(call, &event).await? {
            Verdict::Unchanged => adapter.reply(None),
            Verdict::Changed(payload) => adapter.reply(Some(payload)),
            Verdict::Denied(denial) => adapter.deny(call, denial),
        },
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
