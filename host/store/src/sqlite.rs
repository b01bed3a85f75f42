//! Records, registry and audit events in a file of SQLite.
//!
//! Invariants: two threads, each with a connection of its own, so that a long list does not hold up writing; a commit
//! is on the disk before it is confirmed; the file is readable by its owner only. A file that was moved away or
//! replaced while it is written to is noticed before the next group, not after the last.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use weir_core::record::{Record, Row};
use weir_core::trust::{Endpoint, Pattern, Tier};

use crate::chain::{empty_head, sha256};
use crate::open::{Access, StoreOptions};
use crate::port::{
    AddEndpoint, Added, Appended, Attempt, AuditEvent, AuditPage, AuditStore, Counts, Cursor, Filter, Head, RecordPage,
    RecordStore, Store, StoreError, TrustPage, TrustStore,
};
use crate::sql::{COLUMNS, Conditions, ENDPOINT_COLUMNS, EVENT_COLUMNS, Value, cut, page_limit};
use crate::worker::Worker;

/// The schema, one step for each version. A step that was released is never changed.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        call_ref TEXT NOT NULL UNIQUE,
        agent_id TEXT,
        action_name TEXT,
        intercept_index INTEGER,
        source_url TEXT NOT NULL,
        method TEXT NOT NULL,
        request_payload TEXT NOT NULL,
        raw_response TEXT NOT NULL,
        response_hash TEXT NOT NULL,
        status TEXT NOT NULL,
        decisions TEXT NOT NULL,
        created_at TEXT NOT NULL,
        previous_hash TEXT NOT NULL,
        hash TEXT NOT NULL
    );
    CREATE INDEX records_by_action ON records (action_name, agent_id, id);
    CREATE INDEX records_by_agent ON records (agent_id, id);
    CREATE INDEX records_by_time ON records (created_at);
    CREATE TABLE record_head (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), id INTEGER NOT NULL, hash TEXT NOT NULL);
    INSERT INTO record_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
    CREATE TABLE trust_endpoints (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
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
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        at TEXT NOT NULL,
        call_ref TEXT,
        detail TEXT NOT NULL
    );
    CREATE INDEX audit_by_kind ON audit_events (kind, id);
"];

/// How long a connection waits for a lock before it says so.
const BUSY: Duration = Duration::from_secs(2);

/// A store in one file.
pub(crate) struct SqliteStore {
    path: PathBuf,
    /// Before the writer, so that it is closed first: the last connection clears up beside the file, which one that
    /// only reads cannot.
    reader: Worker<Database>,
    writer: Option<Worker<Database>>,
}

/// A connection that is opened when it is needed, and again after it was given up.
struct Database {
    path: Arc<Path>,
    access: Access,
    max_pages: Option<usize>,
    open: Option<(Connection, Identity)>,
}

/// Which file a path leads to.
type Identity = Option<(u64, u64)>;

impl SqliteStore {
    /// Opens the file, and makes it and its schema where it may be written.
    pub(crate) async fn open(path: &Path, access: Access, options: StoreOptions) -> Result<Self, StoreError> {
        if access == Access::Read && !path.is_file() {
            return Err(StoreError::Unavailable(format!("there is no file {}", path.display())));
        }
        let shared: Arc<Path> = path.into();
        let max_pages = options.max_bytes.map(|bytes| (bytes / PAGE_BYTES).max(1));
        let database = |access| {
            let path = Arc::clone(&shared);
            move || Database { path, access, max_pages, open: None }
        };
        let writer = match access {
            Access::Read => None,
            Access::Write => {
                let writer = Worker::start("weir-records", database(Access::Write))?;
                writer.run(|database| database.with(migrate)).await?;
                Some(writer)
            }
        };
        let reader = Worker::start("weir-lookups", database(Access::Read))?;
        reader.run(|database| database.with(|connection| has_tables(connection))).await?;
        Ok(Self { path: path.to_owned(), reader, writer })
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.reader.run(|database| database.with(work)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let writer = self.writer.as_ref().ok_or_else(|| StoreError::Refused("it is open for reading only".into()))?;
        writer
            .run(|database| {
                database.is_in_place()?;
                database.with(|connection| {
                    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                    let done = work(&transaction)?;
                    transaction.commit()?;
                    Ok(done)
                })
            })
            .await
    }
}

/// What every file has had since SQLite 3.12.
const PAGE_BYTES: usize = 4096;

/// A failure on the way, before it is put into the terms of the port.
enum Failure {
    Sql(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Database {
    fn with<T>(&mut self, work: impl FnOnce(&mut Connection) -> Result<T, Failure>) -> Result<T, StoreError> {
        let done = match &mut self.open {
            Some((connection, _)) => work(connection),
            closed => {
                let made = connect(&self.path, self.access, self.max_pages).map_err(|error| translate(&error))?;
                let identity = identity(&self.path);
                work(&mut closed.insert((made, identity)).0)
            }
        };
        done.map_err(|failure| match failure {
            Failure::Sql(error) => translate(&error),
            Failure::Store(error) => error,
        })
    }

    /// Writing on into a file that nobody finds any more would be a silent loss.
    fn is_in_place(&mut self) -> Result<(), StoreError> {
        let now = identity(&self.path);
        if self.open.as_ref().is_some_and(|(_, identity)| *identity != now) {
            self.open = None;
            let found = if now.is_some() { "replaced" } else { "removed" };
            return Err(StoreError::Unavailable(format!(
                "the file {} was {found} while Weir was writing to it; put it back, or start Weir again to begin a new one",
                self.path.display()
            )));
        }
        if self.open.is_none() {
            if now.is_none() {
                return Err(StoreError::Unavailable(format!("there is no file {}", self.path.display())));
            }
            self.with(|connection| has_tables(connection))?;
        }
        Ok(())
    }
}

fn identity(path: &Path) -> Identity {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    path.is_file().then_some((0, 0))
}

fn connect(path: &Path, access: Access, max_pages: Option<usize>) -> rusqlite::Result<Connection> {
    let common = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = match access {
        Access::Read => Connection::open_with_flags(path, common | OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        Access::Write => {
            private(path);
            let flags = common | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
            Connection::open_with_flags(path, flags)?
        }
    };
    connection.busy_timeout(BUSY)?;
    if access == Access::Write {
        connection.pragma_update(None, "journal_mode", "wal")?;
        // A group is confirmed when it is on the disk, not when the system has promised to write it.
        connection.pragma_update(None, "synchronous", "full")?;
        if let Some(pages) = max_pages {
            connection.pragma_update(None, "max_page_count", pages as i64)?;
        }
    }
    Ok(connection)
}

/// Makes the file before SQLite does: bodies of calls are nobody else's business. Whether it can be made is found out
/// by opening it.
fn private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

fn known_schema(connection: &Connection) -> Result<i64, Failure> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::Newer { found, known }.into());
    }
    Ok(found)
}

fn has_tables(connection: &Connection) -> Result<(), Failure> {
    match known_schema(connection)? {
        0 => Err(StoreError::Damaged("it is a database, and holds none of Weir's tables".into()).into()),
        _ => Ok(()),
    }
}

fn migrate(connection: &mut Connection) -> Result<(), Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = known_schema(&transaction)?;
    for (index, step) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
    }
    transaction.commit()?;
    Ok(())
}

fn translate(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(text),
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(
            ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::PermissionDenied,
        ) => StoreError::Unavailable(text),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Damaged(text),
        Some(ErrorCode::ConstraintViolation) => StoreError::Conflict(text),
        Some(ErrorCode::TooBig) => StoreError::Refused(text),
        _ => StoreError::Failed(text),
    }
}

#[async_trait]
impl RecordStore for SqliteStore {
    async fn append(&self, group: &[Record], attempt: Attempt) -> Result<Appended, StoreError> {
        let group = group.to_vec();
        self.write(move |transaction| {
            let mut head = head(transaction)?.ok_or_else(|| StoreError::Damaged("its head mark is gone".into()))?;
            let (mut written, mut duplicates) = (0, 0);
            for record in group {
                if attempt == Attempt::Again && is_present(transaction, record.call_ref())? {
                    duplicates += 1;
                    continue;
                }
                let row = record.into_row(head.id + 1, &head.hash, sha256);
                insert(transaction, &row)?;
                head = Head { id: row.id, hash: row.hash };
                written += 1;
            }
            transaction.execute("UPDATE record_head SET id = ?1, hash = ?2", params![head.id, head.hash])?;
            Ok(Appended { head, written, duplicates })
        })
        .await
    }

    async fn list(&self, filter: &Filter, cursor: Option<Cursor>, limit: usize) -> Result<RecordPage, StoreError> {
        let limit = page_limit(limit);
        let conditions = Conditions::records('?', filter, cursor);
        let sql = format!("SELECT {COLUMNS} FROM records{} ORDER BY id DESC LIMIT {}", conditions.clause(), limit + 1);
        let rows = self.read(move |connection| rows(connection, &sql, conditions.values, row)).await?;
        let (entries, next) = cut(rows, limit, |row| row.id);
        Ok(RecordPage { entries, next })
    }

    async fn record(&self, id: i64) -> Result<Option<Row>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM records WHERE id = ?1");
        Ok(self.read(move |connection| rows(connection, &sql, vec![Value::Number(id)], row)).await?.pop())
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
        let limit = page_limit(limit);
        let sql = format!("SELECT {COLUMNS} FROM records WHERE id > ?1 ORDER BY id LIMIT {limit}");
        self.read(move |connection| rows(connection, &sql, vec![Value::Number(id)], row)).await
    }

    async fn head(&self) -> Result<Option<Head>, StoreError> {
        self.read(|connection| head(connection)).await
    }

    async fn present(&self, call_refs: &[String]) -> Result<Vec<String>, StoreError> {
        let call_refs = call_refs.to_vec();
        self.read(move |connection| {
            let mut found = Vec::new();
            for call_ref in call_refs {
                if is_present(connection, &call_ref)? {
                    found.push(call_ref);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|connection| {
            let one = |sql| connection.query_row(sql, [], |row| row.get(0));
            Ok(Counts {
                // Counting every row would read the whole file.
                records: head(connection)?.map_or(0, |head| head.id),
                audit_events: one("SELECT count(*) FROM audit_events")?,
                active_endpoints: one("SELECT count(*) FROM trust_endpoints WHERE revoked_at IS NULL")?,
            })
        })
        .await
    }
}

#[async_trait]
impl TrustStore for SqliteStore {
    async fn add_endpoint(&self, endpoint: &AddEndpoint) -> Result<Added, StoreError> {
        let AddEndpoint { org, url, label, tier, created_by } = endpoint.clone();
        let pattern = Pattern::parse(&url).map_err(|error| StoreError::Refused(error.to_string()))?;
        let normalized = pattern.as_str().to_owned();
        self.write(move |transaction| {
            let sql = format!(
                "SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints \
                 WHERE org = ?1 AND normalized_url = ?2 AND revoked_at IS NULL"
            );
            let active = transaction.query_row(&sql, [&org, &normalized], endpoint_of).optional()?;
            if let Some((_, active)) = active {
                return Ok(Added::Active(active));
            }
            let new = Endpoint {
                id: uuid::Uuid::now_v7().to_string(),
                org,
                url,
                normalized_url: normalized,
                label,
                tier,
                created_at: crate::now(),
                revoked_at: None,
                created_by,
            };
            transaction.execute(
                "INSERT INTO trust_endpoints (id, org, url, normalized_url, label, tier, created_at, created_by) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    new.id,
                    new.org,
                    new.url,
                    new.normalized_url,
                    new.label,
                    new.tier.as_str(),
                    new.created_at,
                    new.created_by
                ],
            )?;
            Ok(Added::New(new))
        })
        .await
    }

    async fn endpoints(&self, org: &str, cursor: Option<Cursor>, limit: usize) -> Result<TrustPage, StoreError> {
        let limit = page_limit(limit);
        let conditions = Conditions::new('?')
            .and("org =", Some(Value::Text(org.to_owned())))
            .and("place <", cursor.map(|cursor| Value::Number(cursor.0)));
        let sql = format!(
            "SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints{} ORDER BY place DESC LIMIT {}",
            conditions.clause(),
            limit + 1
        );
        let found = self.read(move |connection| rows(connection, &sql, conditions.values, endpoint_of)).await?;
        let (entries, next) = cut(found, limit, |(place, _)| *place);
        Ok(TrustPage { entries: entries.into_iter().map(|(_, endpoint)| endpoint).collect(), next })
    }

    async fn revoke_endpoint(&self, org: &str, id: &str) -> Result<Option<Endpoint>, StoreError> {
        let (org, id, now) = (org.to_owned(), id.to_owned(), crate::now());
        self.write(move |transaction| {
            transaction.execute(
                "UPDATE trust_endpoints SET revoked_at = ?3 WHERE org = ?1 AND id = ?2 AND revoked_at IS NULL",
                params![org, id, now],
            )?;
            let sql = format!("SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints WHERE org = ?1 AND id = ?2");
            let found = transaction.query_row(&sql, [&org, &id], endpoint_of).optional()?;
            Ok(found.map(|(_, endpoint)| endpoint))
        })
        .await
    }

    async fn active_endpoints(&self, org: &str) -> Result<Vec<Endpoint>, StoreError> {
        let values = vec![Value::Text(org.to_owned())];
        let sql = format!(
            "SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints WHERE org = ?1 AND revoked_at IS NULL ORDER BY place DESC"
        );
        let found = self.read(move |connection| rows(connection, &sql, values, endpoint_of)).await?;
        Ok(found.into_iter().map(|(_, endpoint)| endpoint).collect())
    }
}

#[async_trait]
impl AuditStore for SqliteStore {
    async fn note(&self, events: &[AuditEvent]) -> Result<(), StoreError> {
        let events = events.to_vec();
        self.write(move |transaction| {
            let sql = "INSERT INTO audit_events (kind, at, call_ref, detail) VALUES (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(sql)?;
            for AuditEvent { id: _, kind, at, call_ref, detail } in events {
                insert.execute(params![kind, at, call_ref, detail])?;
            }
            Ok(())
        })
        .await
    }

    async fn events(&self, kind: Option<&str>, cursor: Option<Cursor>, limit: usize) -> Result<AuditPage, StoreError> {
        let limit = page_limit(limit);
        let conditions = Conditions::new('?')
            .and("kind =", kind.map(|kind| Value::Text(kind.to_owned())))
            .and("id <", cursor.map(|cursor| Value::Number(cursor.0)));
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM audit_events{} ORDER BY id DESC LIMIT {}",
            conditions.clause(),
            limit + 1
        );
        let event = |row: &rusqlite::Row<'_>| {
            Ok(AuditEvent {
                id: row.get(0)?,
                kind: row.get(1)?,
                at: row.get(2)?,
                call_ref: row.get(3)?,
                detail: row.get(4)?,
            })
        };
        let found = self.read(move |connection| rows(connection, &sql, conditions.values, event)).await?;
        let (entries, next) = cut(found, limit, |event| event.id);
        Ok(AuditPage { entries, next })
    }
}

impl Store for SqliteStore {}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStore({})", self.path.display())
    }
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    values: Vec<Value>,
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Failure> {
    let values = values.into_iter().map(|value| match value {
        Value::Text(text) => Sql::Text(text),
        Value::Number(number) => Sql::Integer(number),
    });
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(rusqlite::params_from_iter(values), read)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn head(connection: &Connection) -> Result<Option<Head>, Failure> {
    let mut statement = connection.prepare_cached("SELECT id, hash FROM record_head")?;
    let head = statement.query_row([], |row| Ok(Head { id: row.get(0)?, hash: row.get(1)? })).optional()?;
    // A mark of nothing is that of an empty chain, whatever hash stands beside it.
    Ok(head.map(|head| if head.id == 0 { empty_head() } else { head }))
}

fn is_present(connection: &Connection, call_ref: &str) -> Result<bool, Failure> {
    Ok(connection.prepare_cached("SELECT 1 FROM records WHERE call_ref = ?1")?.exists([call_ref])?)
}

fn insert(transaction: &Transaction<'_>, row: &Row) -> Result<(), Failure> {
    let sql = format!(
        "INSERT INTO records ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    );
    transaction.prepare_cached(&sql)?.execute(params![
        row.id,
        row.call_ref,
        row.agent_id,
        row.action_name,
        row.intercept_index,
        row.source_url,
        row.method,
        row.request_payload,
        row.raw_response,
        row.response_hash,
        row.status,
        row.decisions,
        row.created_at,
        row.previous_hash,
        row.hash,
    ])?;
    Ok(())
}

/// Reads a row whatever stands in it: the columns of a file do not keep to their types, and one that was tampered
/// with must be shown to `verify`, not hidden behind an error.
fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let some = |index: usize| -> rusqlite::Result<Option<String>> {
        Ok(match row.get_ref(index)? {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        })
    };
    let text = |index| some(index).map(Option::unwrap_or_default);
    Ok(Row {
        id: row.get(0)?,
        call_ref: text(1)?,
        agent_id: some(2)?,
        action_name: some(3)?,
        intercept_index: some(4)?.and_then(|number| number.parse().ok()),
        source_url: text(5)?,
        method: text(6)?,
        request_payload: text(7)?,
        raw_response: text(8)?,
        response_hash: text(9)?,
        status: text(10)?,
        decisions: text(11)?,
        created_at: text(12)?,
        previous_hash: text(13)?,
        hash: text(14)?,
    })
}

fn endpoint_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, Endpoint)> {
    let tier: String = row.get(6)?;
    let endpoint = Endpoint {
        id: row.get(1)?,
        org: row.get(2)?,
        url: row.get(3)?,
        normalized_url: row.get(4)?,
        label: row.get(5)?,
        // An unknown tier gives no more than the weaker trust.
        tier: Tier::parse(&tier).unwrap_or(Tier::Warn),
        created_at: row.get(7)?,
        revoked_at: row.get(8)?,
        created_by: row.get(9)?,
    };
    Ok((row.get(0)?, endpoint))
}
