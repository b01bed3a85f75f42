//! Records, registry and audit events in a SQLite file.
//!
//! Invariants: two threads, each with its own connection, so that a long list does not block writing; a commit is on
//! disk before it is confirmed; only the owner can read the file. If the file is moved away or replaced, this is
//! noticed before the next group is written.

mod file;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use weir_record::chain::Head;
use weir_record::trust::Endpoint;
use weir_record::{Record, Row};

use crate::options::{Access, StoreOptions};
use crate::port::{Added, Appended, Attempt, AuditEvent, StoreError};
use crate::sql::{
    COLUMNS, Columns, Database, Dialect, ENDPOINT_COLUMNS, Entry, Page, Query, Read, Value, endpoint_of, head_of,
};
use crate::worker::Worker;
use file::{DIALECT, Failure, File, has_tables, migrate};

/// Supported by every file since SQLite 3.12.
const PAGE_BYTES: usize = 4096;

/// A store in a SQLite file.
pub(crate) struct SqliteStore {
    path: PathBuf,
    /// Declared before the writer, so that it closes first: the last connection cleans up SQLite's extra files, which a
    /// read-only one cannot.
    reader: Worker<File>,
    writer: Option<Worker<File>>,
}

impl SqliteStore {
    /// Opens the file, and creates it and its schema if writing is allowed.
    pub(crate) async fn open(path: &Path, access: Access, options: StoreOptions) -> Result<Self, StoreError> {
        if access == Access::Read && !path.is_file() {
            return Err(StoreError::Unavailable(format!("there is no file {}", path.display())));
        }
        let shared: Arc<Path> = path.into();
        let max_pages = options.max_bytes.map(|bytes| (bytes / PAGE_BYTES).max(1));
        let file = |access| {
            let path = Arc::clone(&shared);
            move || File::new(path, access, max_pages)
        };
        let writer = match access {
            Access::Read => None,
            Access::Write => {
                let writer = Worker::start("weir-records", file(Access::Write))?;
                writer.run(|file| file.with(migrate)).await?;
                Some(writer)
            }
        };
        let reader = Worker::start("weir-lookups", file(Access::Read))?;
        reader.run(|file| file.with(|connection| has_tables(connection))).await?;
        Ok(Self { path: path.to_owned(), reader, writer })
    }

    async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let writer = self.writer.as_ref().ok_or_else(|| StoreError::Refused("it is open for reading only".into()))?;
        writer
            .run(|file| {
                file.is_in_place()?;
                file.with(|connection| {
                    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                    let done = work(&transaction)?;
                    transaction.commit()?;
                    Ok(done)
                })
            })
            .await
    }
}

#[async_trait]
impl Database for SqliteStore {
    const DIALECT: Dialect = DIALECT;

    async fn select<T: Entry>(&self, query: Query, read: Read<T>) -> Result<Vec<T>, StoreError> {
        self.reader.run(move |file| file.with(|connection| select(connection, query, read))).await
    }

    async fn write(&self, group: &[Record], attempt: Attempt) -> Result<Appended, StoreError> {
        let group = group.to_vec();
        self.transact(move |transaction| {
            let mut head = head(transaction)?.ok_or_else(|| StoreError::Damaged("its head mark is gone".into()))?;
            let (mut written, mut duplicates) = (0, 0);
            for record in group {
                if attempt == Attempt::Again && is_present(transaction, record.call_ref())? {
                    duplicates += 1;
                    continue;
                }
                let row = head.follow(record);
                insert(transaction, &row)?;
                head = Head { id: row.id, hash: row.hash };
                written += 1;
            }
            transaction.execute("UPDATE record_head SET id = ?1, hash = ?2", params![head.id, head.hash])?;
            Ok(Appended { head, written, duplicates })
        })
        .await
    }

    async fn write_endpoint(&self, new: Endpoint) -> Result<Added, StoreError> {
        self.transact(move |transaction| {
            let sql = format!(
                "SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints \
                 WHERE org = ?1 AND normalized_url = ?2 AND revoked_at IS NULL"
            );
            if let Some(active) = endpoint(transaction, &sql, &[&new.org, &new.normalized_url])? {
                return Ok(Added::Active(active));
            }
            let Endpoint { id, org, url, normalized_url, label, tier, created_at, revoked_at: _, created_by } = &new;
            transaction.execute(
                "INSERT INTO trust_endpoints (id, org, url, normalized_url, label, tier, created_at, created_by) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![id, org, url, normalized_url, label, tier.as_str(), created_at, created_by],
            )?;
            Ok(Added::New(new))
        })
        .await
    }

    async fn revoke(&self, org: &str, id: &str) -> Result<Option<Endpoint>, StoreError> {
        let (org, id, now) = (org.to_owned(), id.to_owned(), crate::now());
        self.transact(move |transaction| {
            transaction.execute(
                "UPDATE trust_endpoints SET revoked_at = ?3 WHERE org = ?1 AND id = ?2 AND revoked_at IS NULL",
                params![org, id, now],
            )?;
            let sql = format!("SELECT {ENDPOINT_COLUMNS} FROM trust_endpoints WHERE org = ?1 AND id = ?2");
            endpoint(transaction, &sql, &[&org, &id])
        })
        .await
    }

    async fn write_events(&self, events: &[AuditEvent]) -> Result<(), StoreError> {
        let events = events.to_vec();
        self.transact(move |transaction| {
            let sql = "INSERT INTO audit_events (kind, at, call_ref, detail) VALUES (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(sql)?;
            for AuditEvent { id: _, kind, at, call_ref, detail } in events {
                insert.execute(params![kind, at, call_ref, detail])?;
            }
            Ok(())
        })
        .await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStore({})", self.path.display())
    }
}

fn select<T: Entry>(connection: &Connection, query: Query, read: Read<T>) -> Result<Vec<T>, Failure> {
    let Query { sql, values } = query;
    let values = values.into_iter().map(|value| match value {
        Value::Text(text) => Sql::Text(text),
        Value::Number(number) => Sql::Integer(number),
    });
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(rusqlite::params_from_iter(values))?;
    let mut page = Page::new();
    while let Some(row) = found.next()? {
        if !page.push(read(row)?) {
            break;
        }
    }
    Ok(page.into_entries())
}

fn head(connection: &Connection) -> Result<Option<Head>, Failure> {
    Ok(select(connection, DIALECT.head(), head_of)?.pop())
}

fn endpoint(transaction: &Transaction<'_>, sql: &str, values: &[&String; 2]) -> Result<Option<Endpoint>, Failure> {
    let found = transaction.query_row(sql, values, |row| Ok(endpoint_of(row))).optional()?;
    Ok(found.transpose()?.map(|(_, endpoint)| endpoint))
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

/// SQLite columns do not enforce their types.
impl Columns for rusqlite::Row<'_> {
    fn text(&self, column: usize) -> Result<String, StoreError> {
        self.optional_text(column).map(Option::unwrap_or_default)
    }

    fn optional_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(match value(self, column)? {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        })
    }

    fn number(&self, column: usize) -> Result<i64, StoreError> {
        let number = self.optional_number(column)?;
        number.ok_or_else(|| StoreError::Damaged(format!("column {column} of an answer holds no number")))
    }

    fn optional_number(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(match value(self, column)? {
            ValueRef::Integer(number) => Some(number),
            _ => None,
        })
    }

    fn keep_to_their_types(&self, numbers: &[usize]) -> bool {
        (0..self.as_ref().column_count()).all(|column| match self.get_ref(column) {
            Ok(ValueRef::Null) => true,
            Ok(ValueRef::Integer(_)) => numbers.contains(&column),
            Ok(ValueRef::Text(bytes)) => !numbers.contains(&column) && std::str::from_utf8(bytes).is_ok(),
            Ok(ValueRef::Real(_) | ValueRef::Blob(_)) | Err(_) => false,
        })
    }
}

fn value<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<ValueRef<'r>, StoreError> {
    row.get_ref(column).map_err(|error| StoreError::Failed(error.to_string()))
}
