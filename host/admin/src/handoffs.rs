//! Building and evaluating handoffs.

use http::Response;
use weir_http::{Body, Incoming};
use weir_record::Json;
use weir_record::handoff::{BuildRequest, Handoff};

use crate::answer::{json, read_body, refused};
use crate::error::AdminError;
use crate::query::wrong;
use crate::record_source::RecordSource;

/// Largest handoff. It carries requests and answers of many calls.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// `POST /v1/handoffs`.
pub(crate) async fn build(source: &dyn RecordSource, body: Incoming) -> Result<Response<Body>, AdminError> {
    let body = read_body(body, MAX_BODY).await?;
    let request: Json = serde_json::from_slice(&body).map_err(|error| wrong(format!("body: {error}")))?;
    let request = BuildRequest::read(&request).map_err(wrong)?;
    json(&source.build_handoff(request).await.map_err(refused)?)
}

/// `POST /v1/handoffs/evaluate`: an evaluation, whatever was sent.
pub(crate) async fn evaluate(source: &dyn RecordSource, body: Incoming) -> Result<Response<Body>, AdminError> {
    let body = read_body(body, MAX_BODY).await?;
    match Handoff::parse(&body) {
        Ok(handoff) => json(&source.evaluate_handoff(handoff).await.map_err(refused)?),
        Err(evaluation) => json(&evaluation),
    }
}
