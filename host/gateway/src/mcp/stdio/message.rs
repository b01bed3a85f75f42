//! A message as far as its way has to be found: what it is, whose it is, and the numbers under which one process
//! knows what several clients asked.
//!
//! Invariants: only the members that name a request change (`id`, `progressToken`, `requestId`, the subscription's
//! id); all else keeps its bytes. What has two members of one name at a place that matters is no message.
//!
//! Not here: whether a message may pass. That is the conversation's matter, which reads it again, more strictly.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;

use crate::json;

/// Names the request whose stream a notification belongs to, where several share a channel.
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// Most capabilities of a client that are looked at, and most bytes of the name of one.
const MAX_CAPABILITIES: usize = 64;
const MAX_NAME: usize = 128;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Request,
    Notification,
    Answer,
}

/// A message that was looked at.
#[derive(Debug, Clone)]
pub(super) struct Message {
    text: Bytes,
    pub(super) sort: Sort,
    /// Empty for an answer.
    pub(super) method: String,
    id: Option<Range<usize>>,
    params: Option<Range<usize>>,
    result: Option<Range<usize>>,
    failure: Option<Range<usize>>,
}

impl Message {
    /// Looks at a message; `None` if it is none.
    pub(super) fn read(text: Bytes) -> Option<Self> {
        let read = std::str::from_utf8(&text).ok()?;
        let whole = 0..read.len();
        let id = only(read, &whole, "id").ok()?;
        let params = only(read, &whole, "params").ok()?;
        let method = only(read, &whole, "method").ok()?;
        let result = only(read, &whole, "result").ok()?;
        let failure = only(read, &whole, "error").ok()?;
        let method = method.map(|place| serde_json::from_str::<String>(&read[place])).transpose().ok()?;
        let sort = match (&method, &id) {
            (Some(_), Some(_)) => Sort::Request,
            (Some(_), None) => Sort::Notification,
            (None, Some(_)) if result.is_some() != failure.is_some() => Sort::Answer,
            (None, _) => return None,
        };
        Some(Self { sort, method: method.unwrap_or_default(), id, params, result, failure, text })
    }

    /// The id as it was written; `null` if there is none.
    pub(super) fn id(&self) -> &str {
        self.id.clone().map_or("null", |place| self.part(place))
    }

    /// The token under which a request wants to hear of its progress, as it was written.
    pub(super) fn wanted_progress(&self) -> Option<&str> {
        self.find(&self.params, &["_meta", "progressToken"]).map(|place| self.part(place))
    }

    /// The token that a notification of progress has.
    pub(super) fn progress(&self) -> Option<&str> {
        self.find(&self.params, &["progressToken"]).map(|place| self.part(place))
    }

    /// The request that a cancellation is about.
    pub(super) fn cancelled(&self) -> Option<&str> {
        self.find(&self.params, &["requestId"]).map(|place| self.part(place))
    }

    /// The subscription that a notification belongs to.
    pub(super) fn subscription(&self) -> Option<&str> {
        self.find(&self.params, &["_meta", SUBSCRIPTION]).map(|place| self.part(place))
    }

    /// The resource that a request or a notification is about.
    pub(super) fn resource(&self) -> Option<String> {
        let place = self.find(&self.params, &["uri"])?;
        serde_json::from_str(self.part(place)).ok()
    }

    /// The result of an answer.
    pub(super) fn result(&self) -> Option<&str> {
        self.result.clone().map(|place| self.part(place))
    }

    /// The code of an answer that is an error.
    pub(super) fn code(&self) -> Option<i32> {
        self.find(&self.failure, &["code"]).and_then(|place| self.part(place).parse().ok())
    }

    /// The revision that an `initialize` asks for or its result agrees on.
    pub(super) fn revision(&self) -> Option<String> {
        let within = if self.sort == Sort::Answer { &self.result } else { &self.params };
        self.find(within, &["protocolVersion"]).and_then(|place| serde_json::from_str(self.part(place)).ok())
    }

    /// What the client that sends an `initialize` can do, by name.
    pub(super) fn capabilities(&self) -> BTreeSet<String> {
        let told = self.find(&self.params, &["capabilities"]).map_or("{}", |place| self.part(place));
        let members = json::members(told).unwrap_or_default().into_iter();
        members.map(|member| member.name).filter(|name| name.len() <= MAX_NAME).take(MAX_CAPABILITIES).collect()
    }

    /// A request under the number that stands for it and its token.
    pub(super) fn numbered(&self, number: u64) -> Bytes {
        let token = self.find(&self.params, &["_meta", "progressToken"]);
        self.with([(self.id.clone(), number.to_string()), (token, number.to_string())])
    }

    /// An answer under the id that its request came with.
    pub(super) fn answering(&self, id: &str) -> Bytes {
        let subscription = self.find(&self.result, &["_meta", SUBSCRIPTION]);
        self.with([(self.id.clone(), id.to_owned()), (subscription, id.to_owned())])
    }

    /// A notification of progress with another token.
    pub(super) fn with_progress(&self, token: &str) -> Bytes {
        self.with([(self.find(&self.params, &["progressToken"]), token.to_owned()), (None, String::new())])
    }

    /// A cancellation of another request.
    pub(super) fn with_cancelled(&self, id: &str) -> Bytes {
        self.with([(self.find(&self.params, &["requestId"]), id.to_owned()), (None, String::new())])
    }

    /// A notification of another subscription.
    pub(super) fn with_subscription(&self, id: &str) -> Bytes {
        self.with([(self.find(&self.params, &["_meta", SUBSCRIPTION]), id.to_owned()), (None, String::new())])
    }

    /// The message as it was, in one line.
    pub(super) fn text(&self) -> Bytes {
        one_line(self.text.clone())
    }

    fn with(&self, mut edits: [(Option<Range<usize>>, String); 2]) -> Bytes {
        edits.sort_by_key(|(place, _)| place.as_ref().map_or(usize::MAX, |place| place.start));
        let mut text = Vec::with_capacity(self.text.len() + 32);
        let mut done = 0;
        for (place, value) in edits {
            let Some(place) = place else { continue };
            text.extend_from_slice(&self.text[done..place.start]);
            text.extend_from_slice(value.as_bytes());
            done = place.end;
        }
        text.extend_from_slice(&self.text[done..]);
        one_line(text.into())
    }

    fn find(&self, within: &Option<Range<usize>>, path: &[&str]) -> Option<Range<usize>> {
        let text = std::str::from_utf8(&self.text).ok()?;
        let mut place = within.clone()?;
        for name in path {
            place = only(text, &place, name).ok()??;
        }
        Some(place)
    }

    fn part(&self, place: Range<usize>) -> &str {
        std::str::from_utf8(&self.text[place]).unwrap_or_default()
    }
}

/// Where the value of a member of the object at a place stands. An error if there are two, or no object.
fn only(text: &str, within: &Range<usize>, name: &str) -> Result<Option<Range<usize>>, ()> {
    let members = json::members(&text[within.clone()]).map_err(|_| ())?;
    let mut found = members.into_iter().filter(|member| member.name == name);
    let first = found.next().map(|member| within.start + member.value.start..within.start + member.value.end);
    if found.next().is_some() { Err(()) } else { Ok(first) }
}

/// Between the tokens of JSON a line end is a blank like any other, and nowhere else can one stand.
pub(super) fn one_line(text: Bytes) -> Bytes {
    if !text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return text;
    }
    let spaced = text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
    spaced.collect::<Vec<u8>>().into()
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
        assert_eq!((request.sort, &*request.method, request.id()), (Sort::Request, "m", "\"a\""));
        assert_eq!(request.wanted_progress(), Some("\"p\""));
        assert_eq!(
            request.numbered(7),
            "{\"params\" : {\"_meta\":{\"progressToken\":7},\"x\":1.0}, \"id\":7, \"jsonrpc\":\"2.0\",\"method\":\"m\"}"
        );
        let answer = read(r#"{"jsonrpc":"2.0","id":7,"result":{"x":1.0,"protocolVersion":"v"}}"#).unwrap();
        assert_eq!((answer.sort, answer.id(), answer.code()), (Sort::Answer, "7", None));
        assert_eq!(answer.revision().as_deref(), Some("v"));
        assert_eq!(answer.answering("\"a\""), r#"{"jsonrpc":"2.0","id":"a","result":{"x":1.0,"protocolVersion":"v"}}"#);
        let hello =
            read(r#"{"id":1,"method":"initialize","params":{"capabilities":{"roots":{"x":1},"a":{}}}}"#).unwrap();
        assert_eq!(hello.capabilities().into_iter().collect::<Vec<_>>(), ["a", "roots"]);
        assert!(request.capabilities().is_empty());
        let failed = read(r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"x"}}"#).unwrap();
        assert_eq!(failed.code(), Some(-32601));
        let ended = read(r#"{"id":7,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}}"#).unwrap();
        assert_eq!(
            ended.answering("\"s\""),
            r#"{"id":"s","result":{"_meta":{"io.modelcontextprotocol/subscriptionId":"s"}}}"#
        );
    }

    #[test]
    fn notifications_say_what_they_belong_to() {
        let progress =
            read(r#"{"method":"notifications/progress","params":{"progressToken":7,"progress":1}}"#).unwrap();
        assert_eq!((progress.sort, progress.progress()), (Sort::Notification, Some("7")));
        assert_eq!(
            progress.with_progress("\"p\""),
            r#"{"method":"notifications/progress","params":{"progressToken":"p","progress":1}}"#
        );
        let cancelled = read(r#"{"method":"notifications/cancelled","params":{"requestId":"a"}}"#).unwrap();
        assert_eq!(cancelled.cancelled(), Some("\"a\""));
        assert_eq!(cancelled.with_cancelled("7"), r#"{"method":"notifications/cancelled","params":{"requestId":7}}"#);
        let note =
            read(r#"{"method":"n","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":3},"a":[]}}"#).unwrap();
        assert_eq!(note.subscription(), Some("3"));
        assert!(note.with_subscription("\"x\"").ends_with(b"\"x\"},\"a\":[]}}"));
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
