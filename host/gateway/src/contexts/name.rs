//! The names in a context, from any source, and the errors of a carrier.

use std::sync::Arc;

/// Most characters of an agent's or an action's name. They are keys of the store's indexes.
const MAX_CHARACTERS: usize = weir_record::MAX_LABEL;

/// A field, as the caller names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `Weir-Agent-Id`.
    AgentHeader,
    /// `Weir-Action-Name`.
    ActionHeader,
    /// `Weir-Intercept-Index`.
    IndexHeader,
    /// `Weir-Context`.
    TokenHeader,
    /// `Weir-Passthrough`.
    PassthroughHeader,
    /// `agentId`.
    AgentMember,
    /// `actionName`.
    ActionMember,
}

/// Why a call or a request for a token has no usable context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// An empty name.
    #[error("{} is empty; give 1 to {MAX_CHARACTERS} characters", .0.as_str())]
    Empty(Field),
    /// A name that is too long.
    #[error("{} has {length} characters; at most {MAX_CHARACTERS} are allowed", field.as_str())]
    TooLong {
        /// Which.
        field: Field,
        /// How many.
        length: usize,
    },
    /// Not UTF-8, or with control characters, which could forge log lines.
    #[error("{} must be UTF-8 without control characters", .0.as_str())]
    Unreadable(Field),
    /// One without the other.
    #[error("{} is given without {}; a context has both", present.as_str(), missing.as_str())]
    Half {
        /// What is given.
        present: Field,
        /// What is not.
        missing: Field,
    },
    /// Given twice, so it is unclear which one counts.
    #[error("{} is given more than once", .0.as_str())]
    Twice(Field),
    /// Not a whole number.
    #[error("{} must be an integer", .0.as_str())]
    Index(Field),
    /// Neither `true` nor `false`.
    #[error("{} must be true or false", .0.as_str())]
    Passthrough(Field),
    /// A token together with names.
    #[error("Weir-Context and {} are both given; a call is in one context, which comes by a token or by names", .0.as_str())]
    BothCarriers(Field),
    /// A token without an open context.
    #[error("Weir-Context: the context of this token has ended or expired, or there never was one")]
    NotOpen,
}

impl Field {
    /// The name that the caller used.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentHeader => "Weir-Agent-Id",
            Self::ActionHeader => "Weir-Action-Name",
            Self::IndexHeader => "Weir-Intercept-Index",
            Self::TokenHeader => "Weir-Context",
            Self::PassthroughHeader => "Weir-Passthrough",
            Self::AgentMember => "agentId",
            Self::ActionMember => "actionName",
        }
    }
}

/// Checks a name. Surrounding white space is ignored.
pub fn checked(field: Field, text: &str) -> Result<Arc<str>, ContextError> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(ContextError::Unreadable(field));
    }
    match text.chars().count() {
        0 => Err(ContextError::Empty(field)),
        length if length > MAX_CHARACTERS => Err(ContextError::TooLong { field, length }),
        _ => Ok(text.into()),
    }
}

/// Reads an index: decimal digits with an optional minus.
pub(crate) fn index(field: Field, text: &str) -> Result<i64, ContextError> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.ok_or(ContextError::Index(field))
}
