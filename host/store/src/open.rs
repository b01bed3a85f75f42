//! Where a store is, and how it is opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::port::{Store, StoreError};
use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;

/// Where a store is. Shown without the password.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A database of PostgreSQL, by its URL.
    Postgres(String),
}

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looking only: nothing is made or changed.
    Read,
    /// Writing as well; what is missing is made.
    Write,
}

/// How a store is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreOptions {
    /// Most bytes of a SQLite file. Beyond them the store is full.
    pub max_bytes: Option<usize>,
    /// A file with the certificates of the authorities that vouch for a PostgreSQL server, in PEM. Without it, those
    /// of the public web.
    pub tls_roots: Option<PathBuf>,
}

impl StoreAddress {
    /// Reads `sqlite:FILE`, relative to a folder, or `postgres://…`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        const FORM: &str = "give \"sqlite:weir.db\" or \"postgres://user@host/database\"";
        if let Some(file) = text.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            if file.is_empty() || file.contains(['?', '\0']) || file.ends_with('/') {
                return Err(format!("{text:?} names no file; {FORM}"));
            }
            return Ok(Self::Sqlite(folder.join(file)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // The parser's own message may repeat a part of the URL, which may be the password.
            crate::postgres::check_url(text).map_err(|()| {
                "it is not a URL of PostgreSQL; give \"postgres://user:password@host:5432/database?sslmode=require\""
                    .to_owned()
            })?;
            return Ok(Self::Postgres(text.to_owned()));
        }
        let scheme: String = text.split(':').next().unwrap_or_default().chars().take(32).collect();
        Err(format!("{scheme:?} is not a kind of store; {FORM}"))
    }
}

/// Opens a store.
pub async fn open(address: &StoreAddress, access: Access, options: StoreOptions) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match address {
        StoreAddress::Sqlite(path) => Arc::new(SqliteStore::open(path, access, options).await?),
        StoreAddress::Postgres(url) => Arc::new(PostgresStore::open(url, access, options).await?),
    })
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_credentials(url)),
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Scheme, hosts and database: parameters may hold a password, too.
fn without_credentials(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}")
}
