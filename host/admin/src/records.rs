//! Looking rows up, and what is recorded.

use http::{Method, Request, Response, Uri};
use serde::{Deserialize, Serialize};
use weir_http::{Body, Incoming};
use weir_record::{RecordMode, latest_form, row_form};

use crate::answer::object;
use crate::answer::{json, read_body, refused};
use crate::error::AdminError;
use crate::query::{Query, wrong};
use crate::record_source::{AuditFilter, Page, PageRequest, RecordFilter, RecordSource};

const USUAL_PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

/// Pages of audit events; their limits are part of what clients rely on.
const USUAL_AUDIT_PAGE: usize = 50;
const MAX_AUDIT_PAGE: usize = 500;

const MAX_MODE_BODY: usize = 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMode {
    mode: String,
}

/// The mode as it is answered.
#[derive(Serialize)]
struct Mode {
    mode: &'static str,
}

/// A part of a list as it is answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<F> {
    entries: Vec<F>,
    next_cursor: Option<String>,
}

/// `{entries, nextCursor}`, each entry in its form.
pub(crate) fn list<'p, T, F: Serialize + 'p>(page: &'p Page<T>, form: impl Fn(&'p T) -> F) -> impl Serialize + 'p {
    let Page { entries, next } = page;
    List { entries: entries.iter().map(form).collect(), next_cursor: next.map(|next| next.to_string()) }
}

/// `GET /v1/records`.
pub(crate) async fn rows(source: &dyn RecordSource, uri: &Uri) -> Result<Response<Body>, AdminError> {
    let known = ["agentId", "actionName", "callRef", "from", "to", "limit", "cursor"];
    let query = Query::read(uri.query(), &known)?;
    let filter = RecordFilter {
        agent_id: query.owned("agentId"),
        action_name: query.owned("actionName"),
        call_ref: query.owned("callRef"),
        from: query.owned("from"),
        to: query.owned("to"),
    };
    let limit = query.limit(USUAL_PAGE, MAX_PAGE).map_err(wrong)?;
    let page = PageRequest { cursor: query.cursor().map_err(wrong)?, limit };
    json(&list(&source.records(filter, page).await.map_err(refused)?, row_form))
}

/// `GET /v1/records/{id}`: the place of a row, or the reference of its call.
pub(crate) async fn row(source: &dyn RecordSource, id: &str, uri: &Uri) -> Result<Response<Body>, AdminError> {
    Query::read(uri.query(), &[])?;
    let found = match id.parse() {
        Ok(id) => source.record(id).await.map_err(refused)?,
        Err(_) => {
            let filter = RecordFilter { call_ref: Some(id.to_owned()), ..RecordFilter::default() };
            let page = PageRequest { cursor: None, limit: 1 };
            source.records(filter, page).await.map_err(refused)?.entries.pop()
        }
    };
    let row = found.ok_or_else(|| AdminError::NotFound("no record has this id or call reference".to_owned()))?;
    json(&row_form(&row))
}

/// `GET /v1/records/latest`.
pub(crate) async fn latest(source: &dyn RecordSource, uri: &Uri) -> Result<Response<Body>, AdminError> {
    let query = Query::read(uri.query(), &["agentId", "actionName"])?;
    let Some(action) = query.get("actionName") else {
        return Err(wrong("actionName is missing; the latest record is that of an action".to_owned()));
    };
    let row = source.latest(query.get("agentId"), action).await.map_err(refused)?;
    json(&latest_form(row.as_ref()))
}

/// `GET /v1/records/summary`.
pub(crate) async fn summary(source: &dyn RecordSource) -> Result<Response<Body>, AdminError> {
    json(&source.summary().await.map_err(refused)?)
}

/// `GET` and `PUT /v1/records/mode`.
pub(crate) async fn mode(source: &dyn RecordSource, request: Request<Incoming>) -> Result<Response<Body>, AdminError> {
    if request.method() == Method::PUT {
        let body = read_body(request.into_body(), MAX_MODE_BODY).await?;
        let WrittenMode { mode } = object(&body).map_err(wrong)?;
        let mode = RecordMode::parse(&mode)
            .ok_or_else(|| wrong(format!("mode {mode:?} is none; there are context, all and off")))?;
        source.set_mode(mode);
    }
    json(&Mode { mode: source.mode().as_str() })
}

/// `GET /audit/events`.
pub(crate) async fn audit_events(source: &dyn RecordSource, uri: &Uri) -> Result<Response<Body>, AdminError> {
    let query = Query::read(uri.query(), &["event", "limit", "cursor"])?;
    let limit = query.limit(USUAL_AUDIT_PAGE, MAX_AUDIT_PAGE).map_err(AdminError::Unprocessable)?;
    let page = PageRequest { cursor: query.cursor().map_err(AdminError::Unprocessable)?, limit };
    let filter = AuditFilter { event: query.owned("event") };
    json(&list(&source.audit_events(filter, page).await.map_err(refused)?, |entry| entry))
}
