//! A database connection: opened on demand and dropped if its state is unknown; also the schema, and the mapping of
//! errors.

use std::future::Future;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, GenericClient, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::options::Access;
use crate::port::StoreError;
use crate::sql::{Dialect, KNOWN_SCHEMA};

/// The advisory lock held by a writer: a number unlikely to be used by others, "weir" in ASCII.
const LOCK: i64 = 0x7765_6972;

/// The SQL dialect of this database.
pub(super) const DIALECT: Dialect = Dialect {
    mark: '$',
    number: "BIGINT",
    place: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    time: "TEXT COLLATE \"C\"",
};

/// Timeout for one statement on the server, and for a whole operation on our side.
const STATEMENT_MS: u32 = 10_000;
const OPERATION: Duration = Duration::from_secs(15);

/// A connection that is opened on demand.
pub(super) struct Link {
    config: Config,
    tls: MakeRustlsConnect,
    session: Mutex<Option<Session>>,
}

/// A connection and the task that drives it.
pub(super) struct Session {
    client: Client,
    connection: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// An error before it is mapped to the port's errors.
pub(super) enum Failure {
    Sql(tokio_postgres::Error),
    Store(StoreError),
    TooLong,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Link {
    /// A connection that is not open yet.
    pub(super) fn new(config: &Config, tls: &MakeRustlsConnect, access: Access) -> Self {
        let mut config = config.clone();
        let own = config.get_options().unwrap_or_default().to_owned();
        let read_only = if access == Access::Read { " -c default_transaction_read_only=on" } else { "" };
        let options = format!("{own} -c statement_timeout={STATEMENT_MS}{read_only}");
        config.options(options.trim_start());
        Self { config, tls: tls.clone(), session: Mutex::default() }
    }

    /// Runs an operation with exclusive use of the connection. If it may still be running afterwards, the connection is
    /// dropped.
    pub(super) async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let mut session = self.session().await?;
        let Some(open) = session.as_mut() else {
            return Err(StoreError::Unavailable("the connection is gone".to_owned()));
        };
        let done = in_time(work(&mut open.client)).await;
        done.map_err(|failure| match failure {
            Failure::Sql(error) => translate(&error),
            Failure::Store(error) => error,
            Failure::TooLong => {
                *session = None;
                StoreError::Unavailable("it does not answer".to_owned())
            }
        })
    }

    /// The connection, reopened if it was lost. The caller has exclusive use.
    async fn session(&self) -> Result<MutexGuard<'_, Option<Session>>, StoreError> {
        let mut session = self.session.lock().await;
        if session.as_ref().is_none_or(|session| session.client.is_closed()) {
            *session = None;
            // Longer than the timeout for one address: a name may have several.
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

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(OPERATION, work).await.unwrap_or(Err(Failure::TooLong))
}

/// Begins a transaction that holds the writers' lock until it ends.
pub(super) async fn locked(client: &mut Client) -> Result<Transaction<'_>, Failure> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    Ok(transaction)
}

/// The version of the schema; 0 if there is none.
pub(super) async fn known_schema(client: &impl GenericClient) -> Result<i64, Failure> {
    let there = client.query_one("SELECT to_regclass('weir_schema') IS NOT NULL", &[]).await?;
    let found = if there.get(0) {
        client.query_one("SELECT coalesce(max(version), 0) FROM weir_schema", &[]).await?.get(0)
    } else {
        0
    };
    if found > KNOWN_SCHEMA { Err(StoreError::Newer { found, known: KNOWN_SCHEMA }.into()) } else { Ok(found) }
}

/// Creates the missing parts of the schema.
pub(super) async fn migrate(client: &mut Client) -> Result<(), Failure> {
    let transaction = locked(client).await?;
    // Another encoding would reject some rows, and a rejected row is lost.
    let encoding: String = transaction.query_one("SHOW server_encoding", &[]).await?.get(0);
    if encoding != "UTF8" {
        let reason = format!("the database has the encoding {encoding}; make one with ENCODING 'UTF8'");
        return Err(StoreError::Damaged(reason).into());
    }
    let found = known_schema(&transaction).await?;
    if found == 0 {
        transaction.batch_execute("CREATE TABLE IF NOT EXISTS weir_schema (version BIGINT NOT NULL)").await?;
    }
    for (version, step) in DIALECT.steps_from(found) {
        transaction.batch_execute(&step).await?;
        transaction.execute("INSERT INTO weir_schema VALUES ($1)", &[&version]).await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) fn translate(error: &tokio_postgres::Error) -> StoreError {
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
        // A value that a column does not accept.
        "22" | "54" => StoreError::Refused(text),
        _ => StoreError::Failed(text),
    }
}
