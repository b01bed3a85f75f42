//! Who talks to a process: the requests that it works on, and to whom its own messages go.
//!
//! Invariants: a number is given once; what a process says reaches one stream of one client, except for news that
//! concern all of them; what cannot be told whose it is reaches nobody.
//!
//! Not here: any process, stream or policy. This only decides.

use std::collections::{BTreeMap, HashSet};

use super::message::{Message, Sort};

/// Most requests of one client at a time.
pub(super) const MAX_REQUESTS: usize = 128;

/// Most requests of the server that one client has not answered yet.
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

/// What the stream of a request can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// Its answer, and before that what belongs to it.
    Messages,
    /// Its answer alone.
    Answer,
}

/// Most resources that one client wants to hear of.
const MAX_RESOURCES: usize = 1024;

/// Numbers a client among the users of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PartyId(u64);

/// A request on its way. `L` is what leads to its stream.
#[derive(Debug)]
pub(super) struct Request<L> {
    pub(super) party: PartyId,
    /// As the client wrote it.
    pub(super) id: String,
    /// As the client wrote it.
    pub(super) token: Option<String>,
    pub(super) lane: L,
    carries: Carries,
    /// Whether the process has it.
    pub(super) sent: bool,
}

/// A client.
#[derive(Debug)]
struct Party<L> {
    /// Leads to the stream that belongs to no request; exchanges without a session have none.
    lane: Option<L>,
    /// Ids of the server's requests that it has not answered.
    questions: HashSet<String>,
    /// Resources whose changes it wants to hear of.
    resources: HashSet<String>,
}

/// Where a message of the process goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the stream of this request.
    Request(u64),
    /// To the stream of no request.
    Party(PartyId),
    /// To the streams of no request of several.
    Parties(Vec<PartyId>),
    /// Nobody can be asked.
    Nobody,
}

/// Why a request is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Untaken {
    TooMany,
    IdInUse,
    Gone,
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

    /// Takes in a client.
    pub(super) fn join(&mut self, lane: Option<L>) -> PartyId {
        let id = PartyId(self.number());
        self.parties.insert(id, Party { lane, questions: HashSet::new(), resources: HashSet::new() });
        id
    }

    /// Lets a client go; its requests that the process still works on are given back by number.
    pub(super) fn leave(&mut self, party: PartyId) -> Vec<u64> {
        self.parties.remove(&party);
        let gone: Vec<u64> = self.of(party).filter(|(_, request)| request.sent).map(|(number, _)| number).collect();
        self.requests.retain(|_, request| request.party != party);
        gone
    }

    /// Takes in a request and numbers it.
    pub(super) fn open(
        &mut self,
        party: PartyId,
        id: &str,
        token: Option<&str>,
        carries: Carries,
        lane: impl FnOnce(u64) -> L,
    ) -> Result<u64, Untaken> {
        if self.closed || !self.parties.contains_key(&party) {
            return Err(Untaken::Gone);
        }
        if self.of(party).count() >= MAX_REQUESTS {
            return Err(Untaken::TooMany);
        }
        if self.of(party).any(|(_, request)| request.id == id) {
            return Err(Untaken::IdInUse);
        }
        let number = self.number();
        let (id, token) = (id.to_owned(), token.map(str::to_owned));
        self.requests.insert(number, Request { party, id, token, lane: lane(number), carries, sent: false });
        Ok(number)
    }

    pub(super) fn request(&self, number: u64) -> Option<&Request<L>> {
        self.requests.get(&number)
    }

    /// Notes that the process has a request; false if it is not wanted any more.
    pub(super) fn send(&mut self, number: u64) -> bool {
        self.requests.get_mut(&number).is_some_and(|request| {
            request.sent = true;
            !self.closed
        })
    }

    /// Takes a request out: it is answered or not wanted any more.
    pub(super) fn take(&mut self, number: u64) -> Option<Request<L>> {
        self.requests.remove(&number)
    }

    /// The number of a client's request.
    pub(super) fn number_of(&self, party: PartyId, id: &str) -> Option<u64> {
        self.of(party).find(|(_, request)| request.id == id).map(|(number, _)| number)
    }

    /// What leads to the stream of no request.
    pub(super) fn lane(&self, party: PartyId) -> Option<L> {
        self.parties.get(&party)?.lane.clone()
    }

    /// The same of all clients.
    pub(super) fn lanes(&self) -> Vec<L> {
        self.parties.values().filter_map(|party| party.lane.clone()).collect()
    }

    /// Notes which resources a client wants to hear of.
    pub(super) fn follow(&mut self, party: PartyId, message: &Message) {
        let Some(party) = self.parties.get_mut(&party) else { return };
        match (&*message.method, message.resource()) {
            ("resources/subscribe", Some(uri)) if party.resources.len() < MAX_RESOURCES => {
                party.resources.insert(uri);
            }
            ("resources/unsubscribe", Some(uri)) => {
                party.resources.remove(&uri);
            }
            _ => {}
        }
    }

    /// Notes that a client is asked; false if it has too many questions already, or this very one.
    pub(super) fn ask(&mut self, party: PartyId, id: &str) -> bool {
        self.parties
            .get_mut(&party)
            .is_some_and(|party| party.questions.len() < MAX_QUESTIONS && party.questions.insert(id.to_owned()))
    }

    /// Takes a question out: it is answered, or was withdrawn. False if the client was not asked it.
    pub(super) fn answered(&mut self, party: PartyId, id: &str) -> bool {
        self.parties.get_mut(&party).is_some_and(|party| party.questions.remove(id))
    }

    /// The client that was asked.
    pub(super) fn asked(&self, id: &str) -> Option<PartyId> {
        self.parties.iter().find(|(_, party)| party.questions.contains(id)).map(|(id, _)| *id)
    }

    /// The process is gone. Gives what it was working on.
    pub(super) fn close(&mut self) -> Vec<(u64, Request<L>)> {
        self.closed = true;
        std::mem::take(&mut self.requests).into_iter().collect()
    }

    /// Where a message of the process goes that is no answer. `listens` says whether somebody reads a client's stream
    /// of no request.
    pub(super) fn way(&self, message: &Message, listens: impl Fn(PartyId) -> bool) -> Way {
        let named = message.progress().filter(|_| message.method == "notifications/progress");
        if let Some(name) = named.or_else(|| message.subscription()) {
            let known = name.parse().ok().filter(|number| self.requests.contains_key(number));
            return known.map_or(Way::Nobody, Way::Request);
        }
        if message.method == "notifications/cancelled" {
            // Of a question that was put to somebody.
            return message.cancelled().and_then(|id| self.asked(id)).map_or(Way::Nobody, Way::Party);
        }
        match (self.users, message.sort) {
            // There, servers ask by answers that want more.
            (Users::Exchanges, Sort::Request) => return Way::Nobody,
            (Users::Sessions, Sort::Notification) => {
                if let Some(parties) = self.interested(message) {
                    return Way::Parties(parties);
                }
            }
            _ => {}
        }
        let Some(party) = self.concerned() else { return Way::Nobody };
        // Requests and log lines mostly come from what is being worked on; news do not.
        let related = message.sort == Sort::Request || message.method == "notifications/message";
        let mut open = self.of(party).filter(|(_, request)| request.sent && request.carries == Carries::Messages);
        let (first, second) = (open.next(), open.next());
        match (first, second) {
            (Some((only, _)), None) if related => Way::Request(only),
            _ if listens(party) => Way::Party(party),
            (Some((oldest, _)), _) => Way::Request(oldest),
            (None, _) if self.parties.get(&party).is_some_and(|party| party.lane.is_some()) => Way::Party(party),
            (None, _) => Way::Nobody,
        }
    }

    /// Who wants to hear of news; `None` if they are none. News say what there is, not what somebody does, so several
    /// may hear them. Of a resource only those who asked for it: it may be a part of what they named.
    fn interested(&self, message: &Message) -> Option<Vec<PartyId>> {
        let all = self.parties.iter();
        if message.method.ends_with("/list_changed") {
            return Some(all.map(|(id, _)| *id).collect());
        }
        let uri = message.resource().filter(|_| message.method == "notifications/resources/updated")?;
        let asked = all.filter(|(_, party)| party.resources.iter().any(|resource| is_within(&uri, resource)));
        Some(asked.map(|(id, _)| *id).collect())
    }

    /// The one client that a message without a name must concern.
    fn concerned(&self) -> Option<PartyId> {
        let mut working = self.requests.values().filter(|request| request.sent).map(|request| request.party);
        let first = working.next();
        match first {
            Some(first) if working.all(|other| other == first) => Some(first),
            Some(_) => None,
            None if self.parties.len() == 1 => self.parties.keys().next().copied(),
            None => None,
        }
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

/// Whether a resource is another one, or a part of it.
fn is_within(uri: &str, resource: &str) -> bool {
    uri.strip_prefix(resource)
        .is_some_and(|rest| rest.is_empty() || resource.ends_with('/') || rest.starts_with(['/', '?', '#']))
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
        assert!(table.send(number));
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
        // A request whose stream carries its answer alone is none to talk on.
        table.take(first);
        let answer_only = table.open(party, "3", None, Carries::Answer, |_| ()).unwrap();
        assert!(table.send(answer_only));
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
        assert!(table.ask(one, "\"q\"") && !table.ask(one, "\"q\""));
        assert!(!table.answered(two, "\"q\"") && table.answered(one, "\"q\"") && !table.answered(one, "\"q\""));
        assert_eq!(table.leave(one), [first]);
        assert_eq!(table.open(one, "2", None, Carries::Messages, |_| ()), Err(Untaken::Gone));
    }

    #[test]
    fn requests_are_bounded_and_told_apart() {
        let mut table = Table::new(Users::Exchanges);
        let (one, two) = (table.join(None::<()>), table.join(None));
        open(&mut table, one, "1");
        assert_eq!(table.open(one, "1", None, Carries::Messages, |_| ()), Err(Untaken::IdInUse));
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
}
