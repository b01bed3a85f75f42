//! Requests the upstream's tools when a policy changed a call whose mirrored arguments are unknown.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Request, request};
use serde::Serialize;
use serde_json::value::RawValue;
use weir_http::Patience;
use weir_http::sse::Scanner;
use weir_http::{RequestBody, Whole};
use weir_mcp::headers::METHOD;
use weir_mcp::mirror::{self, Mirrored};
use weir_mcp::{Envelope, Kind, Method};
use weir_mcp::{json, rpc};

use super::reply::Form;
use crate::headers;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::upstream::ask_aside;

/// Most pages requested; tools on later pages stay unknown.
const MAX_PAGES: usize = 16;

/// The params of a request for a page. `_meta` is that of the call.
#[derive(Serialize)]
struct Page<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a RawValue>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<&'a RawValue>,
}

/// The mirrored arguments of the called tool; `None` if the message is not a tool call, or they are unknown.
pub(super) async fn mirrored(
    call: &Arc<McpCall>,
    parts: &request::Parts,
    envelope: &Envelope,
) -> Option<Arc<[Mirrored]>> {
    if Method::of(envelope.method()) != Method::ToolsCall {
        return None;
    }
    let params = envelope.shown_params().ok()?;
    let tool = params.string("/name")?;
    if let Some(known) = call.common.tools.of(call, tool) {
        return Some(known);
    }
    let meta = json::member(params.text(), "_meta").and_then(|meta| serde_json::from_str(meta).ok());
    if let Err(refusal) = ask_for_tools(call, parts, meta, tool).await {
        let kind = refusal.urn();
        tracing::warn!(call_ref = call.reference.as_str(), kind, "cannot list the upstream's tools");
    }
    call.common.tools.of(call, tool)
}

async fn ask_for_tools(
    call: &Arc<McpCall>,
    parts: &request::Parts,
    meta: Option<&RawValue>,
    tool: &str,
) -> Result<(), Refusal> {
    let mut cursor: Option<Box<RawValue>> = None;
    for page in 0..MAX_PAGES {
        let text = rpc::request(&format!("weir-{page}"), "tools/list", &Page { cursor: cursor.as_deref(), meta });
        let answer = ask_for_page(call, parts, text).await?;
        call.common.tools.learn_from(call, answer.clone());
        if call.common.tools.of(call, tool).is_some() {
            return Ok(());
        }
        let result = Envelope::received(answer).ok();
        let next = result.as_ref().and_then(|answer| json::member(answer.result()?, "nextCursor"));
        match next.filter(|next| next.starts_with('"')) {
            Some(next) => cursor = serde_json::from_str(next).ok(),
            None => return Ok(()),
        }
    }
    Ok(())
}

async fn ask_for_page(call: &Arc<McpCall>, parts: &request::Parts, text: Bytes) -> Result<Bytes, Refusal> {
    let mut parts = parts.clone();
    parts.headers.remove(CONTENT_ENCODING);
    headers::body_replaced(&mut parts.headers);
    mirror::forget(&mut parts.headers);
    parts.headers.insert(METHOD, HeaderValue::from_static("tools/list"));
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    crate::upstream::address(call, &mut parts)?;
    let body = RequestBody::whole(Whole::new(text, None));
    let response = ask_aside(call, Request::from_parts(parts, body), Patience::Limited).await?;
    let form = Form::of(response.headers());
    let text = crate::reading::read_response(call, response.into_body()).await?.data;
    if form != Form::Events {
        return Ok(text);
    }
    let mut scanner = Scanner::new(usize::MAX);
    scanner.push(text);
    let mut answer = Bytes::new();
    while let Some(block) = scanner.rest() {
        let data = block.data().unwrap_or_default();
        if Envelope::received(data.clone()).is_ok_and(|envelope| envelope.kind() == Kind::Answer) {
            answer = data;
        }
    }
    Ok(answer)
}
