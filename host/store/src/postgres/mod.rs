//! Records, registry and audit events in a PostgreSQL database, which several gateways may share.
//!
//! Invariants: a writer holds one advisory lock from reading the end of the chain to its commit, so two writers cannot
//! fork it; every statement has a timeout on the server and on our side; a lost connection is reopened by the next
//! call, and the operation in progress fails.

mod link;

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Config, GenericClient, Transaction};
use weir_record::chain::Head;
use weir_record::trust::Endpoint;
use weir_record::{Record, Row};

use crate::address::StoreAddress;
use crate::options::{Access, StoreOptions};
use crate::port::{Added, Appended, Attempt, AuditEvent, StoreError};
use crate::sql::{
    COLUMNS, Columns, Database, Dialect, ENDPOINT_COLUMNS, Entry, Page, Query, Read, Value, endpoint_of, head_of,
};
use crate::tls;
use link::{DIALECT, Failure, Link, known_schema, locked, migrate, translate};

const CONNECT: Duration = Duration::from_secs(5);

/// A store in a PostgreSQL database.
pub(crate) struct PostgresStore {
    shown: String,
    access: Access,
    writer: Link,
    reader: Link,
}

impl PostgresStore {
    /// Connects, and creates the schema if writing is allowed.
    pub(crate) async fn open(url: &str, access: Access, options: StoreOptions) -> Result<Self, StoreError> {
        let tls = tls::trusting(options.tls_roots.as_deref()).map_err(StoreError::Unavailable)?;
        let address = StoreAddress::Postgres(url.to_owned());
        let mut config: Config =
            url.parse().map_err(|_| StoreError::Unavailable("its URL cannot be read".to_owned()))?;
        config.application_name("weir").connect_timeout(CONNECT);
        let link = |access| Link::new(&config, &tls, access);
        let store = Self { shown: address.to_string(), access, writer: link(access), reader: link(Access::Read) };
        if access == Access::Write {
            store.writer.run(migrate).await?;
        }
        if store.reader.run(async |client| known_schema(client).await).await? == 0 {
            return Err(StoreError::Damaged("the database holds none of Weir's tables".into()));
        }
        Ok(store)
    }

    async fn transact<T>(&self, work: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>) -> Result<T, StoreError> {
        match self.access {
            Access::Write => self.writer.run(work).await,
            Access::Read => Err(StoreError::Refused("it is open for reading only".into())),
        }
    }
}

#[async_trait]
impl Database for PostgresStore {
    const DIALECT: Dialect = DIALECT;

    async fn select<T: Entry>(&self, query: Query, read: Read<T>) -> Result<Vec<T>, StoreError> {
        self.reader.run(async |client| select(client, &query, read).await).await
    }

    async fn write(&self, group: &[Record], attempt: Attempt) -> Result<Appended, StoreError> {
        self.transact(async |client| append(client, group, attempt).await).await
    }

    async fn write_endpoint(&self, new: Endpoint) -> Result<Added, StoreError> {
        self.transact(async |client| add(client, new).await).await
    }

    async fn revoke(&self, org: &str, id: &str) -> Result<Option<Endpoint>, StoreError> {
        self.transact(async |client| revoke(client, org, id).await).await
    }

    async fn write_events(&self, events: &[AuditEvent]) -> Result<(), StoreError> {
        self.transact(async |client| note(client, events).await).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore({})", self.shown)
    }
}

async fn select<T: Entry>(client: &impl GenericClient, query: &Query, read: Read<T>) -> Result<Vec<T>, Failure> {
    let Query { sql, values } = query;
    let values = values.iter().map(|value| -> &(dyn ToSql + Sync) {
        match value {
            Value::Text(text) => text,
            Value::Number(number) => number,
        }
    });
    // Row by row, so that rows beyond the page are never held in memory.
    let mut found = pin!(client.query_raw(sql.as_str(), values).await?);
    let mut page = Page::new();
    while let Some(row) = found.try_next().await? {
        if !page.push(read(&row)?) {
            break;
        }
    }
    Ok(page.into_entries())
}

async fn append(client: &mut Client, group: &[Record], attempt: Attempt) -> Result<Appended, Failure> {
    let transaction = locked(client).await?;
    let end = select(&transaction, &DIALECT.head(), head_of).await?.pop();
    let mut end = end.ok_or_else(|| StoreError::Damaged("its head mark is gone".into()))?;
    let there = match attempt {
        Attempt::First => Vec::new(),
        Attempt::Again => present(&transaction, group).await?,
    };
    let mut rows = Vec::with_capacity(group.len());
    for record in group.iter().filter(|record| !there.iter().any(|call_ref| call_ref == record.call_ref())) {
        let row = end.follow(record.clone());
        end = Head { id: row.id, hash: row.hash.clone() };
        rows.push(row);
    }
    insert(&transaction, &rows).await?;
    transaction.execute("UPDATE record_head SET id = $1, hash = $2", &[&end.id, &end.hash]).await?;
    transaction.commit().await?;
    Ok(Appended { head: end, written: rows.len(), duplicates: group.len() - rows.len() })
}

async fn present(transaction: &Transaction<'_>, group: &[Record]) -> Result<Vec<String>, Failure> {
    let call_refs: Vec<&str> = group.iter().map(Record::call_ref).collect();
    let rows = transaction.query("SELECT call_ref FROM records WHERE call_ref = ANY($1)", &[&call_refs]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Writes all rows in one statement, column by column.
async fn insert(transaction: &Transaction<'_>, rows: &[Row]) -> Result<(), Failure> {
    let sql = format!(
        "INSERT INTO records ({COLUMNS}) SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::text[], \
         $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], \
         $13::text[], $14::text[], $15::text[])"
    );
    let texts = |column: fn(&Row) -> &str| rows.iter().map(column).collect::<Vec<&str>>();
    let some = |column: fn(&Row) -> Option<&str>| rows.iter().map(column).collect::<Vec<Option<&str>>>();
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let indexes: Vec<Option<i64>> = rows.iter().map(|row| row.intercept_index).collect();
    transaction
        .execute(
            &sql,
            &[
                &ids,
                &texts(|row| &row.call_ref),
                &some(|row| row.agent_id.as_deref()),
                &some(|row| row.action_name.as_deref()),
                &indexes,
                &texts(|row| &row.source_url),
                &texts(|row| &row.method),
                &texts(|row| &row.request_payload),
                &texts(|row| &row.raw_response),
                &texts(|row| &row.response_hash),
                &texts(|row| &row.status),
                &texts(|row| &row.decisions),
                &texts(|row| &row.created_at),
                &texts(|row| &row.previous_hash),
                &texts(|row| &row.hash),
            ],
        )
        .await?;
    Ok(())
}

async fn add(client: &mut Client, new: Endpoint) -> Result<Added, Failure> {
    // The lock makes checking and adding atomic, also across gateways.
    let transaction = locked(client).await?;
    let Endpoint { id, org, url, normalized_url, label, tier, created_at, revoked_at: _, created_by } = &new;
    let sql = format!(
        "SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints WHERE org = $1 AND normalized_url = $2 AND revoked_at IS NULL"
    );
    if let Some(active) = transaction.query_opt(&sql, &[org, normalized_url]).await? {
        return Ok(Added::Active(endpoint_of(&active)?.1));
    }
    let sql = "INSERT INTO trust_endpoints (id, org, url, normalized_url, label, tier, created_at, created_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let tier = tier.as_str();
    transaction.execute(sql, &[id, org, url, normalized_url, label, &tier, created_at, created_by]).await?;
    transaction.commit().await?;
    Ok(Added::New(new))
}

async fn revoke(client: &mut Client, org: &str, id: &str) -> Result<Option<Endpoint>, Failure> {
    let transaction = client.transaction().await?;
    let now = crate::now();
    transaction
        .execute(
            "UPDATE trust_endpoints SET revoked_at = $3 WHERE org = $1 AND id = $2 AND revoked_at IS NULL",
            &[&org, &id, &now],
        )
        .await?;
    let sql = format!("SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints WHERE org = $1 AND id = $2");
    let found = transaction.query_opt(&sql, &[&org, &id]).await?;
    transaction.commit().await?;
    Ok(found.map(|row| endpoint_of(&row)).transpose()?.map(|(_, endpoint)| endpoint))
}

async fn note(client: &mut Client, events: &[AuditEvent]) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    let sql = "INSERT INTO audit_events (kind, at, call_ref, detail) VALUES ($1, $2, $3, $4)";
    for AuditEvent { id: _, kind, at, call_ref, detail } in events {
        transaction.execute(sql, &[kind, at, call_ref, detail]).await?;
    }
    transaction.commit().await?;
    Ok(())
}

impl Columns for tokio_postgres::Row {
    fn text(&self, column: usize) -> Result<String, StoreError> {
        value(self, column)
    }

    fn optional_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        value(self, column)
    }

    fn number(&self, column: usize) -> Result<i64, StoreError> {
        value(self, column)
    }

    fn optional_number(&self, column: usize) -> Result<Option<i64>, StoreError> {
        value(self, column)
    }
}

fn value<'r, T: FromSql<'r>>(row: &'r tokio_postgres::Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| translate(&error))
}
