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
use crate::gateway::Shared;
use crate::headers::WEIR_CALL_REF;
use crate::interceptors;
use crate::mcp;
use crate::origin::Exposure;
use crate::refusal::Refusal;
use crate::routes::{Prepared, Protocol};
use crate::telemetry::ExchangeReport;
use crate::upstream::{Patience, ask};
use crate::verdict::{Verdict, judge};

/// Answers a request, whatever happens.
pub(crate) async fn answer(shared: Arc<Shared>, exposure: Exposure, request: Request<Incoming>) -> Response<ReplyBody> {
    let reference = CallRef::new();
    let set = shared.current();
    let path = request.uri().path();
    let mut response = if set.interceptors.are_at(path, exposure) {
        interceptors::answer(&shared, &set, &reference, exposure, request).await
    } else {
        let route = set.routes.find(path).map(Arc::clone);
        // The route is all that an exchange needs; a set that was replaced need not live as long as it does.
        drop(set);
        match route {
            Some(route) => on_route(shared, route, reference, exposure, request).await,
            None => no_route(&shared, &reference, request.method()),
        }
    };
    response.headers_mut().insert(WEIR_CALL_REF, reference.header());
    response
}

fn no_route(shared: &Shared, reference: &CallRef, method: &Method) -> Response<ReplyBody> {
    let refusal = Refusal::NoRoute;
    let response = refusal.respond(Some(reference));
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
    response
}

async fn on_route(
    shared: Arc<Shared>,
    route: Arc<Prepared>,
    reference: CallRef,
    exposure: Exposure,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let (parts, body) = request.into_parts();
    let call = Arc::new(Call::begin(shared, route, reference, &parts));
    let request = Request::from_parts(parts, body);
    let watch = Watch::over(Arc::clone(&call));

    let exchange = async {
        match call.route.route.protocol {
            Protocol::Http => exchange::<Http>(&call, request).await,
            Protocol::Mcp => mcp::exchange(&call, exposure, request).await,
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
