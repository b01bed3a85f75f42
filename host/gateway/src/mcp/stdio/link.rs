//! One process and those who talk to it: what they send is numbered, what it says is brought to whom it concerns.
//!
//! Invariants: what belongs to one request keeps its order; a slow policy holds up only the request it looks at;
//! every request gets an answer, from the process or from here; all tasks end with the link.
//!
//! Not here: who may start a process, and what a session is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::process::ChildStdout;
use tokio::sync::mpsc;

use super::answer;
use super::lines::{Line, Lines, id_of_ends};
use super::message::{Message, Sort};
use super::process::Process;
use super::streams::{GENERAL, Streams};
use super::table::{Carries, PartyId, Request, Table, Untaken, Users, Way};
use crate::call::Call;
use crate::mcp::conversation::{Conversation, FromServer};
use crate::mcp::envelope::Envelope;
use crate::refusal::{Refusal, UPSTREAM_UNREACHABLE};
use crate::tasks::OwnedTasks;

/// Messages of one request that wait for those before them to be judged.
const LANE: usize = 32;

/// How long a session's process may be held up by a client that reads slowly. Where others use the process, too, it
/// is not held up at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// One process with its users.
pub(super) struct Link {
    state: Arc<State>,
    tasks: OwnedTasks,
    process: Mutex<Option<Process>>,
}

/// What the tasks of a link share.
pub(super) struct State {
    table: Mutex<Table<Lane>>,
    input: mpsc::Sender<Bytes>,
    users: Users,
    route: String,
    /// Whether it was said already that the process writes lines that are no messages.
    complained: AtomicBool,
}

/// A client of a process.
pub(super) struct Party {
    id: OnceLock<PartyId>,
    pub(super) conversation: Arc<Conversation>,
    pub(super) streams: Arc<Streams>,
}

/// What leads to a stream.
#[derive(Clone)]
struct Lane {
    said: mpsc::Sender<Said>,
    party: Arc<Party>,
    asked: Option<(Arc<Call>, Instant)>,
}

/// A message on its way to a stream.
enum Said {
    /// The answer to the stream's request, whose id is beside it.
    Answer(Bytes, String),
    Other(Bytes),
    /// An answer of ours, which no policy has to see.
    Ours(Bytes),
}

impl Link {
    pub(super) fn new(process: Process, output: ChildStdout, users: Users, route: &str, limit: usize) -> Arc<Self> {
        let state = Arc::new(State {
            table: Mutex::new(Table::new(users)),
            input: process.input.clone(),
            users,
            route: route.to_owned(),
            complained: AtomicBool::new(false),
        });
        let tasks = OwnedTasks::default();
        tasks.spawn(pump(Arc::clone(&state), output, limit, Arc::clone(&process.fell_silent)));
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
        self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Takes in a client. `held` bounds what is kept for it. Without a session it has no stream beside those of its
    /// requests.
    pub(super) fn join(&self, conversation: Arc<Conversation>, held: usize) -> Arc<Party> {
        let general = self.state.users != Users::Exchanges;
        let streams = Streams::new(held, general);
        let party = Arc::new(Party { id: OnceLock::new(), conversation, streams });
        let lane = general.then(|| self.lane(&party, GENERAL, None));
        let id = self.state.table().join(lane);
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
        call: &Arc<Call>,
    ) -> Result<u64, Untaken> {
        let id = party.id().ok_or(Untaken::Gone)?;
        let mut table = self.state.table();
        table.follow(id, message);
        table.open(id, message.id(), message.wanted_progress(), carries, |number| {
            party.streams.open(number);
            self.lane(party, number, Some((Arc::clone(call), Instant::now())))
        })
    }

    /// Runs something for as long as the link lives.
    pub(super) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    fn lane(&self, party: &Arc<Party>, stream: u64, asked: Option<(Arc<Call>, Instant)>) -> Lane {
        let (said, heard) = mpsc::channel(LANE);
        self.tasks.spawn(deliver(Arc::clone(&self.state), Arc::clone(party), stream, heard));
        Lane { said, party: Arc::clone(party), asked }
    }
}

impl Party {
    fn id(&self) -> Option<PartyId> {
        self.id.get().copied()
    }
}

impl State {
    fn table(&self) -> MutexGuard<'_, Table<Lane>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request that policies let pass to the process.
    pub(super) async fn forward(&self, number: u64, envelope: Envelope) {
        let message = Message::read(envelope.into_text());
        if !self.table().send(number) {
            return;
        }
        match message {
            // Where the process is gone, its end answers.
            Some(message) => drop(self.input.send(message.numbered(number)).await),
            None => {
                self.withdraw(number);
            }
        }
    }

    /// Sends anything else to the process.
    pub(super) async fn send(&self, text: Bytes) {
        // Where the process is gone, nobody waits for this any more.
        let _ = self.input.send(text).await;
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
        request.sent.then(|| message.with_cancelled(&number.to_string()))
    }

    /// Whether a client was asked what it now answers.
    pub(super) fn answered(&self, party: &Party, id: &str) -> bool {
        party.id().is_some_and(|party| self.table().answered(party, id))
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
        for number in working {
            let text = format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{{\"requestId\":{number}}}}}"
            );
            // Nobody can wait here. A process that does not read would not act on it either.
            if self.input.try_send(text.into()).is_err() {
                tracing::debug!(target: "weir::stdio", route = self.route, "a cancellation was not sent");
            }
        }
    }

    /// Brings a message of the process to whom it concerns.
    async fn heard(&self, text: Bytes) {
        let Some(message) = Message::read(text) else {
            // Once: some servers write all of their log there.
            if !self.complained.swap(true, Ordering::Relaxed) {
                let route = &self.route;
                tracing::warn!(target: "weir::stdio", route, "the server wrote a line that is no message; such lines are dropped");
            }
            return;
        };
        match message.sort {
            Sort::Answer => self.heard_answer(&message).await,
            Sort::Request => self.heard_request(&message).await,
            Sort::Notification => self.heard_notification(&message).await,
        }
    }

    async fn heard_answer(&self, message: &Message) {
        let request = message.id().parse().ok().and_then(|number| self.table().take(number));
        let Some(Request { id, lane, .. }) = request else {
            tracing::debug!(target: "weir::stdio", route = self.route, "an answer to nothing that is asked");
            return;
        };
        lane.began();
        let text = message.answering(&id);
        if let Some(notes) = lane.asked.as_ref().and_then(|(call, _)| call.intercept.notes()) {
            notes.answered_with(&text);
        }
        lane.say(Said::Answer(text, id)).await;
    }

    async fn heard_request(&self, message: &Message) {
        let found = {
            let mut table = self.table();
            let listens = |party| table.lane(party).is_some_and(|lane| lane.party.streams.is_read(GENERAL));
            let way = table.way(message, listens);
            match way {
                // Somebody is there to answer for the client: whoever asks whether it is alive is not kept waiting.
                Way::Party(party) if message.method == "ping" && !listens(party) => None,
                Way::Request(number) => table.request(number).map(|request| (request.party, request.lane.clone())),
                Way::Party(party) => table.lane(party).map(|lane| (party, lane)),
                Way::Parties(_) | Way::Nobody => None,
            }
            .filter(|(party, _)| table.ask(*party, message.id()))
        };
        match found {
            Some((_, lane)) => lane.say(Said::Other(message.text())).await,
            None if message.method == "ping" => self.send(answer::result(message.id(), "{}")).await,
            None => {
                let route = &self.route;
                tracing::warn!(target: "weir::stdio", route, method = message.method, "a request of the server concerns no client that can be told");
                let reason = "No client can be asked";
                self.send(answer::error(message.id(), answer::INTERNAL_ERROR, reason)).await;
            }
        }
    }

    async fn heard_notification(&self, message: &Message) {
        let mut lanes = Vec::new();
        let mut text = message.text();
        {
            let mut table = self.table();
            if self.users == Users::Exchanges && message.method == "notifications/cancelled" {
                // The server ends a subscription; its stream ends with the request's lane.
                if let Some(number) = message.cancelled().and_then(|id| id.parse().ok()) {
                    table.take(number);
                }
                return;
            }
            let listens = |party| table.lane(party).is_some_and(|lane| lane.party.streams.is_read(GENERAL));
            match table.way(message, listens) {
                Way::Request(number) => {
                    if let Some(request) = table.request(number) {
                        text = match (&request.token, message.subscription()) {
                            (_, Some(_)) => message.with_subscription(&request.id),
                            (Some(token), None) if message.progress().is_some() => message.with_progress(token),
                            _ => text,
                        };
                        lanes.push(request.lane.clone());
                    }
                }
                Way::Party(party) => {
                    if let Some(id) = message.cancelled().filter(|_| message.method == "notifications/cancelled") {
                        table.answered(party, id);
                    }
                    lanes.extend(table.lane(party));
                }
                Way::Parties(parties) => lanes = parties.into_iter().filter_map(|party| table.lane(party)).collect(),
                Way::Nobody => {
                    tracing::debug!(target: "weir::stdio", route = self.route, method = message.method, "a notification concerns no client that can be told");
                }
            }
        }
        for lane in lanes {
            lane.began();
            lane.say(Said::Other(text.clone())).await;
        }
    }

    /// A message that was too long: if it was an answer, something has to take its place.
    async fn torn(&self, start: &[u8], end: &[u8]) {
        tracing::warn!(target: "weir::stdio", route = self.route, "the server wrote a line that is longer than `max_body` allows");
        let number = id_of_ends(start, end).and_then(|id| id.parse().ok());
        if let Some(Request { id, lane, .. }) = number.and_then(|number| self.table().take(number)) {
            lane.party.conversation.forget(&id);
            lane.say(Said::Ours(answer::unreadable(&id))).await;
        }
    }

    /// The process is gone: whatever it was asked is answered.
    async fn closed(&self) {
        let (requests, parties) = {
            let mut table = self.table();
            (table.close(), table.lanes())
        };
        for (_, Request { id, lane, .. }) in requests {
            lane.party.conversation.forget(&id);
            if let Some((call, _)) = &lane.asked {
                call.refused(UPSTREAM_UNREACHABLE);
                if let Some(notes) = call.intercept.notes() {
                    notes.unanswered(&Refusal::UpstreamUnreachable(String::new()));
                }
            }
            lane.say(Said::Ours(answer::lost(&id))).await;
        }
        for lane in parties {
            lane.party.streams.finish(GENERAL);
        }
    }
}

impl Lane {
    async fn say(&self, said: Said) {
        // The lane is over where its request was cancelled meanwhile.
        let _ = self.said.send(said).await;
    }

    /// The process began to answer.
    fn began(&self) {
        if let Some((call, asked)) = &self.asked {
            call.upstream_answered(asked.elapsed());
        }
    }
}

/// Reads what the process says until it says nothing more.
async fn pump(state: Arc<State>, output: ChildStdout, limit: usize, fell_silent: Arc<AtomicBool>) {
    let mut lines = Lines::new(output, limit);
    loop {
        match lines.next().await {
            Ok(Some(Line::Whole(text))) => state.heard(text).await,
            Ok(Some(Line::TooLong { start, end })) => state.torn(&start, &end).await,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(target: "weir::stdio", route = state.route, %error, "a server's output cannot be read");
                break;
            }
        }
    }
    // Before anybody can see that it is closed, and has the process ended for that.
    fell_silent.store(true, Ordering::Relaxed);
    state.closed().await;
}

/// Brings messages to one stream, one after the other, through the policies. Ends after the stream's answer, or when
/// nothing can come any more.
async fn deliver(state: Arc<State>, party: Arc<Party>, stream: u64, mut heard: mpsc::Receiver<Said>) {
    let patience = if state.users == Users::One { PATIENCE } else { Duration::ZERO };
    while let Some(said) = heard.recv().await {
        let (text, id) = match said {
            Said::Ours(text) => {
                party.streams.push(stream, text, patience).await;
                break;
            }
            Said::Answer(text, id) => (text, Some(id)),
            Said::Other(text) => (text, None),
        };
        let question = Message::read(text.clone()).filter(|message| message.sort == Sort::Request);
        let text = match party.conversation.from_server(text).await {
            FromServer::Forward(envelope) => Some(envelope.into_text()),
            FromServer::Answer(text) => {
                if let (Some(question), Some(party)) = (question, party.id()) {
                    state.table().answered(party, question.id());
                }
                state.send(text).await;
                None
            }
            FromServer::Nothing => None,
        };
        let text = text.or_else(|| id.as_deref().map(answer::unreadable));
        if let Some(text) = text {
            party.streams.push(stream, text, patience).await;
        }
        if id.is_some() {
            break;
        }
    }
    party.streams.finish(stream);
}
