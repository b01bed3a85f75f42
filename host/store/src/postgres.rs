//! Records, registry and audit events in a database of PostgreSQL, which several gateways may share.
//!
//! Invariants: a writer holds one advisory lock from reading the end of the chain to its commit, so that two cannot
//! fork it; every statement is bounded in time by the server and by us; a lost connection is made anew by the next
//! call, and what was under way on it has failed.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, GenericClient, Transaction};
use weir_core::record::{Record, Row};
use weir_core::trust::{Endpoint, Pattern, Tier};

use crate::chain::{empty_head, sha256};
use crate::open::{Access, StoreOptions};
use crate::port::{
    AddEndpoint, Added, Appended, Attempt, AuditEvent, AuditPage, AuditStore, Counts, Cursor, Filter, Head, RecordPage,
    RecordStore, Store, StoreError, TrustPage, TrustStore,
};
use crate::sql::{COLUMNS, Conditions, ENDPOINT_COLUMNS, EVENT_COLUMNS, Value, cut, page_limit};
use crate::tls::Tls;

/// The schema, one step for each version. A step that was released is never changed.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE records (
        id BIGINT PRIMARY KEY,
        call_ref TEXT NOT NULL UNIQUE,
        agent_id TEXT,
        action_name TEXT,
        intercept_index BIGINT,
        source_url TEXT NOT NULL,
        method TEXT NOT NULL,
        request_payload TEXT NOT NULL,
        raw_response TEXT NOT NULL,
        response_hash TEXT NOT NULL,
        status TEXT NOT NULL,
        decisions TEXT NOT NULL,
        created_at TEXT COLLATE \"C\" NOT NULL,
        previous_hash TEXT NOT NULL,
        hash TEXT NOT NULL
    );
    CREATE INDEX records_by_action ON records (action_name, agent_id, id);
    CREATE INDEX records_by_agent ON records (agent_id, id);
    CREATE INDEX records_by_time ON records (created_at);
    CREATE TABLE record_head (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), id BIGINT NOT NULL, hash TEXT NOT NULL);
    INSERT INTO record_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
    CREATE TABLE trust_endpoints (
        place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        org TEXT NOT NULL,
        url TEXT NOT NULL,
        normalized_url TEXT NOT NULL,
        label TEXT,
        tier TEXT NOT NULL,
        created_at TEXT NOT NULL,
        revoked_at TEXT,
        created_by TEXT
    );
    CREATE UNIQUE INDEX trust_active ON trust_endpoints (org, normalized_url) WHERE revoked_at IS NULL;
    CREATE TABLE audit_events (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind TEXT NOT NULL,
        at TEXT NOT NULL,
        call_ref TEXT,
        detail TEXT NOT NULL
    );
    CREATE INDEX audit_by_kind ON audit_events (kind, id);
"];

/// The lock that a writer holds. Any number that nobody else uses in this database: "weir" in ASCII.
const LOCK: i64 = 0x7765_6972;

/// How long the server may work on one statement, and how long we wait for the whole of an operation.
const STATEMENT_MS: u32 = 10_000;
const OPERATION: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);

/// A store in a database.
pub(crate) struct PostgresStore {
    shown: String,
    access: Access,
    writer: Link,
    reader: Link,
}

/// A connection that is made when it is needed.
struct Link {
    config: Config,
    tls: Tls,
    session: Mutex<Option<Session>>,
}

struct Session {
    client: Client,
    connection: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Whether a text is a URL that can be connected to; why not is not said, since it may repeat a password.
pub(crate) fn check_url(url: &str) -> Result<(), ()> {
    url.parse::<Config>().ok().filter(|config| !config.get_hosts().is_empty()).map(drop).ok_or(())
}

impl PostgresStore {
    /// Connects, and makes the schema where it may be written.
    pub(crate) async fn open(url: &str, access: Access, options: StoreOptions) -> Result<Self, StoreError> {
        let tls = Tls::new(options.tls_roots.as_deref()).map_err(StoreError::Unavailable)?;
        let address = crate::open::StoreAddress::Postgres(url.to_owned());
        let mut config: Config =
            url.parse().map_err(|_| StoreError::Unavailable("its URL cannot be read".to_owned()))?;
        config.application_name("weir").connect_timeout(CONNECT);
        let link = |access| {
            let mut config = config.clone();
            let own = config.get_options().unwrap_or_default().to_owned();
            let read_only = if access == Access::Read { " -c default_transaction_read_only=on" } else { "" };
            let options = format!("{own} -c statement_timeout={STATEMENT_MS}{read_only}");
            config.options(options.trim_start());
            Link { config, tls: tls.clone(), session: Mutex::default() }
        };
        let store = Self { shown: address.to_string(), access, writer: link(access), reader: link(Access::Read) };
        if access == Access::Write {
            let mut session = store.writer.session().await?;
            let done = in_time(migrate(client_of(&mut session)?)).await;
            settle(&mut session, done)?;
        }
        let mut session = store.reader.session().await?;
        let known = in_time(known_schema(client_of(&mut session)?)).await;
        if settle(&mut session, known)? == 0 {
            return Err(StoreError::Damaged("the database holds none of Weir's tables".into()));
        }
        drop(session);
        Ok(store)
    }

    fn may_write(&self) -> Result<(), StoreError> {
        match self.access {
            Access::Write => Ok(()),
            Access::Read => Err(StoreError::Refused("it is open for reading only".into())),
        }
    }

    async fn select<T>(
        &self,
        sql: &str,
        values: &[Value],
        read: impl Fn(&tokio_postgres::Row) -> Result<T, tokio_postgres::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let mut session = self.reader.session().await?;
        let found = in_time(query(client_of(&mut session)?, sql, values)).await;
        let rows = settle(&mut session, found)?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| translate(&error))
    }
}

impl Link {
    /// The connection, made anew where it is lost. Whoever holds it is alone.
    async fn session(&self) -> Result<MutexGuard<'_, Option<Session>>, StoreError> {
        let mut session = self.session.lock().await;
        if session.as_ref().is_none_or(|session| session.client.is_closed()) {
            *session = None;
            // Beyond the limit for one address: a name may have several.
            let made = tokio::time::timeout(OPERATION, self.config.connect(self.tls.clone())).await;
            let (client, connection) = made
                .map_err(|_| StoreError::Unavailable("it does not answer".to_owned()))?
                .map_err(|error| translate(&error))?;
            let connection = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(target: "weir::records", "the connection to PostgreSQL ended: {error}");
                }
            });
            *session = Some(Session { client, connection });
        }
        Ok(session)
    }
}

/// A failure on the way, before it is put into the terms of the port.
enum Failure {
    Sql(tokio_postgres::Error),
    Store(StoreError),
    TooLong,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

fn client_of(session: &mut Option<Session>) -> Result<&mut Client, StoreError> {
    let session = session.as_mut().ok_or_else(|| StoreError::Unavailable("the connection is gone".to_owned()))?;
    Ok(&mut session.client)
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(OPERATION, work).await.unwrap_or(Err(Failure::TooLong))
}

/// Gives up a connection on which something may still be under way.
fn settle<T>(session: &mut Option<Session>, done: Result<T, Failure>) -> Result<T, StoreError> {
    done.map_err(|failure| match failure {
        Failure::Sql(error) => translate(&error),
        Failure::Store(error) => error,
        Failure::TooLong => {
            *session = None;
            StoreError::Unavailable("it does not answer".to_owned())
        }
    })
}

fn translate(error: &tokio_postgres::Error) -> StoreError {
    let Some(told) = error.as_db_error() else {
        let causes: Vec<String> = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
            .map(ToString::to_string)
            .collect();
        return StoreError::Unavailable(causes.join(": "));
    };
    let (code, text) = (told.code(), format!("{} ({})", told.message(), told.code().code()));
    match code.code().get(..2).unwrap_or_default() {
        _ if *code == SqlState::UNIQUE_VIOLATION => StoreError::Conflict(text),
        _ if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED => StoreError::Busy(text),
        "40" => StoreError::Busy(text),
        "53" if *code != SqlState::TOO_MANY_CONNECTIONS => StoreError::Full(text),
        // Connection, authorisation, no such database, shutting down.
        "08" | "28" | "3D" | "53" | "57" => StoreError::Unavailable(text),
        "58" | "XX" => StoreError::Damaged(text),
        // A value that no column takes.
        "22" | "54" => StoreError::Refused(text),
        _ => StoreError::Failed(text),
    }
}

fn parameter(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Text(text) => text,
        Value::Number(number) => number,
    }
}

async fn query(client: &Client, sql: &str, values: &[Value]) -> Result<Vec<tokio_postgres::Row>, Failure> {
    let parameters: Vec<&(dyn ToSql + Sync)> = values.iter().map(parameter).collect();
    Ok(client.query(sql, &parameters).await?)
}

async fn locked(client: &mut Client) -> Result<Transaction<'_>, Failure> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    Ok(transaction)
}

async fn known_schema(client: &impl GenericClient) -> Result<i64, Failure> {
    let there = client.query_one("SELECT to_regclass('weir_schema') IS NOT NULL", &[]).await?;
    let found = if there.get(0) {
        client.query_one("SELECT coalesce(max(version), 0) FROM weir_schema", &[]).await?.get(0)
    } else {
        0
    };
    let known = MIGRATIONS.len() as i64;
    if found > known { Err(Failure::Store(StoreError::Newer { found, known })) } else { Ok(found) }
}

async fn migrate(client: &mut Client) -> Result<(), Failure> {
    let transaction = locked(client).await?;
    let found = known_schema(&transaction).await?;
    if found == 0 {
        transaction.batch_execute("CREATE TABLE IF NOT EXISTS weir_schema (version BIGINT NOT NULL)").await?;
    }
    for (index, step) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.batch_execute(step).await?;
        transaction.execute("INSERT INTO weir_schema VALUES ($1)", &[&(index as i64 + 1)]).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn head(client: &impl GenericClient) -> Result<Option<Head>, Failure> {
    let row = client.query_opt("SELECT id, hash FROM record_head", &[]).await?;
    let head = row.map(|row| Head { id: row.get(0), hash: row.get(1) });
    Ok(head.map(|head| if head.id == 0 { empty_head() } else { head }))
}

async fn present(client: &impl GenericClient, call_refs: &[&str]) -> Result<Vec<String>, Failure> {
    let rows = client.query("SELECT call_ref FROM records WHERE call_ref = ANY($1)", &[&call_refs]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn append(client: &mut Client, group: &[Record], attempt: Attempt) -> Result<Appended, Failure> {
    let transaction = locked(client).await?;
    let gone = || Failure::Store(StoreError::Damaged("its head mark is gone".into()));
    let mut end = head(&transaction).await?.ok_or_else(gone)?;
    let there = match attempt {
        Attempt::First => Vec::new(),
        Attempt::Again => {
            let call_refs: Vec<&str> = group.iter().map(Record::call_ref).collect();
            present(&transaction, &call_refs).await?
        }
    };
    let mut rows = Vec::with_capacity(group.len());
    for record in group.iter().filter(|record| !there.iter().any(|call_ref| call_ref == record.call_ref())) {
        let row = record.clone().into_row(end.id + 1, &end.hash, sha256);
        end = Head { id: row.id, hash: row.hash.clone() };
        rows.push(row);
    }
    insert(&transaction, &rows).await?;
    transaction.execute("UPDATE record_head SET id = $1, hash = $2", &[&end.id, &end.hash]).await?;
    transaction.commit().await?;
    Ok(Appended { head: end, written: rows.len(), duplicates: group.len() - rows.len() })
}

/// All rows in one statement, column by column.
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

fn row(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    Ok(Row {
        id: row.try_get(0)?,
        call_ref: row.try_get(1)?,
        agent_id: row.try_get(2)?,
        action_name: row.try_get(3)?,
        intercept_index: row.try_get(4)?,
        source_url: row.try_get(5)?,
        method: row.try_get(6)?,
        request_payload: row.try_get(7)?,
        raw_response: row.try_get(8)?,
        response_hash: row.try_get(9)?,
        status: row.try_get(10)?,
        decisions: row.try_get(11)?,
        created_at: row.try_get(12)?,
        previous_hash: row.try_get(13)?,
        hash: row.try_get(14)?,
    })
}

fn endpoint_of(row: &tokio_postgres::Row) -> Result<(i64, Endpoint), tokio_postgres::Error> {
    let tier: String = row.try_get(6)?;
    let endpoint = Endpoint {
        id: row.try_get(1)?,
        org: row.try_get(2)?,
        url: row.try_get(3)?,
        normalized_url: row.try_get(4)?,
        label: row.try_get(5)?,
        // An unknown tier gives no more than the weaker trust.
        tier: Tier::parse(&tier).unwrap_or(Tier::Warn),
        created_at: row.try_get(7)?,
        revoked_at: row.try_get(8)?,
        created_by: row.try_get(9)?,
    };
    Ok((row.try_get(0)?, endpoint))
}

fn event_of(row: &tokio_postgres::Row) -> Result<AuditEvent, tokio_postgres::Error> {
    Ok(AuditEvent {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        at: row.try_get(2)?,
        call_ref: row.try_get(3)?,
        detail: row.try_get(4)?,
    })
}

async fn add(client: &mut Client, endpoint: &AddEndpoint, normalized: &str) -> Result<Added, Failure> {
    // The lock makes looking and adding one step, also against other gateways.
    let transaction = locked(client).await?;
    let sql = format!(
        "SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints WHERE org = $1 AND normalized_url = $2 AND revoked_at IS NULL"
    );
    if let Some(active) = transaction.query_opt(&sql, &[&endpoint.org, &normalized]).await? {
        return Ok(Added::Active(endpoint_of(&active)?.1));
    }
    let sql = format!(
        "INSERT INTO trust_endpoints (id, org, url, normalized_url, label, tier, created_at, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {ENDPOINT_COLUMNS}"
    );
    let AddEndpoint { org, url, label, tier, created_by } = endpoint;
    let (id, now, tier) = (uuid::Uuid::now_v7().to_string(), crate::now(), tier.as_str());
    let new = transaction.query_one(&sql, &[&id, org, url, &normalized, label, &tier, &now, created_by]).await?;
    transaction.commit().await?;
    Ok(Added::New(endpoint_of(&new)?.1))
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

async fn counts(client: &impl GenericClient) -> Result<Counts, Failure> {
    let sql = "SELECT (SELECT id FROM record_head), (SELECT count(*) FROM audit_events), \
               (SELECT count(*) FROM trust_endpoints WHERE revoked_at IS NULL)";
    let row = client.query_one(sql, &[]).await?;
    Ok(Counts {
        records: row.try_get::<_, Option<i64>>(0)?.unwrap_or_default(),
        audit_events: row.try_get(1)?,
        active_endpoints: row.try_get(2)?,
    })
}

#[async_trait]
impl RecordStore for PostgresStore {
    async fn append(&self, group: &[Record], attempt: Attempt) -> Result<Appended, StoreError> {
        self.may_write()?;
        let mut session = self.writer.session().await?;
        let done = in_time(append(client_of(&mut session)?, group, attempt)).await;
        settle(&mut session, done)
    }

    async fn list(&self, filter: &Filter, cursor: Option<Cursor>, limit: usize) -> Result<RecordPage, StoreError> {
        let limit = page_limit(limit);
        let conditions = Conditions::records('$', filter, cursor);
        let sql = format!("SELECT {COLUMNS} FROM records{} ORDER BY id DESC LIMIT {}", conditions.clause(), limit + 1);
        let (entries, next) = cut(self.select(&sql, &conditions.values, row).await?, limit, |row| row.id);
        Ok(RecordPage { entries, next })
    }

    async fn record(&self, id: i64) -> Result<Option<Row>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM records WHERE id = $1");
        Ok(self.select(&sql, &[Value::Number(id)], row).await?.pop())
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
        let sql = format!("SELECT {COLUMNS} FROM records WHERE id > $1 ORDER BY id LIMIT {}", page_limit(limit));
        self.select(&sql, &[Value::Number(id)], row).await
    }

    async fn head(&self) -> Result<Option<Head>, StoreError> {
        let mut session = self.reader.session().await?;
        let found = in_time(head(client_of(&mut session)?)).await;
        settle(&mut session, found)
    }

    async fn present(&self, call_refs: &[String]) -> Result<Vec<String>, StoreError> {
        let call_refs: Vec<&str> = call_refs.iter().map(String::as_str).collect();
        let mut session = self.reader.session().await?;
        let found = in_time(present(client_of(&mut session)?, &call_refs)).await;
        settle(&mut session, found)
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let mut session = self.reader.session().await?;
        let found = in_time(counts(client_of(&mut session)?)).await;
        settle(&mut session, found)
    }
}

#[async_trait]
impl TrustStore for PostgresStore {
    async fn add_endpoint(&self, endpoint: &AddEndpoint) -> Result<Added, StoreError> {
        self.may_write()?;
        let pattern = Pattern::parse(&endpoint.url).map_err(|error| StoreError::Refused(error.to_string()))?;
        let mut session = self.writer.session().await?;
        let done = in_time(add(client_of(&mut session)?, endpoint, pattern.as_str())).await;
        settle(&mut session, done)
    }

    async fn endpoints(&self, org: &str, cursor: Option<Cursor>, limit: usize) -> Result<TrustPage, StoreError> {
        let limit = page_limit(limit);
        let conditions = Conditions::new('$')
            .and("org =", Some(Value::Text(org.to_owned())))
            .and("place <", cursor.map(|cursor| Value::Number(cursor.0)));
        let sql = format!(
            "SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints{} ORDER BY place DESC LIMIT {}",
            conditions.clause(),
            limit + 1
        );
        let found = self.select(&sql, &conditions.values, endpoint_of).await?;
        let (entries, next) = cut(found, limit, |(place, _)| *place);
        Ok(TrustPage { entries: entries.into_iter().map(|(_, endpoint)| endpoint).collect(), next })
    }

    async fn revoke_endpoint(&self, org: &str, id: &str) -> Result<Option<Endpoint>, StoreError> {
        self.may_write()?;
        let mut session = self.writer.session().await?;
        let done = in_time(revoke(client_of(&mut session)?, org, id)).await;
        settle(&mut session, done)
    }

    async fn active_endpoints(&self, org: &str) -> Result<Vec<Endpoint>, StoreError> {
        let sql = format!(
            "SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints WHERE org = $1 AND revoked_at IS NULL ORDER BY place DESC"
        );
        let found = self.select(&sql, &[Value::Text(org.to_owned())], endpoint_of).await?;
        Ok(found.into_iter().map(|(_, endpoint)| endpoint).collect())
    }
}

#[async_trait]
impl AuditStore for PostgresStore {
    async fn note(&self, events: &[AuditEvent]) -> Result<(), StoreError> {
        self.may_write()?;
        let mut session = self.writer.session().await?;
        let done = in_time(note(client_of(&mut session)?, events)).await;
        settle(&mut session, done)
    }

    async fn events(&self, kind: Option<&str>, cursor: Option<Cursor>, limit: usize) -> Result<AuditPage, StoreError> {
        let limit = page_limit(limit);
        let conditions = Conditions::new('$')
            .and("kind =", kind.map(|kind| Value::Text(kind.to_owned())))
            .and("id <", cursor.map(|cursor| Value::Number(cursor.0)));
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM audit_events{} ORDER BY id DESC LIMIT {}",
            conditions.clause(),
            limit + 1
        );
        let (entries, next) = cut(self.select(&sql, &conditions.values, event_of).await?, limit, |event| event.id);
        Ok(AuditPage { entries, next })
    }
}

impl Store for PostgresStore {}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore({})", self.shown)
    }
}
