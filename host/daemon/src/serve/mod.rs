//! Serves a folder: the composition root, and the process lifecycle from the first listener to the drain.
//!
//! Invariants: nothing binds before everything is valid; every task belongs to this function and ends before it
//! returns; listeners and shared resources are created once per process, everything else is replaced when the folder
//! changes.

mod demo;
mod ended;
mod open_files;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use weir_demo::DemoServers;
use weir_engine::EngineError;
use weir_gateway::surface::mcp::Mcp;
use weir_gateway::{Drained, Gateway};

use crate::config::{Folder, Problem, Upstreams};
use crate::load::{self, LoadedSet};
use crate::records::{self, KeepError, Keeping, Measured};
use crate::reload::{self, Fingerprint};
use crate::running::{Running, running_set};
use crate::signals::Signals;
use crate::telemetry::{GatewayTelemetry, Metrics};
use ended::ended;

/// The command line options.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The folder.
    pub folder: PathBuf,
    /// Overrides the configured address.
    pub listen: Option<SocketAddr>,
    /// Overrides the configured address.
    pub admin_listen: Option<SocketAddr>,
    /// Whether to run the demo servers.
    pub demo: Upstreams,
}

/// Why serving could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The folder is invalid.
    #[error("{} cannot be served", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// All of its problems.
        problems: Vec<Problem>,
    },
    /// An address cannot be bound.
    #[error("cannot listen on {address} ({what}): {error}{remedy}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Which listener.
        what: &'static str,
        /// The cause.
        error: std::io::Error,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The admin listener would be reachable by others without a token.
    #[error("--admin-listen {0} can be reached by others, so it needs a token; give one in [admin] of weir.toml")]
    Token(SocketAddr),
    /// The sandboxes cannot be created.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The record store cannot be opened.
    #[error(transparent)]
    Records(#[from] KeepError),
    /// Signal handlers cannot be installed.
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
}

/// Facts about the ready gateway.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// The gateway's address.
    pub gateway: SocketAddr,
    /// The admin address.
    pub admin: SocketAddr,
    /// How many policies are loaded.
    pub policies: usize,
}

/// Serves until a shutdown signal. `ready` is called once, when all listeners are open.
pub async fn serve(
    options: ServeOptions,
    panics: Arc<AtomicU64>,
    ready: impl FnOnce(Ready, &LoadedSet),
) -> Result<(), ServeError> {
    let ServeOptions { folder, listen, admin_listen, demo } = options;
    let signals = Signals::install().map_err(ServeError::Signals)?;
    let served = Folder::new(&folder);
    // Taken before anything is read, so that later changes are noticed.
    let read_as = Fingerprint::take(&served).await;
    let wrong = |problems| ServeError::Folder { folder: folder.clone(), problems };
    let (config, report) = served.config(demo);
    let Some(config) = config else { return Err(wrong(report.into_sorted())) };
    let admin_token = config.admin.token.clone();
    let (listen, admin_listen) = (listen.unwrap_or(config.gateway.listen), admin_listen.unwrap_or(config.admin.listen));
    let engine = load::engine(&config)?;
    let remotes = load::remotes(&config);
    let mut gateway_options = config.gateway.options.clone();
    let progress = load::for_terminal();
    let set = tokio::select! {
        loaded = load::load(&served, config, report, &engine, &remotes, None, &*progress) => loaded.map_err(wrong)?,
        // Compiling may take long; nothing is being served yet, so a signal can cancel it at once.
        _ = signals.end() => return Ok(()),
    };
    if !admin_listen.ip().is_loopback() && admin_token.is_none() {
        return Err(ServeError::Token(admin_listen));
    }

    gateway_options.max_connections = open_files::connections(gateway_options.max_connections);
    let keeping = records::start(&set.config.records, &set.config.trust, served.path()).await?;
    let kept = keeping.as_ref().map(Keeping::kept);
    let listener = bind(listen, "gateway", "; give --listen 127.0.0.1:0 to take a free port")?;
    let admin_listener = bind(admin_listen, "admin", "; give --admin-listen 127.0.0.1:0 to take a free port")?;
    let servers = match demo {
        Upstreams::Demo => Some(DemoServers::bind().await.map_err(|error| local("demo", error))?),
        Upstreams::AsWritten => None,
    };
    let addresses = servers.as_ref().map(DemoServers::addresses);
    let bound = Ready {
        gateway: listener.local_addr().map_err(|error| local("gateway", error))?,
        admin: admin_listener.local_addr().map_err(|error| local("admin", error))?,
        policies: set.policies.len(),
    };

    let metrics = Arc::new(Metrics::new(&panics));
    let mcp = Mcp::new();
    let first = running_set(&set, 1, &mcp, addresses).map_err(|problem| wrong(vec![problem]))?;
    let telemetry = Arc::new(GatewayTelemetry::new(Arc::clone(&metrics)));
    let gateway = Gateway::recording(gateway_options, telemetry, records::gateway_port(kept.clone()), first);
    metrics.watch(Box::new(Measured::new(kept.clone(), gateway.contexts())));
    reload::log_set(&set);
    metrics.serves(&set, 1);
    let running = Running::new(gateway.clone(), engine, remotes, metrics, set, demo, addresses);
    let running = Arc::new(running.speaking(mcp).keeping(kept));

    let (end, ending) = watch::channel(false);
    let mut tasks = JoinSet::new();
    if let Some(servers) = servers {
        demo::start(servers, &mut tasks, &ending);
    }
    let token = admin_token.map(|token| token.reveal().to_owned());
    tasks.spawn(weir_admin::serve(admin_listener, Arc::clone(&running) as _, token, ended(ending.clone())));
    let watcher = tokio::spawn(reload::watch(Arc::clone(&running), read_as, signals.hang_up()));
    let (drain, draining) = watch::channel(false);
    let serving = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.serve(listener, ended(draining)).await }
    });

    tracing::info!(
        target: "weir::serve",
        folder = %folder.display(),
        gateway = %bound.gateway,
        admin = %bound.admin,
        policies = bound.policies,
        "serving"
    );
    ready(bound, &running.current().set);
    let serving = until_drained(serving, &signals, &drain, &running).await;
    watcher.abort();
    if let Some(keeping) = keeping {
        tokio::select! {
            () = keeping.drain() => {}
            name = signals.end() => {
                tracing::warn!(target: "weir::serve", "received {name} again: ending at once, records may be lost");
                std::process::exit(130);
            }
        }
    }
    running.remotes.end().await;
    // The demo servers and the admin surface outlive the drain: calls in flight still need them.
    let _ = end.send(true);
    let _ = tokio::time::timeout(Duration::from_secs(1), async { while tasks.join_next().await.is_some() {} }).await;
    // The gateway logs the result of the drain.
    if let Err(error) = serving {
        tracing::error!(target: "weir::serve", "serving failed: {error}");
    }
    Ok(())
}

/// Waits for a signal, then for the calls in flight; a second signal ends the process at once.
async fn until_drained(
    mut serving: tokio::task::JoinHandle<Drained>,
    signals: &Signals,
    drain: &watch::Sender<bool>,
    running: &Running,
) -> Result<Drained, tokio::task::JoinError> {
    tokio::select! {
        name = signals.end() => tracing::info!(target: "weir::serve", "received {name}: finishing calls in flight, accepting no new ones"),
        early = &mut serving => return early,
    }
    running.drain();
    let _ = drain.send(true);
    tokio::select! {
        name = signals.end() => {
            tracing::warn!(target: "weir::serve", "received {name} again: ending at once, calls in flight are cut off");
            // Not a return: dropping the runtime would wait for tasks that still run.
            std::process::exit(130);
        }
        drained = &mut serving => drained,
    }
}

fn bind(address: SocketAddr, what: &'static str, remedy: &'static str) -> Result<TcpListener, ServeError> {
    weir_http::listen::bind(address).map_err(|error| {
        let taken = error.kind() == std::io::ErrorKind::AddrInUse;
        ServeError::Listen { address, what, error, remedy: if taken { remedy } else { "" } }
    })
}

fn local(what: &'static str, error: std::io::Error) -> ServeError {
    ServeError::Listen { address: SocketAddr::from(([127, 0, 0, 1], 0)), what, error, remedy: "" }
}
