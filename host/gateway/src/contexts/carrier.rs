//! Reading the context that a request carries in its headers.
//!
//! A request without any of them costs a look for each name and nothing else.

use http::{HeaderMap, HeaderName};

use super::{ContextError, Contexts, Field, Inside, checked, index};
use crate::call::CallRef;
use crate::headers::{WEIR_ACTION_NAME, WEIR_AGENT_ID, WEIR_CONTEXT, WEIR_INTERCEPT_INDEX, WEIR_PASSTHROUGH};

/// The context of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) inside: Inside,
    /// Whether the caller wants this call to pass without a row and without a check.
    pub(crate) passthrough: bool,
    /// The reference that was promised for the first call of a token.
    pub(crate) promised: Option<CallRef>,
}

/// The context that these headers carry; `None` if they carry none.
pub(crate) fn read(headers: &HeaderMap, contexts: &Contexts) -> Result<Option<Carried>, ContextError> {
    let once = |field, name: HeaderName| once(headers, field, name);
    let agent = once(Field::AgentHeader, WEIR_AGENT_ID)?;
    let action = once(Field::ActionHeader, WEIR_ACTION_NAME)?;
    let place = once(Field::IndexHeader, WEIR_INTERCEPT_INDEX)?;
    let token = once(Field::TokenHeader, WEIR_CONTEXT)?;
    let passthrough = match once(Field::PassthroughHeader, WEIR_PASSTHROUGH)?.map(str::trim) {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("true") => true,
        Some(word) if word.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(ContextError::Passthrough(Field::PassthroughHeader)),
    };
    let half = |present, missing| Err(ContextError::Half { present, missing });
    let named = [
        (agent.is_some(), Field::AgentHeader),
        (action.is_some(), Field::ActionHeader),
        (place.is_some(), Field::IndexHeader),
    ];
    match (token, named.into_iter().find_map(|(given, field)| given.then_some(field))) {
        (None, None) => Ok(None),
        (Some(_), Some(field)) => Err(ContextError::BothCarriers(field)),
        (Some(token), None) => {
            let (inside, promised) = contexts.enter(token.trim(), !passthrough).ok_or(ContextError::NotOpen)?;
            Ok(Some(Carried { inside, passthrough, promised }))
        }
        (None, Some(first)) => match (agent, action) {
            (Some(agent), Some(action)) => {
                let inside = Inside {
                    agent_id: checked(Field::AgentHeader, agent)?,
                    action_name: checked(Field::ActionHeader, action)?,
                    index: place.map(|text| index(Field::IndexHeader, text)).transpose()?,
                };
                Ok(Some(Carried { inside, passthrough, promised: None }))
            }
            (None, _) => half(if action.is_some() { Field::ActionHeader } else { first }, Field::AgentHeader),
            (Some(_), None) => half(Field::AgentHeader, Field::ActionHeader),
        },
    }
}

/// The text of a header that may come once.
fn once(headers: &HeaderMap, field: Field, name: HeaderName) -> Result<Option<&str>, ContextError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(ContextError::Twice(field)),
        (Some(value), None) => match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(ContextError::Unreadable(field)),
        },
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde::Deserialize;

    use super::*;

    /// A case: headers, and what they come to.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Case {
        name: String,
        headers: Vec<(String, String)>,
        #[serde(default)]
        carried: Option<(String, String, Option<i64>, bool)>,
        #[serde(default)]
        error: Option<String>,
    }

    /// `LONG:n` stands for so many characters of more than one byte each.
    fn value(text: &str) -> HeaderValue {
        let text = match text.strip_prefix("LONG:") {
            Some(length) => "é".repeat(length.parse().unwrap()),
            None => text.to_owned(),
        };
        HeaderValue::from_bytes(text.as_bytes()).unwrap()
    }

    #[test]
    fn carriers_are_whole_or_refused() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../tests/context_headers.json")).unwrap();
        assert!(cases.len() > 20);
        let contexts = Contexts::default();
        for Case { name, headers, carried, error } in cases {
            let mut map = HeaderMap::new();
            for (header, text) in &headers {
                map.append(HeaderName::from_bytes(header.as_bytes()).unwrap(), value(text));
            }
            match (read(&map, &contexts), carried, error) {
                (Ok(None), None, None) => {}
                (Ok(Some(read)), Some((agent, action, index, passthrough)), None) => {
                    let Inside { agent_id, action_name, index: place } = &read.inside;
                    assert_eq!((&**agent_id, &**action_name), (&*agent, &*action), "{name}");
                    assert_eq!((*place, read.passthrough), (index, passthrough), "{name}");
                }
                (Err(said), None, Some(part)) => assert!(said.to_string().contains(&part), "{name}: {said}"),
                (read, _, _) => panic!("{name}: {read:?}"),
            }
        }
        let mut map = HeaderMap::new();
        map.insert(WEIR_AGENT_ID, HeaderValue::from_bytes(b"\xff").unwrap());
        map.insert(WEIR_ACTION_NAME, HeaderValue::from_static("act"));
        assert_eq!(read(&map, &contexts), Err(ContextError::Unreadable(Field::AgentHeader)));
    }
}
