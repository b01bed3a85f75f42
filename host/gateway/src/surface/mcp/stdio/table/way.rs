//! Routes messages of the process that are not answers.
//!
//! Invariant: a message without a certain recipient reaches nobody, except news, which are for all.

use weir_mcp::{Message, Method, Sort};

use super::{Carries, PartyId, Table, Users};

/// The route of a message of the process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the stream of this request.
    Request(u64),
    /// To a client's general stream.
    Party(PartyId),
    /// To the general streams of several clients.
    Parties(Vec<PartyId>),
    /// There is no recipient.
    Nobody,
}

impl<L: Clone> Table<L> {
    /// The route of a message of the process that is not an answer. `listens` tells whether somebody reads a client's
    /// general stream.
    pub(crate) fn way(&self, message: &Message, listens: impl Fn(PartyId) -> bool) -> Way {
        let named = message.progress().filter(|_| message.method() == Method::Progress);
        if let Some(name) = named.or_else(|| message.subscription()) {
            let known = name.parse().ok().filter(|number| self.requests.contains_key(number));
            return known.map_or(Way::Nobody, Way::Request);
        }
        if message.method() == Method::Cancelled {
            // It withdraws a question to a client.
            return message.cancelled().and_then(|id| self.party_asked(id)).map_or(Way::Nobody, Way::Party);
        }
        match (self.users, message.sort) {
            // In that revision servers ask inside results.
            (Users::Exchanges, Sort::Request) => return Way::Nobody,
            (Users::Sessions, Sort::Notification) => {
                if let Some(parties) = self.interested(message) {
                    return Way::Parties(parties);
                }
            }
            _ => {}
        }
        let Some(party) = self.concerned() else { return Way::Nobody };
        // Requests and log lines mostly relate to work in progress; news do not.
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

    /// The clients that news are for; `None` if the message is not news. News describe what exists, not what a client
    /// does, so several clients may get them. News of a resource only go to its subscribers; it may be part of the
    /// resource that they subscribed to.
    fn interested(&self, message: &Message) -> Option<Vec<PartyId>> {
        let all = self.parties.iter();
        if message.method_name().ends_with("/list_changed") {
            return Some(all.map(|(id, _)| *id).collect());
        }
        let uri = message.resource().filter(|_| message.method() == Method::ResourceUpdated)?;
        let asked = all.filter(|(_, party)| party.resources.iter().any(|resource| is_within(&uri, resource)));
        Some(asked.map(|(id, _)| *id).collect())
    }

    /// The only client that an unaddressed message can be for.
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

/// Whether a resource equals another one, or is part of it.
fn is_within(uri: &str, resource: &str) -> bool {
    uri.strip_prefix(resource)
        .is_some_and(|rest| rest.is_empty() || resource.ends_with('/') || rest.starts_with(['/', '?', '#']))
}
