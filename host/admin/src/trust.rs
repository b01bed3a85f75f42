//! The registry of trusted endpoints.

use http::{Method, Request, Response};
use serde::Deserialize;
use weir_http::{Body, Incoming};
use weir_record::trust::Tier;

use crate::answer::object;
use crate::answer::{created, json, read_body, refused};
use crate::error::AdminError;
use crate::query::{Query, wrong};
use crate::record_source::{AddedEndpoint, NewEndpoint, PageRequest, RecordSource, WhichEndpoint};
use crate::records::list;

/// Enough for a long URL and names.
const MAX_BODY: usize = 16 * 1024;

const USUAL_PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EndpointBody {
    url: String,
    org: Option<String>,
    label: Option<String>,
    tier: Option<String>,
    created_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EndpointSelector {
    id: Option<String>,
    url: Option<String>,
    org: Option<String>,
}

/// `GET`, `POST` and `DELETE /v1/trust/endpoints`.
pub(crate) async fn answer(
    source: &dyn RecordSource,
    request: Request<Incoming>,
) -> Result<Response<Body>, AdminError> {
    match *request.method() {
        Method::POST => add(source, request.into_body()).await,
        Method::DELETE => {
            let query = Query::read(request.uri().query(), &["id", "url", "org"])?;
            let named = EndpointSelector { id: query.owned("id"), url: query.owned("url"), org: query.owned("org") };
            let body = read_body(request.into_body(), MAX_BODY).await?;
            let EndpointSelector { id, url, org } = match (body.is_empty(), named.id.is_some() || named.url.is_some()) {
                (true, _) => named,
                (false, true) => {
                    return Err(wrong("name the endpoint in the query or in the body, not in both".to_owned()));
                }
                (false, false) => object(&body).map_err(wrong)?,
            };
            let which = match (id, url) {
                (Some(id), None) => WhichEndpoint::Id(id),
                (None, Some(url)) => WhichEndpoint::Url(url),
                _ => return Err(wrong("name the endpoint to revoke by its id or by its url".to_owned())),
            };
            revoke(source, org.as_deref(), which).await
        }
        _ => {
            let query = Query::read(request.uri().query(), &["org", "limit", "cursor"])?;
            let limit = query.limit(USUAL_PAGE, MAX_PAGE).map_err(wrong)?;
            let page = PageRequest { cursor: query.cursor().map_err(wrong)?, limit };
            let found = source.endpoints(query.get("org"), page).await.map_err(refused)?;
            json(&list(&found, |endpoint| endpoint))
        }
    }
}

/// `DELETE /v1/trust/endpoints/{id}`, and the same by URL.
pub(crate) async fn revoke(
    source: &dyn RecordSource,
    org: Option<&str>,
    which: WhichEndpoint,
) -> Result<Response<Body>, AdminError> {
    let revoked = source.revoke_endpoint(org, which).await.map_err(refused)?;
    let endpoint = revoked.ok_or_else(|| AdminError::NotFound("there is no such endpoint to revoke".to_owned()))?;
    json(&endpoint)
}

async fn add(source: &dyn RecordSource, body: Incoming) -> Result<Response<Body>, AdminError> {
    let body = read_body(body, MAX_BODY).await?;
    let EndpointBody { url, org, label, tier, created_by } = object(&body).map_err(wrong)?;
    let tier = match tier.as_deref() {
        None => Tier::Block,
        Some(word) => Tier::parse(word).ok_or_else(|| wrong(format!("unknown tier {word:?}; use block or warn")))?,
    };
    let endpoint = NewEndpoint { org, url, label, tier, created_by };
    let AddedEndpoint { endpoint, is_new } = source.add_endpoint(endpoint).await.map_err(refused)?;
    if is_new { created(&endpoint) } else { json(&endpoint) }
}
