//! A message as far as routing needs it: its kind, its owner, and the numbers under which one process knows the
//! requests of several clients.
//!
//! Invariants: only the members that identify a request change (`id`, `progressToken`, `requestId`, the subscription's
//! id); everything else keeps its bytes. A text with duplicate members in a relevant object is not a message.
//!
//! Not here: whether a message may pass. [`Envelope::checked`] decides that on the same envelope, more strictly.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;

use crate::envelope::{Envelope, Kind};
use crate::json;
use crate::method::Method;

/// The request whose stream a notification belongs to, if several share a channel.
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// Most capabilities of a client that are read, and most bytes of a name.
const MAX_CAPABILITIES: usize = 64;
const MAX_NAME: usize = 128;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// It expects an answer.
    Request,
    /// It expects none.
    Notification,
    /// It is an answer.
    Answer,
}

/// A message that was scanned.
#[derive(Debug, Clone)]
pub struct Message {
    envelope: Envelope,
    /// What it is.
    pub sort: Sort,
}

impl Message {
    /// Scans a text; `None` if it is not a message.
    pub fn read(text: Bytes) -> Option<Self> {
        Envelope::overheard(text).map(Self::of)
    }

    /// The message in an envelope.
    pub fn of(envelope: Envelope) -> Self {
        let sort = match envelope.kind() {
            Kind::Request { .. } => Sort::Request,
            Kind::Notification { .. } => Sort::Notification,
            Kind::Answer => Sort::Answer,
        };
        Self { envelope, sort }
    }

    /// The envelope around it.
    pub fn into_envelope(self) -> Envelope {
        self.envelope
    }

    /// The envelope, borrowed.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The method; that of an answer is empty.
    pub fn method(&self) -> Method<'_> {
        Method::of(self.envelope.method())
    }

    /// The method as it was written.
    pub fn method_name(&self) -> &str {
        self.envelope.method()
    }

    /// The id as it was written; `null` if there is none.
    pub fn id(&self) -> &str {
        self.envelope.id()
    }

    /// The progress token of a request, as written.
    pub fn wanted_progress(&self) -> Option<&str> {
        self.part(self.envelope.in_params(&["_meta", "progressToken"]))
    }

    /// The token of a progress notification.
    pub fn progress(&self) -> Option<&str> {
        self.part(self.envelope.in_params(&["progressToken"]))
    }

    /// The request that a cancellation names.
    pub fn cancelled(&self) -> Option<&str> {
        self.part(self.envelope.in_params(&["requestId"]))
    }

    /// The subscription that a notification belongs to.
    pub fn subscription(&self) -> Option<&str> {
        self.part(self.envelope.in_params(&["_meta", SUBSCRIPTION]))
    }

    /// The resource that a request or a notification is about.
    pub fn resource(&self) -> Option<String> {
        json::string(self.part(self.envelope.in_params(&["uri"]))?)
    }

    /// The result of an answer.
    pub fn result(&self) -> Option<&str> {
        self.envelope.result()
    }

    /// The code of an answer that is an error.
    pub fn code(&self) -> Option<i32> {
        self.part(self.envelope.in_error(&["code"]))?.parse().ok()
    }

    /// The revision that an `initialize` asks for or its result agrees on.
    pub fn revision(&self) -> Option<String> {
        let path = &["protocolVersion"];
        let found =
            if self.sort == Sort::Answer { self.envelope.in_result(path) } else { self.envelope.in_params(path) };
        json::string(self.part(found)?)
    }

    /// The client's capabilities in an `initialize`, by name.
    pub fn capabilities(&self) -> BTreeSet<String> {
        let written = self.part(self.envelope.in_params(&["capabilities"])).unwrap_or("{}");
        let members = json::members(written).unwrap_or_default().into_iter();
        members.map(|member| member.name).filter(|name| name.len() <= MAX_NAME).take(MAX_CAPABILITIES).collect()
    }

    /// The request with this number as its id and its progress token.
    pub fn numbered(&self, number: u64) -> Bytes {
        let token = self.envelope.in_params(&["_meta", "progressToken"]);
        self.with([self.envelope.id_place(), token], &number.to_string()).into_text()
    }

    /// The answer with the id that its request came with.
    pub fn answering(&self, id: &str) -> Envelope {
        let subscription = self.envelope.in_result(&["_meta", SUBSCRIPTION]);
        self.with([self.envelope.id_place(), subscription], id)
    }

    /// The progress notification with another token.
    pub fn with_progress(&self, token: &str) -> Envelope {
        self.with([self.envelope.in_params(&["progressToken"]), None], token)
    }

    /// The cancellation for another request.
    pub fn with_cancelled(&self, id: &str) -> Bytes {
        self.with([self.envelope.in_params(&["requestId"]), None], id).into_text()
    }

    /// The notification for another subscription.
    pub fn with_subscription(&self, id: &str) -> Envelope {
        self.with([self.envelope.in_params(&["_meta", SUBSCRIPTION]), None], id)
    }

    /// The unchanged message in one line.
    pub fn in_one_line(&self) -> Envelope {
        self.envelope.clone().in_one_line()
    }

    fn with(&self, places: [Option<Range<usize>>; 2], value: &str) -> Envelope {
        let edits = places.into_iter().flatten().map(|place| (place, value.to_owned())).collect();
        self.envelope.edited(edits).in_one_line()
    }

    fn part(&self, place: Option<Range<usize>>) -> Option<&str> {
        place.map(|place| self.envelope.at(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Message> {
        Message::read(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn requests_travel_under_numbers_and_come_back_under_their_ids() {
        let request = read(
            "{\"params\" : {\"_meta\":{\"progressToken\":\"p\"},\"x\":1.0},\n\"id\":\"a\", \"jsonrpc\":\"2.0\",\"method\":\"m\"}",
        )
        .unwrap();
        assert_eq!((request.sort, request.method_name(), request.id()), (Sort::Request, "m", "\"a\""));
        assert_eq!(request.wanted_progress(), Some("\"p\""));
        assert_eq!(
            request.numbered(7),
            "{\"params\" : {\"_meta\":{\"progressToken\":7},\"x\":1.0}, \"id\":7, \"jsonrpc\":\"2.0\",\"method\":\"m\"}"
        );
        let answer = read(r#"{"jsonrpc":"2.0","id":7,"result":{"x":1.0,"protocolVersion":"v"}}"#).unwrap();
        assert_eq!((answer.sort, answer.id(), answer.code()), (Sort::Answer, "7", None));
        assert_eq!(answer.revision().as_deref(), Some("v"));
        assert_eq!(
            answer.answering("\"a\"").into_text(),
            r#"{"jsonrpc":"2.0","id":"a","result":{"x":1.0,"protocolVersion":"v"}}"#
        );
        let hello =
            read(r#"{"id":1,"method":"initialize","params":{"capabilities":{"roots":{"x":1},"a":{}}}}"#).unwrap();
        assert_eq!(hello.capabilities().into_iter().collect::<Vec<_>>(), ["a", "roots"]);
        assert!(request.capabilities().is_empty());
        let failed = read(r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"x"}}"#).unwrap();
        assert_eq!(failed.code(), Some(-32601));
        let ended = read(r#"{"id":7,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}}"#).unwrap();
        assert_eq!(
            ended.answering("\"s\"").into_text(),
            r#"{"id":"s","result":{"_meta":{"io.modelcontextprotocol/subscriptionId":"s"}}}"#
        );
    }

    #[test]
    fn notifications_say_what_they_belong_to() {
        let progress =
            read(r#"{"method":"notifications/progress","params":{"progressToken":7,"progress":1}}"#).unwrap();
        assert_eq!((progress.sort, progress.progress()), (Sort::Notification, Some("7")));
        assert_eq!(
            progress.with_progress("\"p\"").into_text(),
            r#"{"method":"notifications/progress","params":{"progressToken":"p","progress":1}}"#
        );
        let cancelled = read(r#"{"method":"notifications/cancelled","params":{"requestId":"a"}}"#).unwrap();
        assert_eq!(cancelled.cancelled(), Some("\"a\""));
        assert_eq!(cancelled.with_cancelled("7"), r#"{"method":"notifications/cancelled","params":{"requestId":7}}"#);
        let note =
            read(r#"{"method":"n","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":3},"a":[]}}"#).unwrap();
        assert_eq!(note.subscription(), Some("3"));
        assert!(note.with_subscription("\"x\"").into_text().ends_with(b"\"x\"},\"a\":[]}}"));
    }

    #[test]
    fn what_is_ambiguous_is_no_message() {
        for text in [
            "",
            "[]",
            "hello",
            "{}",
            r#"{"id":1,"id":2,"result":{}}"#,
            r#"{"id":1}"#,
            r#"{"id":1,"result":{},"error":{}}"#,
            r#"{"method":1}"#,
            r#"{"result":{}}"#,
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        let twice = read(r#"{"id":1,"method":"m","params":{"_meta":{"progressToken":1,"progressToken":2}}}"#).unwrap();
        assert_eq!(twice.wanted_progress(), None);
    }
}
