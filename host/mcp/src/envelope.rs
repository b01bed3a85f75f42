//! A JSON-RPC message: its kind, and where its members are in the text.
//!
//! Invariants: a text is scanned once. An envelope from `read` or `received` is unambiguous: duplicate members are
//! refused, and so are members that differ from a known name only by case, since some servers accept those. Everything
//! that is not replaced keeps its bytes.
//!
//! Not here: what params and result mean.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use weir_core::Payload;
use weir_core::payload::PayloadError;

use crate::id::MAX_LENGTH;
use crate::json::{self, Unreadable};
use crate::meta::Meta;

/// A JSON-RPC message.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Checked to be UTF-8.
    text: Bytes,
    method: Option<String>,
    places: [Option<Range<usize>>; NAMES.len()],
    /// Why a strict reader refuses it.
    flaw: Option<&'static str>,
    /// The params, once they have been parsed.
    shown: OnceLock<Arc<Payload>>,
    /// Their `_meta`, once it has been read.
    meta: OnceLock<Meta>,
}

/// What a message is.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// It expects an answer.
    Request {
        /// Its method.
        method: &'a str,
    },
    /// It expects none.
    Notification {
        /// Its method.
        method: &'a str,
    },
    /// It is an answer.
    Answer,
}

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// -32700.
    Syntax,
    /// -32600, with the reason and the id if one could be read.
    Invalid(&'static str, Option<String>),
}

const ID: &str = "the id must be a string or a number of at most 1024 bytes";
const BOTH: &str = "a message is a request or an answer, not both";
const NEITHER: &str = "a message needs a method, a result or an error";
const TWICE: &str = "a member of the message comes twice, or in another case";
const VERSION: &str = "the message needs \"jsonrpc\": \"2.0\"";

const NAMES: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
const ID_PLACE: usize = 1;
const METHOD_PLACE: usize = 2;
const PARAMS_PLACE: usize = 3;
const RESULT_PLACE: usize = 4;
const ERROR_PLACE: usize = 5;

impl Envelope {
    /// Reads a message that a client sent.
    pub fn read(text: Bytes) -> Result<Self, Malformed> {
        let envelope = Self::scan(text)?.sound()?;
        let invalid = |reason| Err(Malformed::Invalid(reason, envelope.readable_id()));
        let (has_result, has_error) = (envelope.has(RESULT_PLACE), envelope.has(ERROR_PLACE));
        match (&envelope.method, envelope.has(ID_PLACE)) {
            (Some(_), _) if has_result || has_error => invalid(BOTH),
            (Some(method), false) if !method.starts_with("notifications/") => {
                invalid("a request needs an id; only notifications/* have none")
            }
            (Some(_), true) if envelope.readable_id().is_none() => invalid(ID),
            (None, _) if has_result == has_error => invalid(NEITHER),
            _ => Ok(envelope),
        }
    }

    /// Reads a message that a server sent. Its methods are not limited to those of clients.
    pub fn received(text: Bytes) -> Result<Self, Malformed> {
        Self::scan(text)?.checked()
    }

    /// Scans a message as far as routing needs it; `None` if it is not a message. [`Envelope::checked`] decides whether
    /// it may pass.
    pub fn overheard(text: Bytes) -> Option<Self> {
        let envelope = Self::scan(text).ok()?;
        let is_answer = envelope.has(ID_PLACE) && envelope.has(RESULT_PLACE) != envelope.has(ERROR_PLACE);
        (envelope.method.is_some() || is_answer).then_some(envelope)
    }

    /// The message, if it is unambiguous.
    pub fn checked(self) -> Result<Self, Malformed> {
        let envelope = self.sound()?;
        let invalid = |reason| Err(Malformed::Invalid(reason, envelope.readable_id()));
        let (has_result, has_error) = (envelope.has(RESULT_PLACE), envelope.has(ERROR_PLACE));
        match &envelope.method {
            Some(_) if has_result || has_error => invalid(BOTH),
            Some(_) if envelope.has(ID_PLACE) && envelope.readable_id().is_none() => invalid(ID),
            // With both, readers differ in which one they use.
            None if has_result == has_error => invalid(NEITHER),
            _ => Ok(envelope),
        }
    }

    fn sound(self) -> Result<Self, Malformed> {
        match self.flaw {
            Some(flaw) => Err(Malformed::Invalid(flaw, None)),
            None => Ok(self),
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
        let mut flaw = None;
        for member in members {
            let Some(known) = NAMES.iter().position(|name| name.eq_ignore_ascii_case(&member.name)) else { continue };
            if NAMES[known] != member.name {
                flaw = Some(TWICE);
            } else if places[known].is_some() {
                return Err(invalid(TWICE));
            } else {
                places[known] = Some(member.value);
            }
        }
        if places[0].clone().is_none_or(|version| &read[version] != "\"2.0\"") {
            flaw = flaw.or(Some(VERSION));
        }
        let method = places[METHOD_PLACE].clone();
        let method = method
            .map(|method| serde_json::from_str(&read[method]))
            .transpose()
            .map_err(|_| invalid(flaw.unwrap_or("the method must be a string")))?;
        Ok(Self { text, method, places, flaw, shown: OnceLock::new(), meta: OnceLock::new() })
    }

    /// What the message is.
    pub fn kind(&self) -> Kind<'_> {
        match (&self.method, self.has(ID_PLACE)) {
            (Some(method), true) => Kind::Request { method },
            (Some(method), false) => Kind::Notification { method },
            (None, _) => Kind::Answer,
        }
    }

    /// The method; empty for an answer.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or_default()
    }

    /// The id as it was written; `null` if there is none.
    pub fn id(&self) -> &str {
        self.part(ID_PLACE).unwrap_or("null")
    }

    /// The params as they were written.
    pub fn params(&self) -> Option<&str> {
        self.part(PARAMS_PLACE)
    }

    /// The params as policies see them: an empty object if there are none. Parsed once.
    pub fn shown_params(&self) -> Result<Arc<Payload>, PayloadError> {
        if let Some(shown) = self.shown.get() {
            return Ok(Arc::clone(shown));
        }
        let parsed = Arc::new(Payload::parse(self.params().unwrap_or("{}"))?);
        Ok(Arc::clone(self.shown.get_or_init(|| parsed)))
    }

    /// The `_meta` of the params. Read once.
    pub fn meta(&self) -> &Meta {
        self.meta.get_or_init(|| Meta::of(self.params()))
    }

    /// The result as it was written.
    pub fn result(&self) -> Option<&str> {
        self.part(RESULT_PLACE)
    }

    /// The error as it was written.
    pub fn error(&self) -> Option<&str> {
        self.part(ERROR_PLACE)
    }

    /// The message with other params, which are JSON.
    pub fn with_params(&self, params: &str) -> Self {
        match &self.places[PARAMS_PLACE] {
            Some(place) => self.edited(vec![(place.clone(), params.to_owned())]),
            None => {
                // The object already has at least the version.
                const NAME: &str = ",\"params\":";
                let end = self.as_str().trim_ascii_end().len() - 1;
                let mut changed = self.edited(vec![(end..end, format!("{NAME}{params}"))]);
                let start = end + NAME.len();
                changed.places[PARAMS_PLACE] = Some(start..start + params.len());
                changed
            }
        }
    }

    /// The message with another result, which is JSON.
    pub fn with_result(&self, result: &str) -> Self {
        match &self.places[RESULT_PLACE] {
            Some(place) => self.edited(vec![(place.clone(), result.to_owned())]),
            None => self.clone(),
        }
    }

    /// The whole message.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The whole message.
    pub fn into_text(self) -> Bytes {
        self.text
    }

    /// The id, if an answer can repeat it.
    fn readable_id(&self) -> Option<String> {
        let id = self.part(ID_PLACE).filter(|id| id.len() <= MAX_LENGTH)?;
        (id.starts_with('"') || id.starts_with('-') || id.starts_with(|c: char| c.is_ascii_digit()))
            .then(|| id.to_owned())
    }

    /// The range of the id.
    pub(crate) fn id_place(&self) -> Option<Range<usize>> {
        self.places[ID_PLACE].clone()
    }

    /// The range of the value at a path within the params; `None` if it is missing or duplicate.
    pub(crate) fn in_params(&self, path: &[&str]) -> Option<Range<usize>> {
        self.find(PARAMS_PLACE, path)
    }

    /// The same within the result.
    pub(crate) fn in_result(&self, path: &[&str]) -> Option<Range<usize>> {
        self.find(RESULT_PLACE, path)
    }

    /// The same within the error.
    pub(crate) fn in_error(&self, path: &[&str]) -> Option<Range<usize>> {
        self.find(ERROR_PLACE, path)
    }

    /// The text in a range.
    pub(crate) fn at(&self, place: Range<usize>) -> &str {
        self.as_str().get(place).unwrap_or_default()
    }

    /// The message with other values in some ranges, which do not overlap. The new ranges of the members are computed
    /// from the old ones; the text is not scanned again.
    pub(crate) fn edited(&self, mut edits: Vec<(Range<usize>, String)>) -> Self {
        edits.sort_by_key(|(place, _)| place.start);
        let mut text = Vec::with_capacity(self.text.len() + 64);
        let mut done = 0;
        for (place, value) in &edits {
            text.extend_from_slice(&self.text[done..place.start]);
            text.extend_from_slice(value.as_bytes());
            done = place.end;
        }
        text.extend_from_slice(&self.text[done..]);
        let moved = |place: &Range<usize>| {
            let (mut start, mut end) = (place.start, place.end);
            for (edit, value) in edits.iter().rev() {
                let shift = |at: usize| at - edit.len() + value.len();
                if edit.end <= start && edit != place {
                    start = shift(start);
                }
                if edit.end <= end {
                    end = shift(end);
                }
            }
            start..end
        };
        let places = self.places.each_ref().map(|place| place.as_ref().map(moved));
        Self {
            text: text.into(),
            method: self.method.clone(),
            places,
            flaw: self.flaw,
            shown: OnceLock::new(),
            meta: OnceLock::new(),
        }
    }

    /// The message in one line. In JSON a raw line end is only allowed between tokens, where it equals a space.
    pub fn in_one_line(self) -> Self {
        Self { text: one_line(self.text), ..self }
    }

    fn has(&self, place: usize) -> bool {
        self.places[place].is_some()
    }

    fn find(&self, within: usize, path: &[&str]) -> Option<Range<usize>> {
        let text = self.as_str();
        path.iter().try_fold(self.places[within].clone()?, |place, name| json::only(text, &place, name))
    }

    fn part(&self, place: usize) -> Option<&str> {
        self.places[place].clone().and_then(|place| self.as_str().get(place))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

/// JSON text without line ends.
pub fn one_line(text: Bytes) -> Bytes {
    if !text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return text;
    }
    let spaced = text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
    spaced.collect::<Vec<u8>>().into()
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
        assert_eq!(envelope.with_params("[2]").into_text(), text.replace("{\"a\":1}", "[2]"));
        let bare = read("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\" } ").unwrap();
        assert_eq!(
            bare.with_params("{}").into_text(),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\" ,\"params\":{}} "
        );
    }

    #[test]
    fn what_a_server_sends_is_read_more_freely_but_not_in_two_ways() {
        let of = |text: &str| Envelope::received(Bytes::copy_from_slice(text.as_bytes()));
        let answer = of(r#"{"result":{"a":1.0},"id":7,"jsonrpc":"2.0"}"#).unwrap();
        assert_eq!(answer.result(), Some("{\"a\":1.0}"));
        assert_eq!(answer.with_result("{}").into_text(), r#"{"result":{},"id":7,"jsonrpc":"2.0"}"#);
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

    #[test]
    fn members_are_found_where_edits_moved_them() {
        let text = r#"{"jsonrpc":"2.0","id":12345,"params":{"a":{"b":1},"c":2},"method":"m","x":[]}"#;
        let envelope = read(text).unwrap();
        let edited = envelope.edited(vec![
            (envelope.in_params(&["c"]).unwrap(), "\"long text\"".to_owned()),
            (envelope.id_place().unwrap(), "7".to_owned()),
            (envelope.in_params(&["a", "b"]).unwrap(), "[]".to_owned()),
        ]);
        let scanned = Envelope::read(edited.text().clone()).unwrap();
        assert_eq!(edited.places, scanned.places, "{:?}", edited.text());
        let added = read(r#"{"jsonrpc":"2.0","id":1,"method":"m" } "#).unwrap().with_params("[1]");
        assert_eq!(added.places, Envelope::read(added.text().clone()).unwrap().places);
        assert_eq!(added.params(), Some("[1]"));
    }
}
