//! What was taken of a body, in the form in which a row holds it.
//!
//! JSON is kept as JSON only if all readers read the same in it; else it is text. Where the text of a stream of events
//! is one JSON value, as in an answer that comes as a stream of one event, it is JSON.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use weir_core::Payload;
use weir_record::{Body, Excerpt};

use super::stream::{self, Assembled};
use super::taken::{Passed, Taken};

/// What the head of a message says about its body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing, so that a look has to tell.
    #[default]
    Unnamed,
    Json,
    Parameters,
    Events,
    /// Text of another kind, or bytes.
    Other,
    /// Compressed.
    Encoded,
}

impl Form {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let encoded = |value: &http::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
        if headers.get_all(CONTENT_ENCODING).iter().any(encoded) {
            return Self::Encoded;
        }
        let Some(value) = headers.get(CONTENT_TYPE) else { return Self::Unnamed };
        let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "text/event-stream" => Self::Events,
            "application/x-www-form-urlencoded" => Self::Parameters,
            essence if essence == "application/json" || essence.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

/// The body. One that did not pass to its end is kept by its hash and beginning unless it may be partial.
pub(super) fn of(taken: &Taken, form: Form, is_complete: bool) -> Body {
    let data = match taken.passed() {
        Passed::Whole([]) if taken.length() == 0 && is_complete => return Body::None,
        Passed::Whole(data) if is_complete && form != Form::Encoded => data,
        Passed::Whole(_) | Passed::Head(_) => return excerpt(taken),
    };
    let Ok(text) = std::str::from_utf8(data) else { return excerpt(taken) };
    match form {
        Form::Json | Form::Unnamed => json(text).unwrap_or_else(|| Body::Text(text.to_owned())),
        Form::Parameters => Body::Form(text.to_owned()),
        Form::Events => match stream::assembled(data) {
            Assembled::Spoken(text) => Body::Text(text),
            Assembled::Data(text) => json(&text).unwrap_or(Body::Text(text)),
        },
        Form::Other | Form::Encoded => Body::Text(text.to_owned()),
    }
}

fn json(text: &str) -> Option<Body> {
    // The parser of rows takes the last of two members of one name; whoever reads the row should see both.
    Payload::parse(text).ok()?;
    serde_json::from_str(text).ok().map(Body::Json)
}

fn excerpt(taken: &Taken) -> Body {
    let head = String::from_utf8_lossy(taken.head()).into_owned();
    Body::Excerpt(Excerpt { sha256: taken.sha256(), length: taken.length(), head })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(limit: usize, data: &[u8]) -> Taken {
        let mut taken = Taken::new(limit);
        taken.push(data);
        taken
    }

    fn form(content_type: &'static str) -> Form {
        Form::of(&HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(content_type))]))
    }

    #[test]
    fn a_body_is_kept_by_its_kind() {
        let text = |text: &str| Body::Text(text.to_owned());
        for (content_type, data, expected) in [
            (
                "application/json; charset=utf-8",
                "{\"n\":1.50}",
                Body::Json(serde_json::from_str("{\"n\":1.50}").unwrap()),
            ),
            ("application/problem+json", "[]", Body::Json(json!([]).into())),
            ("application/json", "{\"a\":1,\"a\":2}", text("{\"a\":1,\"a\":2}")),
            ("application/json", "{\"a\":", text("{\"a\":")),
            ("text/plain", "{\"a\":1}", text("{\"a\":1}")),
            ("application/x-www-form-urlencoded", "a=1&b=2", Body::Form("a=1&b=2".to_owned())),
            ("text/event-stream", "id: 1\ndata: {\"a\":1}\n\n: ping\n\n", Body::Json(json!({"a": 1}).into())),
            ("text/event-stream", "data: one\n\ndata: two\ndata: three\n\n", text("one\ntwo\nthree")),
            ("text/event-stream", "data: {\"choices\":[{\"delta\":{\"content\":\"{}\"}}]}\n\n", text("{}")),
            ("text/event-stream", "data: one\n\ndata: cut", text("one\ncut")),
            ("text/plain", "", Body::None),
        ] {
            assert_eq!(of(&taken(1000, data.as_bytes()), form(content_type), true), expected, "{content_type} {data}");
        }
        assert_eq!(of(&taken(9, b"[1]"), Form::Unnamed, true), Body::Json(json!([1]).into()));
        assert_eq!(of(&taken(9, b"x"), Form::Unnamed, true), text("x"));
    }

    #[test]
    fn what_cannot_be_kept_whole_is_kept_by_its_hash() {
        let of = |limit, data: &[u8], form, is_complete| match of(&taken(limit, data), form, is_complete) {
            Body::Excerpt(excerpt) => excerpt,
            other => panic!("{other:?}"),
        };
        let long = of(3, b"abcd", Form::Json, true);
        assert_eq!((long.length, long.head.as_str(), long.sha256.len()), (4, "abc", 64));
        assert!(long.sha256.starts_with("88d4266fd4e6338d13b845fc"), "{}", long.sha256);
        assert_eq!(of(9, b"\x1f\x8b", Form::Encoded, true).length, 2);
        assert_eq!(of(9, b"\xff\xfe", Form::Other, true).length, 2);
        assert_eq!(of(9, b"half", Form::Other, false).head, "half");
    }
}
