//! Building and evaluating handoffs.

use http::Response;
use hyper::body::Incoming;
use serde_json::Value;
use weir_record::handoff::Evaluation;

use super::answer::{json, read_body, refused};
use super::query::wrong;
use super::record_source::RecordSource;
use crate::body::ReplyBody;
use crate::refusal::Refusal;

/// Largest handoff. It carries requests and answers of many calls.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// `POST /v1/handoffs`.
pub(super) async fn build(source: &dyn RecordSource, body: Incoming) -> Result<Response<ReplyBody>, Refusal> {
    let body = read_body(body, MAX_BODY).await?;
    let request: Value = serde_json::from_slice(&body).map_err(|error| wrong(format!("body: {error}")))?;
    json(&source.build_handoff(request).await.map_err(refused)?)
}

/// `POST /v1/handoffs/evaluate`: an evaluation, whatever was sent.
pub(super) async fn evaluate(source: &dyn RecordSource, body: Incoming) -> Result<Response<ReplyBody>, Refusal> {
    let body = read_body(body, MAX_BODY).await?;
    match serde_json::from_slice(&body) {
        Ok(handoff) => json(&source.evaluate_handoff(handoff).await.map_err(refused)?),
        Err(error) => json(&Evaluation::malformed(format!("a handoff is JSON, and this is none: {error}")).to_json()),
    }
}
