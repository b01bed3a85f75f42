//! The two bodies of an exchange, as a row holds them.

use serde_json::{Map, Value, json};

use crate::scrub::{decode, is_secret, scrub_json, scrub_text, scrub_url};

/// What was sent. There is no way to make one that holds credentials of its URL, its parameters or its JSON, be that
/// cut off or broken.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestPayload {
    url: String,
    method: String,
    params: Option<Value>,
    body: Body,
}

/// A body as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// There is none.
    None,
    /// It is JSON.
    Json(Value),
    /// It is a form, `application/x-www-form-urlencoded`; kept by its names and values, without credentials.
    Form(String),
    /// It is other text, or the assembled text of a stream.
    Text(String),
    /// It is larger than what is kept, or no text.
    Excerpt(Excerpt),
}

/// What is kept of a body that is not kept whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// SHA-256 of all its bytes, in hex.
    pub sha256: String,
    /// How many bytes it has.
    pub length: u64,
    /// Its first bytes, as text.
    pub head: String,
}

impl RequestPayload {
    /// Takes a request apart from its headers. Parameters are those of the URL's query.
    pub fn new(url: &str, method: &str, body: Body) -> Self {
        let query = url.split_once('#').map_or(url, |(url, _)| url).split_once('?').map(|(_, query)| query);
        let params = query.filter(|query| !query.is_empty()).map(parameters);
        let body = match body {
            Body::Json(mut value) => {
                scrub_json(&mut value);
                Body::Json(value)
            }
            Body::Text(text) => Body::Text(scrub_text(&text)),
            Body::Excerpt(Excerpt { sha256, length, head }) => {
                Body::Excerpt(Excerpt { sha256, length, head: scrub_text(&head) })
            }
            // Its values are looked at when it is taken apart.
            Body::Form(_) | Body::None => body,
        };
        Self { url: scrub_url(url), method: method.to_owned(), params, body }
    }

    /// Where it went, without credentials.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// URL, method, and the column `request_payload`.
    pub(crate) fn into_columns(self) -> (String, String, Value) {
        let Self { url, method, params, body } = self;
        let mut payload = Map::new();
        payload.insert("url".into(), json!(url));
        payload.insert("method".into(), json!(method));
        if let Some(params) = params {
            payload.insert("params".into(), params);
        }
        match body {
            Body::None => {}
            Body::Json(value) => {
                payload.insert("json".into(), value);
            }
            Body::Form(text) => {
                payload.insert("data".into(), parameters(&text));
            }
            Body::Text(text) => {
                payload.insert("data".into(), json!(text));
            }
            Body::Excerpt(excerpt) => {
                payload.insert("data".into(), excerpt.into_json());
            }
        }
        (url, method, Value::Object(payload))
    }
}

impl Body {
    /// The column `raw_response`: JSON as it is, other text as `{"text": …}`, `null` for none.
    pub(crate) fn into_json(self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Json(value) => value,
            Self::Text(text) | Self::Form(text) => json!({ "text": text }),
            Self::Excerpt(excerpt) => excerpt.into_json(),
        }
    }
}

impl Excerpt {
    fn into_json(self) -> Value {
        let Self { sha256, length, head } = self;
        json!({ "truncated": { "sha256": sha256, "length": length, "head": head } })
    }
}

/// The parameters of a query as an object: a text for a name that comes once, a list for one that comes more often.
/// Values of parameters that carry credentials are left out.
pub fn parameters(query: &str) -> Value {
    let mut members = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name);
        let value = if is_secret(&name) { crate::REDACTED.to_owned() } else { decode(value) };
        match members.get_mut(&name) {
            None => {
                members.insert(name, Value::String(value));
            }
            Some(Value::Array(values)) => values.push(Value::String(value)),
            Some(first) => *first = Value::Array(vec![first.take(), Value::String(value)]),
        }
    }
    Value::Object(members)
}
