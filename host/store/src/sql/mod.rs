//! Common to both databases: everything except connecting and writing.
//!
//! Not here: SQL that only one of them supports.

mod form;
mod page;
mod query;
mod schema;

use std::fmt;

use async_trait::async_trait;
use weir_record::chain::Head;
use weir_record::trust::{Endpoint, Pattern};
use weir_record::{Record, Row};

use crate::port::{
    AddEndpoint, Added, Appended, Attempt, AuditEvent, AuditPage, AuditStore, Counts, Cursor, Filter, RecordPage,
    RecordStore, Store, StoreError, TrustPage, TrustStore,
};

pub(crate) use form::{Columns, endpoint as endpoint_of, head as head_of};
use page::cut;
pub(crate) use page::{Entry, Page};
use query::page_limit;
pub(crate) use query::{COLUMNS, Dialect, ENDPOINT_COLUMNS, Query, Value, storable};
pub(crate) use schema::KNOWN as KNOWN_SCHEMA;

/// Reads one row of a result.
pub(crate) type Read<T> = fn(&dyn Columns) -> Result<T, StoreError>;

/// A database: how to query it, and how to write.
#[async_trait]
pub(crate) trait Database: fmt::Debug + Send + Sync {
    const DIALECT: Dialect;

    /// Reads until the result ends or the page is full.
    async fn select<T: Entry>(&self, query: Query, read: Read<T>) -> Result<Vec<T>, StoreError>;

    /// As [`RecordStore::append`].
    async fn write(&self, group: &[Record], attempt: Attempt) -> Result<Appended, StoreError>;

    /// Adds an endpoint, unless the organisation has an active one with the same normal form.
    async fn write_endpoint(&self, endpoint: Endpoint) -> Result<Added, StoreError>;

    /// As [`TrustStore::revoke_endpoint`].
    async fn revoke(&self, org: &str, id: &str) -> Result<Option<Endpoint>, StoreError>;

    /// As [`AuditStore::note`].
    async fn write_events(&self, events: &[AuditEvent]) -> Result<(), StoreError>;
}

#[async_trait]
impl<D: Database> RecordStore for D {
    async fn append(&self, group: &[Record], attempt: Attempt) -> Result<Appended, StoreError> {
        self.write(group, attempt).await
    }

    async fn list(&self, filter: &Filter, cursor: Option<Cursor>, limit: usize) -> Result<RecordPage, StoreError> {
        let limit = page_limit(limit);
        let found = self.select(D::DIALECT.records(filter, cursor, limit), form::row).await?;
        let (entries, next) = cut(found, limit, |row| row.id);
        Ok(RecordPage { entries, next })
    }

    async fn record(&self, id: i64) -> Result<Option<Row>, StoreError> {
        Ok(self.select(D::DIALECT.record(id), form::row).await?.pop())
    }

    async fn latest(&self, agent_id: Option<&str>, action_name: &str) -> Result<Option<Row>, StoreError> {
        let filter = Filter {
            agent_id: agent_id.map(str::to_owned),
            action_name: Some(action_name.to_owned()),
            ..Filter::default()
        };
        Ok(self.list(&filter, None, 1).await?.entries.pop())
    }

    async fn behind(&self, id: i64, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.select(D::DIALECT.behind(id, page_limit(limit)), form::row).await
    }

    async fn head(&self) -> Result<Option<Head>, StoreError> {
        Ok(self.select(D::DIALECT.head(), head_of).await?.pop())
    }

    async fn present(&self, call_refs: &[String]) -> Result<Vec<String>, StoreError> {
        if call_refs.is_empty() {
            return Ok(Vec::new());
        }
        self.select(D::DIALECT.present(call_refs), form::call_ref).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        Ok(self.select(D::DIALECT.counts(), form::counts).await?.pop().unwrap_or_default())
    }
}

#[async_trait]
impl<D: Database> TrustStore for D {
    async fn add_endpoint(&self, endpoint: &AddEndpoint) -> Result<Added, StoreError> {
        let AddEndpoint { org, url, label, tier, created_by } = endpoint;
        let pattern = Pattern::parse(url).map_err(|error| StoreError::Refused(error.to_string()))?;
        let new = Endpoint {
            id: uuid::Uuid::now_v7().to_string(),
            org: storable(org),
            url: storable(url),
            normalized_url: pattern.as_str().to_owned(),
            label: label.as_deref().map(storable),
            tier: *tier,
            created_at: crate::now(),
            revoked_at: None,
            created_by: created_by.as_deref().map(storable),
        };
        self.write_endpoint(new).await
    }

    async fn endpoints(&self, org: &str, cursor: Option<Cursor>, limit: usize) -> Result<TrustPage, StoreError> {
        let limit = page_limit(limit);
        let found = self.select(D::DIALECT.endpoints(org, cursor, limit), endpoint_of).await?;
        let (entries, next) = cut(found, limit, |(place, _)| *place);
        Ok(TrustPage { entries: entries.into_iter().map(|(_, endpoint)| endpoint).collect(), next })
    }

    async fn revoke_endpoint(&self, org: &str, id: &str) -> Result<Option<Endpoint>, StoreError> {
        self.revoke(&storable(org), &storable(id)).await
    }

    async fn active_endpoints(&self, org: &str) -> Result<Vec<Endpoint>, StoreError> {
        let found = self.select(D::DIALECT.active_endpoints(org), endpoint_of).await?;
        Ok(found.into_iter().map(|(_, endpoint)| endpoint).collect())
    }
}

#[async_trait]
impl<D: Database> AuditStore for D {
    async fn note(&self, events: &[AuditEvent]) -> Result<(), StoreError> {
        self.write_events(events).await
    }

    async fn events(&self, kind: Option<&str>, cursor: Option<Cursor>, limit: usize) -> Result<AuditPage, StoreError> {
        let limit = page_limit(limit);
        let found = self.select(D::DIALECT.events(kind, cursor, limit), form::event).await?;
        let (entries, next) = cut(found, limit, |event| event.id);
        Ok(AuditPage { entries, next })
    }
}

impl<D: Database> Store for D {}
