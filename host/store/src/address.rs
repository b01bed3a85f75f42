//! The address of a store.

use std::fmt;
use std::path::{Path, PathBuf};

use tokio_postgres::Config;

/// The address of a store. Displayed without the password.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by URL.
    Postgres(String),
}

impl StoreAddress {
    /// Parses `sqlite:FILE`, relative to a folder, or `postgres://…`.
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
            // The parser's own message may repeat part of the URL, including the password.
            check_url(text).map_err(|()| {
                "it is not a URL of PostgreSQL; give \"postgres://user:password@host:5432/database?sslmode=require\""
                    .to_owned()
            })?;
            return Ok(Self::Postgres(text.to_owned()));
        }
        let scheme: String = text.split(':').next().unwrap_or_default().chars().take(32).collect();
        Err(format!("{scheme:?} is not a kind of store; {FORM}"))
    }
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

/// Scheme, hosts and database. Parameters are left out, since they may hold a password too.
fn without_credentials(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}")
}

/// Whether a text is a valid connection URL. The reason is not returned, since it may repeat a password.
fn check_url(url: &str) -> Result<(), ()> {
    url.parse::<Config>().ok().filter(|config| !config.get_hosts().is_empty()).map(drop).ok_or(())
}
