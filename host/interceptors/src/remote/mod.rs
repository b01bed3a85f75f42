//! Policies that run on other interceptor servers.
//!
//! Invariants: a server's answers are untrusted, bounded in size and time, and checked like those of a component; a
//! failing server is one kind of [`weir_core::Fault`], so fail-open, audit and quarantine work as everywhere; a
//! credential goes only to its own server and into no message.
//!
//! Not here: how servers are configured, and what a policy's answer means for traffic.

mod answer;
mod handshake;
mod list;
mod policy;
mod server;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::Uri;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::timeout;
use weir_core::{InterceptorName, QuarantineOptions};
use weir_http::Client;
use weir_http::ClientOptions;
use weir_http::tasks::OwnedTasks;

use server::{ENDING, Server};

pub use policy::{RemotePolicy, RemoteStats};

/// A server and its credential.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteAddress {
    /// Its endpoint, `http` or `https`.
    pub url: Uri,
    /// The bearer token for it.
    pub token: Option<String>,
}

/// Limits for all servers.
#[derive(Debug, Clone, Copy)]
pub struct RemoteOptions {
    /// The longest that any call may take.
    pub call_cap: Duration,
    /// When a failing policy is quarantined.
    pub quarantine: QuarantineOptions,
}

/// The servers that policies run on. All policies of a server share its list while any of them is in use.
pub struct Remotes {
    upstream: Arc<Client>,
    options: RemoteOptions,
    servers: Mutex<Vec<(RemoteAddress, Weak<Server>)>>,
    /// Requests that end sessions.
    endings: OwnedTasks,
}

/// Why a policy of a server cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The server could not list its interceptors.
    #[error("the interceptor server {url} cannot be used: {cause}")]
    Server {
        /// Its URL.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// It has no such policy.
    #[error("the interceptor server {url} has no interceptor {name:?}; {known}")]
    Missing {
        /// Where it is.
        url: String,
        /// What was looked for.
        name: String,
        /// What it has.
        known: String,
    },
    /// Its descriptor cannot be used.
    #[error("interceptor {name:?} of {url}: {cause}")]
    Descriptor {
        /// Where it is.
        url: String,
        /// Which one.
        name: String,
        /// What is wrong.
        cause: String,
    },
}

impl fmt::Debug for RemoteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, token } = self;
        f.debug_struct("RemoteAddress").field("url", url).field("token", &token.as_ref().map(|_| "…")).finish()
    }
}

impl Remotes {
    /// No servers yet. These are the limits for all.
    pub fn new(client: &ClientOptions, options: RemoteOptions) -> Self {
        Self {
            upstream: Arc::new(Client::new(client)),
            options,
            servers: Mutex::default(),
            endings: OwnedTasks::default(),
        }
    }

    /// The policy of that name on that server, with the configuration for each call (JSON text).
    pub async fn policy(
        &self,
        address: &RemoteAddress,
        name: &InterceptorName,
        config: Option<String>,
    ) -> Result<RemotePolicy, RemoteError> {
        let url = || address.url.to_string();
        let server = self.server(address);
        let catalogue =
            server.catalogue().await.map_err(|error| RemoteError::Server { url: url(), cause: error.to_string() })?;
        let declaration = match catalogue.find(name.as_str()) {
            Some(Ok(declaration)) => declaration.clone(),
            Some(Err(error)) => {
                let cause = error.to_string();
                return Err(RemoteError::Descriptor { url: url(), name: name.to_string(), cause });
            }
            None => {
                return Err(RemoteError::Missing { url: url(), name: name.to_string(), known: catalogue.known() });
            }
        };
        Ok(RemotePolicy::new(server, declaration, config, self.options))
    }

    /// Ends the sessions with all servers, with a short timeout. For the end of the process; the session of an unused
    /// server is ended at once.
    pub async fn end(&self) {
        let servers: Vec<Arc<Server>> = self.known().iter().filter_map(|(_, server)| server.upgrade()).collect();
        servers.iter().for_each(|server| server.end());
        // Each has its own timeout; what is late is dropped with the process.
        let _ = timeout(ENDING, self.endings.finished()).await;
    }

    fn known(&self) -> MutexGuard<'_, Vec<(RemoteAddress, Weak<Server>)>> {
        self.servers.lock()
    }

    fn server(&self, address: &RemoteAddress) -> Arc<Server> {
        let mut servers = self.known();
        servers.retain(|(_, server)| server.strong_count() > 0);
        let known = servers.iter().find(|(known, _)| known == address).and_then(|(_, server)| server.upgrade());
        known.unwrap_or_else(|| {
            let server = Arc::new(Server::new(Arc::clone(&self.upstream), address.clone(), self.endings.clone()));
            servers.push((address.clone(), Arc::downgrade(&server)));
            server
        })
    }
}
