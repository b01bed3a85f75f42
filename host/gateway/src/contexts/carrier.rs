//! Reading the context that a request carries in its headers.
//!
//! Without any of these headers, a request only costs the lookups.

use http::{HeaderMap, HeaderName};

use super::{ContextError, Contexts, Field, Inside, Promise, checked, index};
use crate::headers::{WEIR_ACTION_NAME, WEIR_AGENT_ID, WEIR_CONTEXT, WEIR_INTERCEPT_INDEX, WEIR_PASSTHROUGH};
use crate::time::Now;

/// The context of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) inside: Inside,
    /// Whether the caller exempts this call from recording and the trust check.
    pub(crate) passthrough: bool,
    /// The reference promised for the token's first call.
    pub(crate) promised: Option<Promise>,
}

/// The context that these headers carry now; `None` if they carry none.
pub(crate) fn read(headers: &HeaderMap, contexts: &Contexts, now: Now) -> Result<Option<Carried>, ContextError> {
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
            let (inside, promised) = contexts.enter(token.trim(), !passthrough, now).ok_or(ContextError::NotOpen)?;
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

/// The text of a header that may occur once.
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
