//! The two bodies of an exchange, as a row holds them.

use indexmap::IndexMap;
use serde::Serialize;

use crate::Json;
use crate::scrub::{decode, is_secret, scrub_json, scrub_text, scrub_url};

/// What was sent. There is no way to make one that holds credentials of its URL, its parameters or its JSON, be that
/// cut off or broken. As JSON it is the column `request_payload`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestPayload {
    url: String,
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<Parameters>,
    #[serde(flatten)]
    sent: Sent,
}

/// The body in a request: JSON as `json`, anything else as `data`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Sent {
    Nothing {},
    Json { json: Json },
    Form { data: Parameters },
    Text { data: String },
    Excerpt { data: Truncated },
}

/// A body as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// There is none.
    None,
    /// It is JSON.
    Json(Json),
    /// It is a form, `application/x-www-form-urlencoded`; kept by its names and values, without credentials.
    Form(String),
    /// It is other text, or the assembled text of a stream.
    Text(String),
    /// It is larger than what is kept, or no text.
    Excerpt(Excerpt),
}

/// What is kept of a body that is not kept whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// SHA-256 of all its bytes, in hex.
    pub sha256: String,
    /// How many bytes it has.
    pub length: u64,
    /// Its first bytes, as text.
    pub head: String,
}

/// The parameters of a query or a form by their names. Values of those that carry credentials are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Parameters(IndexMap<String, Values>);

/// A text for a name that comes once, a list for one that comes more often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

/// Tells that an excerpt is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Truncated {
    truncated: Excerpt,
}

/// Text that is no JSON, where JSON is expected.
#[derive(Serialize)]
struct Text {
    text: String,
}

impl RequestPayload {
    /// Takes a request apart from its headers. Parameters are those of the URL's query.
    pub fn new(url: &str, method: &str, body: Body) -> Self {
        let query = url.split_once('#').map_or(url, |(url, _)| url).split_once('?').map(|(_, query)| query);
        let params = query.filter(|query| !query.is_empty()).map(parameters);
        let sent = match body {
            Body::None => Sent::Nothing {},
            Body::Json(mut json) => {
                scrub_json(&mut json);
                Sent::Json { json }
            }
            Body::Form(text) => Sent::Form { data: parameters(&text) },
            Body::Text(text) => Sent::Text { data: scrub_text(&text) },
            Body::Excerpt(Excerpt { sha256, length, head }) => {
                let truncated = Excerpt { sha256, length, head: scrub_text(&head) };
                Sent::Excerpt { data: Truncated { truncated } }
            }
        };
        Self { url: scrub_url(url), method: method.to_owned(), params, sent }
    }

    /// Where it went, without credentials.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// URL and method.
    pub(crate) fn into_place(self) -> (String, String) {
        (self.url, self.method)
    }
}

impl Body {
    /// The column `raw_response`: JSON as it is, other text as `{"text": …}`, `null` for none.
    pub(crate) fn into_answer(self) -> Json {
        match self {
            Self::None => Json::default(),
            Self::Json(value) => value,
            Self::Text(text) | Self::Form(text) => Json::of(&Text { text }),
            Self::Excerpt(truncated) => Json::of(&Truncated { truncated }),
        }
    }
}

/// Takes a query or a form apart.
pub fn parameters(query: &str) -> Parameters {
    let mut members: IndexMap<String, Values> = IndexMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name);
        let value = if is_secret(&name) { crate::REDACTED.to_owned() } else { decode(value) };
        match members.get_mut(&name) {
            None => {
                members.insert(name, Values::One(value));
            }
            Some(values) => values.push(value),
        }
    }
    Parameters(members)
}

impl Values {
    fn push(&mut self, value: String) {
        match self {
            Self::One(first) => *self = Self::Several(vec![std::mem::take(first), value]),
            Self::Several(values) => values.push(value),
        }
    }
}
