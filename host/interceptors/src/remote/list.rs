//! A server's list of interceptors, requested once and cached for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::timeout;
use weir_core::Declaration;
use weir_mcp::interceptors::{self as forms, DescriptorError};

use super::server::{CallError, Server, shorten};

/// Most pages and most entries of a list.
const MAX_PAGES: usize = 64;
const MAX_ENTRIES: usize = 1024;

/// Longest cursor that is accepted.
const MAX_CURSOR: usize = 4096;

/// Timeout for listing a server's interceptors, handshake included. The folder cannot be served before.
const TIME: Duration = Duration::from_secs(10);

/// How long a list is cached. Changes of the folder come in bursts while somebody edits, and each reload asks.
const BELIEVED: Duration = Duration::from_secs(60);

/// How long a failed attempt is cached: all policies of a folder on this server then share one attempt, however long it
/// took.
const GIVEN_UP: Duration = Duration::from_secs(1);

/// The result of listing, and how long it is valid.
pub(super) struct CachedCatalogue {
    answer: Result<Arc<Catalogue>, CallError>,
    until: Instant,
}

/// The interceptors of a server.
pub(crate) struct Catalogue {
    entries: Vec<(String, Result<Declaration, DescriptorError>)>,
}

#[derive(Serialize)]
struct PageParams {
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    interceptors: Vec<&'a RawValue>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Catalogue {
    /// The entry of that name. A duplicate name is an error: it is unclear which one would answer.
    pub(super) fn find(&self, name: &str) -> Option<Result<&Declaration, DescriptorError>> {
        let mut found = self.entries.iter().filter(|(known, _)| known == name);
        let (_, first) = found.next()?;
        Some(match found.next() {
            Some(_) => Err(DescriptorError::Shape("the server lists two of this name".to_owned())),
            None => first.as_ref().map_err(Clone::clone),
        })
    }

    /// The names, for a message.
    pub(super) fn known(&self) -> String {
        const SHOWN: usize = 10;
        let names: Vec<String> = self.entries.iter().take(SHOWN).map(|(name, _)| shorten(name)).collect();
        match self.entries.len() {
            0 => "it has none".to_owned(),
            more if more > SHOWN => format!("it has {} and {} more", names.join(", "), more - SHOWN),
            _ => format!("it has {}", names.join(", ")),
        }
    }
}

impl Server {
    /// The server's interceptors. Concurrent callers share one request.
    pub(super) async fn catalogue(&self) -> Result<Arc<Catalogue>, CallError> {
        let mut cached = self.cached.lock().await;
        if let Some(CachedCatalogue { answer, until }) = &*cached
            && Instant::now() < *until
        {
            return answer.clone();
        }
        let late = CallError::Unreachable("it did not list its interceptors in time".to_owned());
        let asked = timeout(TIME, self.ask()).await.unwrap_or(Err(late));
        let holds = if asked.is_ok() { BELIEVED } else { GIVEN_UP };
        let answer = asked.map(Arc::new);
        *cached = Some(CachedCatalogue { answer: answer.clone(), until: Instant::now() + holds });
        answer
    }

    async fn ask(&self) -> Result<Catalogue, CallError> {
        let before = self.known_link();
        match self.list().await {
            // The server may now support another revision.
            Err(error) if before.is_some() && !matches!(error, CallError::Unreachable(_)) => {
                self.end();
                self.list().await
            }
            listed => listed,
        }
    }

    async fn list(&self) -> Result<Catalogue, CallError> {
        let mut entries = Vec::new();
        let mut asked = PageParams { cursor: None };
        for _ in 0..MAX_PAGES {
            let text = self.call("interceptors/list", &asked).await?;
            let garbage = |error: serde_json::Error| CallError::Garbage(format!("interceptors/list: {error}"));
            let page: Page<'_> = serde_json::from_str(&text).map_err(garbage)?;
            for raw in page.interceptors {
                // Without a name it cannot be used.
                let Ok(Named { name }) = serde_json::from_str(raw.get()) else { continue };
                entries.push((name, forms::descriptor(raw.get())));
            }
            if entries.len() > MAX_ENTRIES {
                return Err(CallError::Garbage(format!("it lists more than {MAX_ENTRIES} interceptors")));
            }
            let Some(cursor) = page.next_cursor else { return Ok(Catalogue { entries }) };
            if cursor.len() > MAX_CURSOR {
                return Err(CallError::Garbage("its cursor is too long".to_owned()));
            }
            asked = PageParams { cursor: Some(cursor) };
        }
        Err(CallError::Garbage(format!("its list has more than {MAX_PAGES} pages")))
    }
}
