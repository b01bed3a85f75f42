//! Asking the upstream for its tools when a policy changed a call whose mirrored arguments are not known.

use std::sync::Arc;

use ::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use ::http::{HeaderValue, Request, request};
use bytes::Bytes;

use super::mirror;
use super::reply::Form;
use super::tools::Mirrored;
use crate::adapter;
use crate::body::{RequestBody, Whole};
use crate::call::Call;
use crate::headers;
use crate::json;
use crate::mcp::envelope::{Envelope, Kind};
use crate::mcp::headers::METHOD;
use crate::refusal::Refusal;
use crate::sse::Scanner;
use crate::upstream::{Patience, ask_aside};

/// Most pages that are asked for; a tool on a later one is not known.
const MAX_PAGES: usize = 16;

/// The mirrored arguments of the tool that a message calls; `None` if it calls none, or the upstream does not say.
pub(super) async fn mirrored(call: &Arc<Call>, parts: &request::Parts, envelope: &Envelope) -> Option<Arc<[Mirrored]>> {
    let Kind::Request { method: "tools/call" } = envelope.kind() else { return None };
    let params = envelope.shown_params().ok()?;
    let tool = params.string("/name")?;
    if let Some(known) = call.shared.tool_headers.of(call, tool) {
        return Some(known);
    }
    let meta = json::member(params.text(), "_meta").unwrap_or("{}");
    if let Err(refusal) = ask_for_tools(call, parts, meta, tool).await {
        let kind = refusal.urn();
        tracing::warn!(call_ref = call.reference.as_str(), kind, "the upstream does not list its tools");
    }
    call.shared.tool_headers.of(call, tool)
}

async fn ask_for_tools(call: &Arc<Call>, parts: &request::Parts, meta: &str, tool: &str) -> Result<(), Refusal> {
    let mut cursor: Option<String> = None;
    for page in 0..MAX_PAGES {
        let mut text = format!("{{\"jsonrpc\":\"2.0\",\"id\":\"weir-{page}\",\"method\":\"tools/list\",\"params\":{{")
            .into_bytes();
        if let Some(cursor) = &cursor {
            text.extend_from_slice(b"\"cursor\":");
            text.extend_from_slice(cursor.as_bytes());
            text.push(b',');
        }
        text.extend_from_slice(format!("\"_meta\":{meta}}}}}").as_bytes());
        let answer = ask_for_page(call, parts, text.into()).await?;
        call.shared.tool_headers.learn_from(call, answer.clone());
        if call.shared.tool_headers.of(call, tool).is_some() {
            return Ok(());
        }
        let result = Envelope::received(answer).ok();
        let next = result.as_ref().and_then(|answer| json::member(answer.result()?, "nextCursor"));
        match next.filter(|next| next.starts_with('"')) {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(()),
        }
    }
    Ok(())
}

async fn ask_for_page(call: &Arc<Call>, parts: &request::Parts, text: Bytes) -> Result<Bytes, Refusal> {
    let mut parts = parts.clone();
    for name in [CONTENT_LENGTH, CONTENT_ENCODING] {
        parts.headers.remove(name);
    }
    headers::drop_digests(&mut parts.headers);
    mirror::forget(&mut parts.headers);
    parts.headers.insert(METHOD, HeaderValue::from_static("tools/list"));
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    adapter::address(call, &mut parts)?;
    let body = RequestBody::Whole(Whole::new(text, None));
    let response = ask_aside(call, Request::from_parts(parts, body), Patience::Limited).await?;
    let form = Form::of(response.headers());
    let text = adapter::read_response(call, response.into_body()).await?.data;
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
