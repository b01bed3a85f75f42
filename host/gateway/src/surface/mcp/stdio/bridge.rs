//! The processes of one route: started on demand, limited in number, restarted with pauses, ended when unused.
//!
//! Invariants: there are never more than the route's `max_processes`, including those that are exiting; a session's own
//! process ends with the session; a caller that gets no process learns when to retry.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::time::Instant;
use weir_core::Principal;
use weir_http::tasks::OwnedTasks;
use weir_mcp::revision::Revision;
use weir_mcp::{Rejection, rpc};

use super::backoff::Backoff;
use super::link::{Bounds, Link, Party};
use super::process::{self, Ended, Surroundings};
use super::table::Users;
use crate::refusal::{Refusal, UPSTREAM_UNREACHABLE};
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::command::Command;

/// Most sessions of one route. With a process per session, `max_processes` is the lower limit.
const MAX_SESSIONS: usize = 4096;

/// Extra bytes around the largest body in a message.
const MARGIN: usize = 64 * 1024;

/// The processes of one route.
pub(crate) struct Bridge {
    pub(super) command: Command,
    route: String,
    places: Arc<Semaphore>,
    backoff: Arc<Mutex<Backoff>>,
    supervisors: OwnedTasks,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    /// The process that all sessions share.
    pub(super) sessions_process: AsyncMutex<Option<InitializedProcess>>,
    /// The process of all exchanges without a session.
    stateless: AsyncMutex<Option<SharedProcess>>,
    ended: AtomicBool,
}

/// A session.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) party: Arc<Party>,
    pub(super) link: Arc<Link>,
    /// Who began it. Nobody else may use it, since its id may have leaked.
    owner: Principal,
    /// The agreed revision.
    pub(super) revision: Option<Revision>,
    /// Whether the process was initialized for this session, not for an earlier one.
    pub(super) is_first: bool,
    used: Mutex<Instant>,
}

/// The result of a handshake.
pub(super) struct Handshake {
    pub(super) party: Arc<Party>,
    pub(super) link: Arc<Link>,
    /// The agreed revision.
    pub(super) revision: Option<Revision>,
    /// Whether the process was initialized for this session, not for an earlier one.
    pub(super) is_first: bool,
}

/// A process that sessions share, after its handshake.
pub(super) struct InitializedProcess {
    pub(super) process: SharedProcess,
    /// Its result of the first `initialize`, as JSON.
    pub(super) initialized: String,
    pub(super) revision: Option<Revision>,
    /// The capabilities of the first session's client. The process assumes them for all.
    pub(super) capabilities: BTreeSet<String>,
}

/// A process with several users.
pub(super) struct SharedProcess {
    pub(super) link: Arc<Link>,
    unused_since: Option<Instant>,
}

/// Tells the caller when to retry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Later {
    retry_after_ms: u128,
}

impl Bridge {
    pub(super) fn new(route: &str, command: &Command, supervisors: OwnedTasks) -> Self {
        Self {
            command: command.clone(),
            route: route.to_owned(),
            places: Arc::new(Semaphore::new(command.max_processes)),
            backoff: Arc::default(),
            supervisors,
            sessions: Mutex::default(),
            sessions_process: AsyncMutex::default(),
            stateless: AsyncMutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    /// Starts a process. `id` is that of the request that needs it.
    pub(super) fn start(&self, call: &McpCall, id: &str, users: Users) -> Result<Arc<Link>, Refusal> {
        let unavailable = |message: &str, retry: Option<Duration>| {
            call.refused(UPSTREAM_UNREACHABLE);
            let data = retry.map(|retry| Later { retry_after_ms: retry.as_millis() });
            let text = rpc::error_with(id, rpc::INTERNAL_ERROR, message, data.as_ref());
            Refusal::from(Rejection { status: StatusCode::SERVICE_UNAVAILABLE, text })
        };
        if self.ended.load(Ordering::Relaxed) {
            return Err(unavailable("The server is being replaced; try again", None));
        }
        if let Some(pause) = self.backoff().pause(std::time::Instant::now()) {
            let message = format!("The server ended by itself; it can be started again in {} ms", pause.as_millis());
            return Err(unavailable(&message, Some(pause)));
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let route = &self.route;
            tracing::warn!(target: "weir::stdio", route, max_processes = self.command.max_processes, "all processes of the route are in use");
            return Err(unavailable("All processes of this route are in use; end a session or try again later", None));
        };
        let backoff = Arc::clone(&self.backoff);
        let ended = move |Ended { in_order, lived, .. }: Ended| {
            let mut backoff = backoff.lock();
            if in_order {
                backoff.worked()
            } else {
                backoff.failed(std::time::Instant::now(), lived)
            }
            drop(backoff);
            drop(place);
        };
        match process::start(&self.command, Surroundings::Few, &self.route, &self.supervisors, ended) {
            Ok((process, output)) => {
                let message = call.route.options.max_body.saturating_add(MARGIN);
                let bounds = Bounds { message, patience: call.shared.options.response_timeout };
                Ok(Link::new(process, output, users, &self.route, bounds))
            }
            Err(error) => {
                let (route, program) = (&self.route, &self.command.program);
                let call_ref = call.reference.as_str();
                tracing::error!(target: "weir::stdio", call_ref, route, program, %error, "a server cannot be started");
                self.backoff().failed(std::time::Instant::now(), Duration::ZERO);
                Err(unavailable("The server could not be started", None))
            }
        }
    }

    /// The process of all exchanges without a session.
    pub(super) async fn stateless(&self, call: &McpCall, id: &str) -> Result<Arc<Link>, Refusal> {
        let mut stateless = self.stateless.lock().await;
        if let Some(shared) = &mut *stateless
            && !shared.link.is_closed()
        {
            shared.unused_since = None;
            return Ok(Arc::clone(&shared.link));
        }
        let link = self.start(call, id, Users::Exchanges)?;
        *stateless = Some(SharedProcess::new(Arc::clone(&link)));
        Ok(link)
    }

    /// Adds a session. If there are too many, ends it and returns false.
    pub(super) fn begin(&self, session: Session) -> bool {
        let mut sessions = self.sessions();
        if sessions.len() >= MAX_SESSIONS || self.ended.load(Ordering::Relaxed) {
            session.end();
            return false;
        }
        sessions.insert(session.id.clone(), Arc::new(session));
        true
    }

    /// The session of that id, if it is alive and belongs to this caller.
    pub(super) fn session(&self, id: &str, caller: &Principal) -> Option<Arc<Session>> {
        let session = self.sessions().get(id).filter(|session| session.owner == *caller).map(Arc::clone)?;
        if session.link.is_closed() {
            self.end_session(id);
            return None;
        }
        *session.used.lock() = Instant::now();
        Some(session)
    }

    /// Ends a session. False if there is none.
    pub(super) fn end_session(&self, id: &str) -> bool {
        let session = self.sessions().remove(id);
        session.is_some_and(|session| {
            session.end();
            true
        })
    }

    /// Ends idle and finished sessions and processes.
    pub(super) async fn sweep(&self) {
        let now = Instant::now();
        let is_over = |session: &Session| session.link.is_closed() || session.idle(now) >= self.command.idle_timeout;
        let over: Vec<String> =
            self.sessions().values().filter(|session| is_over(session)).map(|session| session.id.clone()).collect();
        for id in over {
            tracing::debug!(target: "weir::stdio", route = self.route, "a session ended");
            self.end_session(&id);
        }
        let is_spent =
            |shared: &mut SharedProcess| shared.link.is_closed() || shared.unused(now) >= self.command.idle_timeout;
        // If the lock is taken, the process is in use.
        if let Ok(mut shared) = self.sessions_process.try_lock() {
            shared.take_if(|shared| is_spent(&mut shared.process));
        }
        if let Ok(mut stateless) = self.stateless.try_lock() {
            stateless.take_if(is_spent);
        }
    }

    /// Ends the streams that do not end by themselves.
    pub(super) fn drain(&self) {
        self.sessions().values().for_each(|session| session.party.streams.release());
    }

    /// Ends everything and starts nothing more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        let sessions = std::mem::take(&mut *self.sessions());
        sessions.values().for_each(|session| session.end());
        if let Ok(mut shared) = self.sessions_process.try_lock() {
            shared.take();
        }
        if let Ok(mut stateless) = self.stateless.try_lock() {
            stateless.take();
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock()
    }

    fn backoff(&self) -> MutexGuard<'_, Backoff> {
        self.backoff.lock()
    }
}

impl Session {
    pub(super) fn new(id: String, owner: Principal, handshake: Handshake) -> Self {
        let Handshake { party, link, revision, is_first } = handshake;
        Self { id, party, link, owner, revision, is_first, used: Mutex::new(Instant::now()) }
    }

    /// How long it has been idle.
    fn idle(&self, now: Instant) -> Duration {
        let Some(unread) = self.party.streams.unread_since() else { return Duration::ZERO };
        let used = *self.used.lock();
        now.saturating_duration_since(used.max(unread))
    }

    fn end(&self) {
        self.link.state().leave(&self.party);
        if !self.link.is_shared() {
            self.link.end();
        }
    }
}

impl InitializedProcess {
    /// Logs a warning if another client has other capabilities than the process knows.
    pub(super) fn compare(&self, call: &McpCall, capabilities: &BTreeSet<String>) {
        if self.capabilities != *capabilities {
            let (route, call_ref) = (call.route_name(), call.reference.as_str());
            let (told, can) = (&self.capabilities, capabilities);
            tracing::warn!(target: "weir::stdio", call_ref, route, ?told, ?can, "a client of a shared server has other capabilities than the first client, whose capabilities the server knows");
        }
    }
}

impl SharedProcess {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self { link, unused_since: None }
    }

    fn unused(&mut self, now: Instant) -> Duration {
        if !self.link.is_unused() {
            self.unused_since = None;
            return Duration::ZERO;
        }
        now.saturating_duration_since(*self.unused_since.get_or_insert(now))
    }
}

impl Drop for SharedProcess {
    fn drop(&mut self) {
        self.link.end();
    }
}

/// Buffer limit per client: the largest answer, and one more while it is read.
pub(super) fn held(call: &McpCall) -> usize {
    call.route.options.max_body.saturating_add(MARGIN).saturating_mul(2)
}
