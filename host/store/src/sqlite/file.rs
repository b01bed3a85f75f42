//! A connection to a SQLite file: opening it, its schema, and the check that the file is still in place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::options::Access;
use crate::port::StoreError;
use crate::sql::{Dialect, KNOWN_SCHEMA};

/// The SQL dialect of this database.
pub(super) const DIALECT: Dialect =
    Dialect { mark: '?', number: "INTEGER", place: "INTEGER PRIMARY KEY AUTOINCREMENT", time: "TEXT" };

/// How long a connection waits for a lock before it fails.
const BUSY: Duration = Duration::from_secs(2);

/// A connection that is opened on demand and reopened after it was dropped.
pub(super) struct File {
    path: Arc<Path>,
    access: Access,
    max_pages: Option<usize>,
    open: Option<(Connection, Identity)>,
}

/// The identity of the file at a path.
type Identity = Option<(u64, u64)>;

/// An error before it is mapped to the port's errors.
pub(super) enum Failure {
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

impl File {
    /// A file that is not open yet.
    pub(super) const fn new(path: Arc<Path>, access: Access, max_pages: Option<usize>) -> Self {
        Self { path, access, max_pages, open: None }
    }

    pub(super) fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
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

    /// Writing to a file that is no longer at its path would silently lose records.
    pub(super) fn is_in_place(&mut self) -> Result<(), StoreError> {
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
        Access::Read => to_read(path, common | OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        Access::Write => {
            private(path);
            let flags = common | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
            Connection::open_with_flags(path, flags)?
        }
    };
    connection.busy_timeout(BUSY)?;
    if access == Access::Write {
        connection.pragma_update(None, "journal_mode", "wal")?;
        // A group is confirmed only when it is on disk (fsync).
        connection.pragma_update(None, "synchronous", "full")?;
        if let Some(pages) = max_pages {
            connection.pragma_update(None, "max_page_count", pages as i64)?;
        }
    }
    Ok(connection)
}

/// SQLite wants to create files next to the one it reads. If it cannot, for example on a read-only medium, the file is
/// opened as immutable; but not if there is a write-ahead log next to it, whose rows would be missed.
fn to_read(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // Checked before SQLite opens it, which may create an empty one.
    let has_log = beside(path, "-wal").exists();
    let connection = Connection::open_with_flags(path, flags)?;
    match connection.query_row("PRAGMA schema_version", [], |_| Ok(())) {
        Err(error) if !has_log && is_refused(&error) => {
            Connection::open_with_flags(unchanging(path), flags | OpenFlags::SQLITE_OPEN_URI)
        }
        // Any other error shows up at the next query.
        _ => Ok(connection),
    }
}

fn is_refused(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The URI of an immutable file.
fn unchanging(path: &Path) -> String {
    let escaped: String = path
        .to_string_lossy()
        .chars()
        .map(|c| if matches!(c, '%' | '?' | '#') { format!("%{:02X}", u32::from(c)) } else { c.to_string() })
        .collect();
    format!("file:{escaped}?immutable=1")
}

/// Creates the file before SQLite does, readable only by its owner, since it holds bodies of calls. Errors are left to
/// the open that follows.
fn private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

fn known_schema(connection: &Connection) -> Result<i64, Failure> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > KNOWN_SCHEMA {
        return Err(StoreError::Newer { found, known: KNOWN_SCHEMA }.into());
    }
    Ok(found)
}

pub(super) fn has_tables(connection: &Connection) -> Result<(), Failure> {
    match known_schema(connection)? {
        0 => Err(StoreError::Damaged("it is a database, and holds none of Weir's tables".into()).into()),
        _ => Ok(()),
    }
}

pub(super) fn migrate(connection: &mut Connection) -> Result<(), Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = known_schema(&transaction)?;
    for (version, step) in DIALECT.steps_from(found) {
        transaction.execute_batch(&step)?;
        transaction.pragma_update(None, "user_version", version)?;
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
