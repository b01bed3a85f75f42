//! One process and those who talk to it: what they send is numbered, what it says is brought to whom it concerns.
//!
//! Invariants: what belongs to one request keeps its order; a slow policy holds up only the request it looks at;
//! every request gets an answer, from the process or from here; all tasks end with the link.
//!
//! Not here: who may start a process, and what a session is. What it says is read in `hear`, and brought to its stream
//! in `deliver`.

mod deliver;
mod hear;

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

/// Messages of one request that wait for those before them to be judged.
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
    /// Whether it was said already that the process writes lines that are no messages.
    complained: AtomicBool,
}

/// A client of a process.
pub(super) struct Party {
    id: OnceLock<PartyId>,
    pub(super) conversation: Arc<Conversation>,
    pub(super) streams: Arc<Streams>,
}

/// What bounds a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most bytes of a message.
    pub(super) message: usize,
    /// How long it may say nothing about a request, and how long it may not read what it is sent.
    pub(super) patience: Duration,
}

/// What a cancellation says.
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
        tasks.spawn(hear::pump(Arc::clone(&state), output, bounds.message, Arc::clone(&process.fell_silent)));
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

    /// Has the process ended in order. What it was asked is answered here.
    pub(super) fn end(&self) {
        self.process.lock().take();
    }

    /// Takes in a client. `held` bounds what is kept for it. Without a session it has no stream beside those of its
    /// requests.
    pub(super) fn join(&self, conversation: Arc<Conversation>, held: usize) -> Arc<Party> {
        let general = self.state.users != Users::Exchanges;
        let streams = Streams::new(held, general);
        let party = Arc::new(Party { id: OnceLock::new(), conversation, streams });
        let outlet = general.then(|| self.outlet(&party, GENERAL, None, None));
        let id = self.state.table().join(outlet);
        // It was made just now.
        let _ = party.id.set(id);
        party
    }

    /// Takes in a request, which then has a stream of its number.
    pub(super) fn open(
        &self,
        party: &Arc<Party>,
        message: &Message,
        carries: Carries,
        call: &Arc<McpCall>,
    ) -> Result<u64, Untaken> {
        let id = party.id().ok_or(Untaken::Gone)?;
        // A handshake is waited for where it is made, and a subscription may have nothing to say for days.
        let is_limited = !matches!(message.method(), Method::Initialize | Method::SubscriptionsListen);
        let limit = is_limited.then_some(self.state.patience);
        let mut table = self.state.table();
        table.follow(id, message);
        table.open(id, message.id(), message.wanted_progress(), carries, |number| {
            party.streams.open(number);
            self.outlet(party, number, Some(Arc::clone(call)), limit)
        })
    }

    /// Runs something for as long as the link lives.
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

    /// Sends a request that policies let pass to the process.
    pub(super) async fn forward(&self, number: u64, envelope: Envelope) {
        // Where the process is gone, its end answers.
        if self.table().send(number, Instant::now()) {
            self.send(Message::of(envelope).numbered(number)).await;
        }
    }

    /// Sends anything else to the process.
    pub(super) async fn send(&self, text: Bytes) {
        // Where the process is gone, nobody waits for this any more.
        if timeout(self.patience, self.input.send(text)).await.is_err() {
            tracing::warn!(target: "weir::stdio", route = self.route, "the server does not read what it is sent");
        }
    }

    /// Lets go of a request: it will not be answered, or has been.
    pub(super) fn withdraw(&self, number: u64) {
        self.table().take(number);
    }

    /// Takes a client's cancellation. Gives what the process is told, if it knows the request.
    pub(super) fn cancelled(&self, party: &Party, message: &Message) -> Option<Bytes> {
        let mut table = self.table();
        let number = table.number_of(party.id()?, message.cancelled()?)?;
        let request = table.take(number)?;
        request.since.is_some().then(|| message.with_cancelled(&number.to_string()))
    }

    /// Whether a client was asked what it now answers.
    pub(super) fn take_question(&self, party: &Party, id: &str) -> bool {
        party.id().is_some_and(|party| self.table().take_question(party, id, Instant::now()))
    }

    /// Lets a client go. The process is told of everything that it still did for it.
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

    /// Tells the process that nobody waits for the answer to a request any more.
    fn disown(&self, number: u64) {
        let text = rpc::notification("notifications/cancelled", Some(&Cancelled { request_id: number }));
        // Nobody can wait here. A process that does not read would not act on it either.
        if self.input.try_send(text).is_err() {
            tracing::debug!(target: "weir::stdio", route = self.route, "a cancellation was not sent");
        }
    }
}
