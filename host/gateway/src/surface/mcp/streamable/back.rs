//! Sends our own answer to a server's request, as a POST in the same session.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, request};
use weir_http::Patience;
use weir_http::{RequestBody, Whole};
use weir_mcp::headers::{LAST_EVENT_ID, METHOD, SESSION_ID};
use weir_mcp::mirror;

use crate::headers;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::upstream::ask_aside;

/// The server's URL, and the headers for its session.
#[derive(Clone)]
pub(super) struct Back {
    uri: Uri,
    headers: HeaderMap,
}

impl Back {
    /// From the parts of a forwarded request.
    pub(super) fn new(parts: &request::Parts) -> Arc<Self> {
        let mut headers = parts.headers.clone();
        for name in [CONTENT_ENCODING, LAST_EVENT_ID, METHOD] {
            headers.remove(name);
        }
        mirror::forget(&mut headers);
        headers::body_replaced(&mut headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        Arc::new(Self { uri: parts.uri.clone(), headers })
    }

    /// The same for a session that has just begun.
    pub(super) fn within(self: Arc<Self>, session: &str) -> Arc<Self> {
        let mut back = Self::clone(&self);
        if let Ok(session) = HeaderValue::from_str(session) {
            back.headers.insert(SESSION_ID, session);
        }
        Arc::new(back)
    }

    /// Sends an answer in the background. The stream only waits if too many are in flight.
    pub(super) async fn answer(&self, call: &Arc<McpCall>, text: Bytes) {
        let Some(live) = call.shared.live() else { return };
        // Never closed, so this cannot fail.
        let Ok(place) = Arc::clone(&call.common.answering).acquire_owned().await else { return };
        let (uri, headers, call) = (self.uri.clone(), self.headers.clone(), Arc::clone(call));
        live.tasks.spawn(async move {
            if let Err(refusal) = post(&call, uri, headers, text).await {
                let kind = refusal.urn();
                tracing::warn!(
                    call_ref = call.reference.as_str(),
                    kind,
                    "cannot answer a denied request of the server"
                );
            }
            drop(place);
        });
    }
}

async fn post(call: &McpCall, uri: Uri, headers: HeaderMap, text: Bytes) -> Result<(), Refusal> {
    let mut request = Request::new(RequestBody::whole(Whole::new(text, None)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    let response = ask_aside(call, request, Patience::Limited).await?;
    if !response.status().is_success() {
        let status = response.status().as_u16();
        tracing::warn!(
            call_ref = call.reference.as_str(),
            status,
            "the server rejected the answer to its denied request"
        );
    }
    Ok(())
}
