//! One process and its clients: their requests are numbered, its messages are routed.
//!
//! Invariants: the messages of one request keep their order; a slow policy only delays its own request; every request
//! gets an answer, from the process or from here; all tasks end with the link.
//!
//! Not here: who may start a process, and what a session is. `receive` reads messages, `deliver` passes them to their
//! stream.

mod deliver;
mod receive;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use tokio::process::ChildStdout;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use weir_http::tasks::OwnedTasks;
use weir_mcp::{Envelope, Message, Method, rpc};

use super::process::Process;
use super::streams::{GENERAL, Streams};
use super::table::{Carries, PartyId, Table, Untaken, Users};
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::conversation::Conversation;
use deliver::{Delivery, Outlet};

/// Messages of one request that are queued to be judged.
const OUTLET_QUEUE: usize = 32;

/// One process with its users.
pub(super) struct Link {
    state: Arc<State>,
    tasks: OwnedTasks,
    process: Mutex<Option<Process>>,
}

/// What the tasks of a link share.
pub(super) struct State {
    table: Mutex<Table<Outlet>>,
    input: mpsc::Sender<Bytes>,
    users: Users,
    route: String,
    patience: Duration,
    /// Whether a warning about lines that are not messages was already logged.
    complained: AtomicBool,
}

/// A client of a process.
pub(super) struct Party {
    id: OnceLock<PartyId>,
    pub(super) conversation: Arc<Conversation>,
    pub(super) streams: Arc<Streams>,
}

/// Limits of a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most bytes of a message.
    pub(super) message: usize,
    /// How long it may be silent about a request, and how long it may leave its input unread.
    pub(super) patience: Duration,
}

/// The params of a cancellation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    request_id: u64,
}

impl Link {
    pub(super) fn new(process: Process, output: ChildStdout, users: Users, route: &str, bounds: Bounds) -> Arc<Self> {
        let state = Arc::new(State {
            table: Mutex::new(Table::new(users)),
            input: process.input.clone(),
            users,
            route: route.to_owned(),
            patience: bounds.patience,
            complained: AtomicBool::new(false),
        });
        let tasks = OwnedTasks::default();
        tasks.spawn(receive::pump(Arc::clone(&state), output, bounds.message, Arc::clone(&process.fell_silent)));
        Arc::new(Self { state, tasks, process: Mutex::new(Some(process)) })
    }

    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Whether the process is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.state.table().is_closed()
    }

    /// Whether the process may have several users.
    pub(super) fn is_shared(&self) -> bool {
        self.state.users != Users::One
    }

    /// Whether nobody uses the process.
    pub(super) fn is_unused(&self) -> bool {
        self.state.table().is_unused()
    }

    /// Shuts the process down. Its open requests are answered here.
    pub(super) fn end(&self) {
        self.process.lock().take();
    }

    /// Adds a client. `held` limits what is buffered for it. Without a session it has no general stream.
    pub(super) fn join(&self, conversation: Arc<Conversation>, held: usize) -> Arc<Party> {
        let general = self.state.users != Users::Exchanges;
        let streams = Streams::new(held, general);
        let party = Arc::new(Party { id: OnceLock::new(), conversation, streams });
        let outlet = general.then(|| self.outlet(&party, GENERAL, None, None));
        let id = self.state.table().join(outlet);
        // It is new, so this is its first id.
        let _ = party.id.set(id);
        party
    }

    /// Adds a request, which then has a stream of its number.
    pub(super) fn open(
        &self,
        party: &Arc<Party>,
        message: &Message,
        carries: Carries,
        call: &Arc<McpCall>,
    ) -> Result<u64, Untaken> {
        let id = party.id().ok_or(Untaken::Gone)?;
        // A handshake has its own timeout, and a subscription may be silent for days.
        let is_limited = !matches!(message.method(), Method::Initialize | Method::SubscriptionsListen);
        let limit = is_limited.then_some(self.state.patience);
        let mut table = self.state.table();
        table.follow(id, message);
        table.open(id, message.id(), message.wanted_progress(), carries, |number| {
            party.streams.open(number);
            self.outlet(party, number, Some(Arc::clone(call)), limit)
        })
    }

    /// Runs a task that ends with the link.
    pub(super) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    fn outlet(&self, party: &Arc<Party>, stream: u64, call: Option<Arc<McpCall>>, limit: Option<Duration>) -> Outlet {
        let (queue, messages) = mpsc::channel(OUTLET_QUEUE);
        let (state, party) = (Arc::clone(&self.state), Arc::clone(party));
        let outlet = Outlet { queue, party: Arc::clone(&party), call: call.clone() };
        self.tasks.spawn(Delivery { state, party, stream, call, limit }.run(messages));
        outlet
    }
}

impl Party {
    fn id(&self) -> Option<PartyId> {
        self.id.get().copied()
    }
}

impl State {
    fn table(&self) -> MutexGuard<'_, Table<Outlet>> {
        self.table.lock()
    }

    /// Sends an approved request to the process.
    pub(super) async fn forward(&self, number: u64, envelope: Envelope) {
        // If the process is gone, its end answers.
        if self.table().send(number, Instant::now()) {
            self.send(Message::of(envelope).numbered(number)).await;
        }
    }

    /// Sends anything else to the process.
    pub(super) async fn send(&self, text: Bytes) {
        // If the process is gone, nobody waits for this.
        if timeout(self.patience, self.input.send(text)).await.is_err() {
            tracing::warn!(target: "weir::stdio", route = self.route, "the server does not read its input");
        }
    }

    /// Removes a request: it is answered, or will not be.
    pub(super) fn withdraw(&self, number: u64) {
        self.table().take(number);
    }

    /// Handles a client's cancellation. Returns the message for the process, if it has the request.
    pub(super) fn cancelled(&self, party: &Party, message: &Message) -> Option<Bytes> {
        let mut table = self.table();
        let number = table.number_of(party.id()?, message.cancelled()?)?;
        let request = table.take(number)?;
        request.since.is_some().then(|| message.with_cancelled(&number.to_string()))
    }

    /// Removes the question that a client answers. False if it was not asked.
    pub(super) fn take_question(&self, party: &Party, id: &str) -> bool {
        party.id().is_some_and(|party| self.table().take_question(party, id, Instant::now()))
    }

    /// Removes a client. The process gets cancellations for its open requests.
    pub(super) fn leave(&self, party: &Party) {
        party.streams.close();
        let Some(id) = party.id() else { return };
        let working = self.table().leave(id);
        if self.users == Users::One {
            // Its process ends with it.
            return;
        }
        working.into_iter().for_each(|number| self.disown(number));
    }

    /// Sends a cancellation for a request.
    fn disown(&self, number: u64) {
        let text = rpc::notification("notifications/cancelled", Some(&Cancelled { request_id: number }));
        // This must not block. A process that does not read would not act on it either.
        if self.input.try_send(text).is_err() {
            tracing::debug!(target: "weir::stdio", route = self.route, "a cancellation was not sent");
        }
    }
}
