//! Where a message of the process goes that is no answer.
//!
//! Invariant: what cannot be told whose it is reaches nobody, but for news, which concern all.

use weir_mcp::{Message, Method, Sort};

use super::{Carries, PartyId, Table, Users};

/// Where a message of the process goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the stream of this request.
    Request(u64),
    /// To the stream of no request.
    Party(PartyId),
    /// To the streams of no request of several.
    Parties(Vec<PartyId>),
    /// Nobody can be asked.
    Nobody,
}

impl<L: Clone> Table<L> {
    /// Where a message of the process goes that is no answer. `listens` says whether somebody reads a client's stream
    /// of no request.
    pub(crate) fn way(&self, message: &Message, listens: impl Fn(PartyId) -> bool) -> Way {
        let named = message.progress().filter(|_| message.method() == Method::Progress);
        if let Some(name) = named.or_else(|| message.subscription()) {
            let known = name.parse().ok().filter(|number| self.requests.contains_key(number));
            return known.map_or(Way::Nobody, Way::Request);
        }
        if message.method() == Method::Cancelled {
            // Of a question that was put to somebody.
            return message.cancelled().and_then(|id| self.party_asked(id)).map_or(Way::Nobody, Way::Party);
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
        let related = message.sort == Sort::Request || message.method() == Method::LogMessage;
        let mut open =
            self.of(party).filter(|(_, request)| request.since.is_some() && request.carries == Carries::Messages);
        let (first, second) = (open.next(), open.next());
        match (first, second) {
            (Some((only, _)), None) if related => Way::Request(only),
            _ if listens(party) => Way::Party(party),
            (Some((oldest, _)), _) => Way::Request(oldest),
            (None, _) if self.parties.get(&party).is_some_and(|party| party.outlet.is_some()) => Way::Party(party),
            (None, _) => Way::Nobody,
        }
    }

    /// Who wants to hear of news; `None` if they are none. News say what there is, not what somebody does, so several
    /// may hear them. Of a resource only those who asked for it: it may be a part of what they named.
    fn interested(&self, message: &Message) -> Option<Vec<PartyId>> {
        let all = self.parties.iter();
        if message.method_name().ends_with("/list_changed") {
            return Some(all.map(|(id, _)| *id).collect());
        }
        let uri = message.resource().filter(|_| message.method() == Method::ResourceUpdated)?;
        let asked = all.filter(|(_, party)| party.resources.iter().any(|resource| is_within(&uri, resource)));
        Some(asked.map(|(id, _)| *id).collect())
    }

    /// The one client that a message without a name must concern.
    fn concerned(&self) -> Option<PartyId> {
        let mut working = self.requests.values().filter(|request| request.since.is_some()).map(|request| request.party);
        let first = working.next();
        match first {
            Some(first) if working.all(|other| other == first) => Some(first),
            Some(_) => None,
            None if self.parties.len() == 1 => self.parties.keys().next().copied(),
            None => None,
        }
    }
}

/// Whether a resource is another one, or a part of it.
fn is_within(uri: &str, resource: &str) -> bool {
    uri.strip_prefix(resource)
        .is_some_and(|rest| rest.is_empty() || resource.ends_with('/') || rest.starts_with(['/', '?', '#']))
}
