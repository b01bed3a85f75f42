//! The envelope of a JSON-RPC message: what it is, and where its members stand in the text.
//!
//! Invariants: an envelope that was read can be read in one way only. Two members of one name, or a member whose
//! name differs from a known one by case alone (some servers take it for the known one), are refused. Whatever
//! is not replaced keeps its bytes.
//!
//! Not here: what params and result mean.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use weir_core::Payload;
use weir_core::payload::PayloadError;

use super::id::MAX_LENGTH;
use super::meta::Meta;
use crate::json::{self, Unreadable};

/// A JSON-RPC message.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// Checked to be UTF-8.
    text: Bytes,
    id: Option<Range<usize>>,
    method: Option<String>,
    params: Option<Range<usize>>,
    result: Option<Range<usize>>,
    error: Option<Range<usize>>,
    /// The params, once they have been parsed.
    shown: OnceLock<Arc<Payload>>,
    /// What their `_meta` says, once it has been read.
    meta: OnceLock<Meta>,
}

/// What a message is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// It wants an answer.
    Request {
        /// Its method.
        method: &'a str,
    },
    /// It wants none.
    Notification {
        /// Its method.
        method: &'a str,
    },
    /// It is an answer.
    Answer,
}

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// -32700.
    Syntax,
    /// -32600, with the reason and the id if one could be read.
    Invalid(&'static str, Option<String>),
}

const ID: &str = "the id must be a string or a number of at most 1024 bytes";

const NAMES: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

impl Envelope {
    /// Reads a message that a client sent.
    pub(crate) fn read(text: Bytes) -> Result<Self, Malformed> {
        let envelope = Self::scan(text)?;
        let invalid = |reason| Err(Malformed::Invalid(reason, envelope.readable_id()));
        match (&envelope.method, &envelope.id) {
            (Some(_), _) if envelope.result.is_some() || envelope.error.is_some() => {
                invalid("a message is a request or an answer, not both")
            }
            (Some(method), None) if !method.starts_with("notifications/") => {
                invalid("a request needs an id; only notifications/* have none")
            }
            (Some(_), Some(_)) if envelope.readable_id().is_none() => invalid(ID),
            (None, _) if envelope.result.is_some() == envelope.error.is_some() => {
                invalid("a message needs a method, a result or an error")
            }
            _ => Ok(envelope),
        }
    }

    /// Reads a message that a server sent. It may name methods that a client would not.
    pub(crate) fn received(text: Bytes) -> Result<Self, Malformed> {
        let envelope = Self::scan(text)?;
        let invalid = |reason| Err(Malformed::Invalid(reason, envelope.readable_id()));
        match &envelope.method {
            Some(_) if envelope.result.is_some() || envelope.error.is_some() => {
                invalid("a message is a request or an answer, not both")
            }
            Some(_) if envelope.id.is_some() && envelope.readable_id().is_none() => invalid(ID),
            // With both, readers differ in which of them they heed.
            None if envelope.result.is_some() == envelope.error.is_some() => {
                invalid("a message needs a method, a result or an error")
            }
            _ => Ok(envelope),
        }
    }

    fn scan(text: Bytes) -> Result<Self, Malformed> {
        let invalid = |reason| Malformed::Invalid(reason, None);
        let read = std::str::from_utf8(&text).map_err(|_| Malformed::Syntax)?;
        let members = json::members(read).map_err(|unreadable| match unreadable {
            Unreadable::Syntax => Malformed::Syntax,
            Unreadable::NotAnObject if read.trim_ascii_start().starts_with('[') => {
                invalid("batches are not part of the protocol; send one message per request")
            }
            Unreadable::NotAnObject => invalid("a message is a JSON object"),
        })?;
        let mut places: [Option<Range<usize>>; NAMES.len()] = Default::default();
        for member in members {
            let Some(known) = NAMES.iter().position(|name| name.eq_ignore_ascii_case(&member.name)) else { continue };
            if NAMES[known] != member.name || places[known].is_some() {
                return Err(invalid("a member of the message comes twice, or in another case"));
            }
            places[known] = Some(member.value);
        }
        let [version, id, method, params, result, error] = places;
        if version.is_none_or(|version| &read[version] != "\"2.0\"") {
            return Err(invalid("the message needs \"jsonrpc\": \"2.0\""));
        }
        let method = method
            .map(|method| serde_json::from_str(&read[method]).map_err(|_| invalid("the method must be a string")))
            .transpose()?;
        Ok(Self { id, method, params, result, error, text, shown: OnceLock::new(), meta: OnceLock::new() })
    }

    /// What the message is.
    pub(crate) fn kind(&self) -> Kind<'_> {
        match (&self.method, &self.id) {
            (Some(method), Some(_)) => Kind::Request { method },
            (Some(method), None) => Kind::Notification { method },
            (None, _) => Kind::Answer,
        }
    }

    /// The id as it was written; `null` if there is none.
    pub(crate) fn id(&self) -> &str {
        self.part(&self.id).unwrap_or("null")
    }

    /// The params as they were written.
    pub(crate) fn params(&self) -> Option<&str> {
        self.part(&self.params)
    }

    /// The params as policies see them: an empty object if there are none. Parsed once.
    pub(crate) fn shown_params(&self) -> Result<Arc<Payload>, PayloadError> {
        if let Some(shown) = self.shown.get() {
            return Ok(Arc::clone(shown));
        }
        let parsed = Arc::new(Payload::parse(self.params().unwrap_or("{}"))?);
        Ok(Arc::clone(self.shown.get_or_init(|| parsed)))
    }

    /// What `_meta` of the params says. Read once.
    pub(crate) fn meta(&self) -> &Meta {
        self.meta.get_or_init(|| Meta::of(self.params()))
    }

    /// The result as it was written.
    pub(crate) fn result(&self) -> Option<&str> {
        self.part(&self.result)
    }

    /// The error as it was written.
    pub(crate) fn error(&self) -> Option<&str> {
        self.part(&self.error)
    }

    /// The message with other params.
    pub(crate) fn with_params(&self, params: &str) -> Bytes {
        match &self.params {
            Some(place) => self.spliced(place.clone(), &[params]),
            None => {
                // The object has members already: the version at least.
                let end = self.as_str().trim_ascii_end().len() - 1;
                self.spliced(end..end, &[",\"params\":", params])
            }
        }
    }

    /// The message with another result.
    pub(crate) fn with_result(&self, result: &str) -> Bytes {
        match &self.result {
            Some(place) => self.spliced(place.clone(), &[result]),
            None => self.text.clone(),
        }
    }

    /// The whole message.
    pub(crate) fn text(&self) -> &Bytes {
        &self.text
    }

    /// The whole message.
    pub(crate) fn into_text(self) -> Bytes {
        self.text
    }

    /// The id, if it is one that an answer can repeat.
    fn readable_id(&self) -> Option<String> {
        let id = self.part(&self.id).filter(|id| id.len() <= MAX_LENGTH)?;
        (id.starts_with('"') || id.starts_with('-') || id.starts_with(|c: char| c.is_ascii_digit()))
            .then(|| id.to_owned())
    }

    fn spliced(&self, place: Range<usize>, with: &[&str]) -> Bytes {
        let added: usize = with.iter().map(|part| part.len()).sum();
        let mut text = Vec::with_capacity(self.text.len() - place.len() + added);
        text.extend_from_slice(&self.text[..place.start]);
        with.iter().for_each(|part| text.extend_from_slice(part.as_bytes()));
        text.extend_from_slice(&self.text[place.end..]);
        text.into()
    }

    fn part(&self, place: &Option<Range<usize>>) -> Option<&str> {
        place.clone().and_then(|place| self.as_str().get(place))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Envelope, Malformed> {
        Envelope::read(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn messages_are_told_apart() {
        let request = read(r#"{"jsonrpc":"2.0","id":1e0,"method":"tools\/call","params":{"a":1}}"#).unwrap();
        assert_eq!(request.kind(), Kind::Request { method: "tools/call" });
        assert_eq!((request.id(), request.params()), ("1e0", Some("{\"a\":1}")));
        let notification = read(r#"{"method":"notifications/initialized","jsonrpc":"2.0"}"#).unwrap();
        assert_eq!(notification.kind(), Kind::Notification { method: "notifications/initialized" });
        assert_eq!(read(r#"{"jsonrpc":"2.0","id":"x","result":{}}"#).unwrap().kind(), Kind::Answer);
        assert_eq!(read(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#).unwrap().kind(), Kind::Answer);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "[]",
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
            "1",
            r#"{"id":1,"method":"x"}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","\u006dethod":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","Params":{}}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
        ] {
            assert!(matches!(read(text), Err(Malformed::Invalid(..))), "{text}");
        }
        for text in ["", "{", "nul", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"} x", "{\"a\":NaN}"] {
            assert_eq!(read(text).unwrap_err(), Malformed::Syntax, "{text}");
        }
        assert_eq!(Envelope::read(Bytes::from_static(b"\"\xff\"")).unwrap_err(), Malformed::Syntax);
        let with_id = |length: usize| format!(r#"{{"jsonrpc":"2.0","id":{},"method":"ping"}}"#, "1".repeat(length));
        assert!(read(&with_id(MAX_LENGTH)).is_ok() && read(&with_id(MAX_LENGTH + 1)).is_err());
    }

    #[test]
    fn only_the_replaced_member_changes() {
        let text = " {\"x\" : 1.0,\"params\":{\"a\":1}, \"id\":\"\\u0031\" ,\"jsonrpc\":\"2.0\",\"method\":\"m\"} \n";
        let envelope = read(text).unwrap();
        assert_eq!(envelope.with_params("[2]"), text.replace("{\"a\":1}", "[2]"));
        let bare = read("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\" } ").unwrap();
        assert_eq!(bare.with_params("{}"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\" ,\"params\":{}} ");
    }

    #[test]
    fn what_a_server_sends_is_read_more_freely_but_not_in_two_ways() {
        let of = |text: &str| Envelope::received(Bytes::copy_from_slice(text.as_bytes()));
        let answer = of(r#"{"result":{"a":1.0},"id":7,"jsonrpc":"2.0"}"#).unwrap();
        assert_eq!(answer.result(), Some("{\"a\":1.0}"));
        assert_eq!(answer.with_result("{}"), r#"{"result":{},"id":7,"jsonrpc":"2.0"}"#);
        let request = of(r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}"#).unwrap();
        assert_eq!(request.kind(), Kind::Request { method: "sampling/createMessage" });
        assert_eq!(request.shown_params().unwrap().text(), "{}");
        assert!(of(r#"{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}"#).is_ok());
        for unreadable in [
            r#"{"jsonrpc":"2.0","id":1,"result":{"x":NaN}}"#,
            r#"{"jsonrpc":"2.0","id":1,"Result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"sampling/createMessage"}"#,
            r#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            "hello",
            "",
        ] {
            assert!(of(unreadable).is_err(), "{unreadable}");
        }
    }
}
