//! The users of a process: their open requests, and the recipients of the process's own messages.
//!
//! Invariants: a number is used once; a message of the process reaches one stream of one client, except for news, which
//! are for all; a message without a certain recipient reaches nobody.
//!
//! Not here: any process, stream, clock or policy. This only decides.

mod way;

use std::collections::{BTreeMap, HashSet};

use tokio::time::Instant;
use weir_mcp::{Id, id};
use weir_mcp::{Message, Method};

pub(super) use way::Way;

/// Most open requests of one client.
pub(super) const MAX_REQUESTS: usize = 128;

/// Most open server requests to one client.
const MAX_QUESTIONS: usize = 128;

/// Who uses a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Users {
    /// One session.
    One,
    /// Several sessions.
    Sessions,
    /// Exchanges without sessions.
    Exchanges,
}

/// What the stream of a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// Its answer, and related messages before it.
    Messages,
    /// Its answer alone.
    Answer,
}

/// Most subscribed resources of one client, and most bytes of a resource's URI.
const MAX_RESOURCES: usize = 1024;
const MAX_RESOURCE: usize = 8192;

/// The number of a client of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PartyId(u64);

/// An open request. `L` is the outlet to its stream.
#[derive(Debug)]
pub(super) struct Request<L> {
    pub(super) party: PartyId,
    /// As written by the client.
    pub(super) id: String,
    key: Id,
    /// As written by the client.
    pub(super) token: Option<String>,
    pub(super) outlet: L,
    carries: Carries,
    /// Since when it waits for the process only; `None` before the process has it.
    pub(super) since: Option<Instant>,
}

/// A client.
#[derive(Debug)]
struct Party<L> {
    /// The outlet to its general stream; exchanges without a session have none.
    outlet: Option<L>,
    /// Ids of the server's requests that it has not answered.
    questions: HashSet<Id>,
    /// Resources that it subscribed to.
    resources: HashSet<String>,
}

/// Why a request is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Untaken {
    TooMany,
    IdInUse,
    /// Its progress token is too long.
    LongToken,
    Gone,
}

/// What a request waits for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// For the process, since then.
    Since(Instant),
    /// For policies, or for its client to answer a question.
    ForOthers,
    /// Nothing: it is gone.
    NoMore,
}

/// The users of one process.
#[derive(Debug)]
pub(super) struct Table<L> {
    users: Users,
    next: u64,
    parties: BTreeMap<PartyId, Party<L>>,
    requests: BTreeMap<u64, Request<L>>,
    closed: bool,
}

impl<L: Clone> Table<L> {
    pub(super) fn new(users: Users) -> Self {
        Self { users, next: 1, parties: BTreeMap::new(), requests: BTreeMap::new(), closed: false }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether nobody uses the process.
    pub(super) fn is_unused(&self) -> bool {
        self.parties.is_empty()
    }

    /// Adds a client.
    pub(super) fn join(&mut self, outlet: Option<L>) -> PartyId {
        let id = PartyId(self.number());
        self.parties.insert(id, Party { outlet, questions: HashSet::new(), resources: HashSet::new() });
        id
    }

    /// Removes a client. Returns the numbers of its requests that the process still works on.
    pub(super) fn leave(&mut self, party: PartyId) -> Vec<u64> {
        self.parties.remove(&party);
        let gone: Vec<u64> =
            self.of(party).filter(|(_, request)| request.since.is_some()).map(|(number, _)| number).collect();
        self.requests.retain(|_, request| request.party != party);
        gone
    }

    /// Adds a request and numbers it.
    pub(super) fn open(
        &mut self,
        party: PartyId,
        id: &str,
        token: Option<&str>,
        carries: Carries,
        outlet: impl FnOnce(u64) -> L,
    ) -> Result<u64, Untaken> {
        if self.closed || !self.parties.contains_key(&party) {
            return Err(Untaken::Gone);
        }
        if self.of(party).count() >= MAX_REQUESTS {
            return Err(Untaken::TooMany);
        }
        let key = Id::of(id);
        if self.of(party).any(|(_, request)| request.key == key) {
            return Err(Untaken::IdInUse);
        }
        if token.is_some_and(|token| token.len() > id::MAX_LENGTH) {
            return Err(Untaken::LongToken);
        }
        let number = self.number();
        let (id, token) = (id.to_owned(), token.map(str::to_owned));
        self.requests.insert(number, Request { party, id, key, token, outlet: outlet(number), carries, since: None });
        Ok(number)
    }

    pub(super) fn request(&self, number: u64) -> Option<&Request<L>> {
        self.requests.get(&number)
    }

    /// Records that the process got a request; false if it is no longer wanted.
    pub(super) fn send(&mut self, number: u64, now: Instant) -> bool {
        self.requests.get_mut(&number).is_some_and(|request| {
            request.since = Some(now);
            !self.closed
        })
    }

    /// What a request waits for.
    pub(super) fn waits(&self, number: u64) -> Waits {
        let Some(request) = self.requests.get(&number) else { return Waits::NoMore };
        let is_asked = self.parties.get(&request.party).is_some_and(|party| !party.questions.is_empty());
        request.since.filter(|_| !is_asked).map_or(Waits::ForOthers, Waits::Since)
    }

    /// Removes a request that is answered or no longer wanted.
    pub(super) fn take(&mut self, number: u64) -> Option<Request<L>> {
        self.requests.remove(&number)
    }

    /// The number of a client's request.
    pub(super) fn number_of(&self, party: PartyId, id: &str) -> Option<u64> {
        let key = Id::of(id);
        self.of(party).find(|(_, request)| request.key == key).map(|(number, _)| number)
    }

    /// The outlet to a client's general stream.
    pub(super) fn outlet(&self, party: PartyId) -> Option<L> {
        self.parties.get(&party)?.outlet.clone()
    }

    /// The general outlets of all clients.
    pub(super) fn outlets(&self) -> Vec<L> {
        self.parties.values().filter_map(|party| party.outlet.clone()).collect()
    }

    /// Updates a client's subscribed resources.
    pub(super) fn follow(&mut self, party: PartyId, message: &Message) {
        let Some(party) = self.parties.get_mut(&party) else { return };
        match (message.method(), message.resource()) {
            (Method::ResourcesSubscribe, Some(uri))
                if party.resources.len() < MAX_RESOURCES && uri.len() <= MAX_RESOURCE =>
            {
                party.resources.insert(uri);
            }
            (Method::ResourcesUnsubscribe, Some(uri)) => {
                party.resources.remove(&uri);
            }
            _ => {}
        }
    }

    /// Adds a question to a client; false if it has too many, if this one is already open, or if its id is too long.
    pub(super) fn add_question(&mut self, party: PartyId, id: &str) -> bool {
        let Some(party) = self.parties.get_mut(&party).filter(|_| id.len() <= id::MAX_LENGTH) else { return false };
        party.questions.len() < MAX_QUESTIONS && party.questions.insert(Id::of(id))
    }

    /// Removes a question that was answered or withdrawn now. False if the client was not asked.
    pub(super) fn take_question(&mut self, party: PartyId, id: &str, now: Instant) -> bool {
        let was_asked = self.parties.get_mut(&party).is_some_and(|party| party.questions.remove(&Id::of(id)));
        if was_asked {
            // Until now the process may have waited for the client.
            let requests = self.requests.values_mut().filter(|request| request.party == party);
            requests.filter_map(|request| request.since.as_mut()).for_each(|since| *since = now);
        }
        was_asked
    }

    /// The client that has this question.
    pub(super) fn party_asked(&self, id: &str) -> Option<PartyId> {
        let key = Id::of(id);
        self.parties.iter().find(|(_, party)| party.questions.contains(&key)).map(|(id, _)| *id)
    }

    /// The process is gone. Returns its open requests.
    pub(super) fn close(&mut self) -> Vec<(u64, Request<L>)> {
        self.closed = true;
        std::mem::take(&mut self.requests).into_iter().collect()
    }

    fn of(&self, party: PartyId) -> impl Iterator<Item = (u64, &Request<L>)> {
        self.requests
            .iter()
            .filter(move |(_, request)| request.party == party)
            .map(|(number, request)| (*number, request))
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn message(text: &'static str) -> Message {
        Message::read(Bytes::from_static(text.as_bytes())).unwrap()
    }

    fn open(table: &mut Table<()>, party: PartyId, id: &str) -> u64 {
        let number = table.open(party, id, None, Carries::Messages, |_| ()).unwrap();
        assert!(table.send(number, Instant::now()));
        number
    }

    const SAMPLING: &str = r#"{"id":"q","method":"sampling/createMessage"}"#;
    const LOG: &str = r#"{"method":"notifications/message"}"#;
    const NEWS: &str = r#"{"method":"notifications/tools/list_changed"}"#;

    #[test]
    fn messages_go_to_the_stream_they_belong_to() {
        let mut table = Table::new(Users::One);
        let party = table.join(Some(()));
        let way = |table: &Table<()>, text, listens| table.way(&message(text), |_| listens);
        for text in [SAMPLING, LOG, NEWS] {
            assert_eq!(way(&table, text, false), Way::Party(party), "held for whoever listens next");
        }
        let first = open(&mut table, party, "1");
        assert_eq!(way(&table, SAMPLING, true), Way::Request(first));
        assert_eq!(way(&table, NEWS, true), Way::Party(party));
        assert_eq!(way(&table, NEWS, false), Way::Request(first));
        let second = open(&mut table, party, "2");
        assert_eq!(way(&table, SAMPLING, true), Way::Party(party));
        assert_eq!(way(&table, SAMPLING, false), Way::Request(first));
        let progress = format!(r#"{{"method":"notifications/progress","params":{{"progressToken":{second}}}}}"#);
        let progress = Message::read(progress.into()).unwrap();
        assert_eq!(table.way(&progress, |_| true), Way::Request(second));
        table.take(second);
        assert_eq!(table.way(&progress, |_| true), Way::Nobody);
        // A stream that only carries the answer cannot carry other messages.
        table.take(first);
        let answer_only = table.open(party, "3", None, Carries::Answer, |_| ()).unwrap();
        assert!(table.send(answer_only, Instant::now()));
        assert_eq!(way(&table, SAMPLING, false), Way::Party(party));
    }

    #[test]
    fn nothing_reaches_a_client_whom_it_may_not_concern() {
        let mut table = Table::new(Users::Sessions);
        let (one, two) = (table.join(Some(())), table.join(Some(())));
        let way = |table: &Table<()>, text| table.way(&message(text), |_| true);
        assert_eq!(way(&table, SAMPLING), Way::Nobody);
        assert_eq!(way(&table, LOG), Way::Nobody);
        assert_eq!(way(&table, NEWS), Way::Parties(vec![one, two]));
        let updated = r#"{"method":"notifications/resources/updated","params":{"uri":"file:///a/b"}}"#;
        assert_eq!(way(&table, updated), Way::Parties(vec![]));
        table.follow(two, &message(r#"{"id":1,"method":"resources/subscribe","params":{"uri":"file:///a"}}"#));
        assert_eq!(way(&table, updated), Way::Parties(vec![two]));
        let other = r#"{"method":"notifications/resources/updated","params":{"uri":"file:///ab"}}"#;
        assert_eq!(way(&table, other), Way::Parties(vec![]));
        table.follow(two, &message(r#"{"id":1,"method":"resources/unsubscribe","params":{"uri":"file:///a"}}"#));
        assert_eq!(way(&table, updated), Way::Parties(vec![]));
        let first = open(&mut table, one, "1");
        assert_eq!(way(&table, SAMPLING), Way::Request(first));
        open(&mut table, two, "1");
        assert_eq!(way(&table, SAMPLING), Way::Nobody);
        assert_eq!(way(&table, LOG), Way::Nobody);
        assert!(table.add_question(one, "\"a\\/q\"") && !table.add_question(one, "\"a/q\""));
        let mut take = |party| table.take_question(party, "\"a/q\"", Instant::now());
        assert_eq!([take(two), take(one), take(one)], [false, true, false]);
        assert_eq!(table.leave(one), [first]);
        assert_eq!(table.open(one, "2", None, Carries::Messages, |_| ()), Err(Untaken::Gone));
    }

    #[test]
    fn requests_are_bounded_and_told_apart() {
        let mut table = Table::new(Users::Exchanges);
        let (one, two) = (table.join(None::<()>), table.join(None));
        open(&mut table, one, "1");
        for same in ["1", "1.0", "1e0"] {
            assert_eq!(table.open(one, same, None, Carries::Messages, |_| ()), Err(Untaken::IdInUse));
        }
        let long = "1".repeat(id::MAX_LENGTH + 1);
        assert_eq!(table.open(one, "t", Some(&long), Carries::Messages, |_| ()), Err(Untaken::LongToken));
        assert!(!table.add_question(one, &long));
        open(&mut table, one, "\"1\"");
        open(&mut table, two, "1");
        for id in 2..MAX_REQUESTS {
            open(&mut table, one, &id.to_string());
        }
        assert_eq!(table.open(one, "x", None, Carries::Messages, |_| ()), Err(Untaken::TooMany));
        assert_eq!(table.way(&message(SAMPLING), |_| true), Way::Nobody);
        assert_eq!(table.close().len(), MAX_REQUESTS + 1);
        assert_eq!(table.open(two, "y", None, Carries::Messages, |_| ()), Err(Untaken::Gone));
    }

    #[test]
    fn a_request_waits_for_one_thing_at_a_time() {
        let mut table = Table::new(Users::One);
        let party = table.join(Some(()));
        let number = table.open(party, "1", None, Carries::Messages, |_| ()).unwrap();
        assert_eq!(table.waits(number), Waits::ForOthers);
        let begun = Instant::now();
        assert!(table.send(number, begun));
        assert_eq!(table.waits(number), Waits::Since(begun));
        assert!(table.add_question(party, "1"));
        assert_eq!(table.waits(number), Waits::ForOthers);
        let later = begun + std::time::Duration::from_secs(1);
        assert!(table.take_question(party, "1", later));
        assert_eq!(table.waits(number), Waits::Since(later));
        table.take(number);
        assert_eq!(table.waits(number), Waits::NoMore);
    }
}
