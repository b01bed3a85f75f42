//! One claim: which call it is about, what is said of its answer, and how that is checked.

use serde_json::Value;

use super::Path;

/// How a claim is held against what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Equal as key-sorted JSON.
    Verbatim,
    /// Equal at a path.
    FieldExtraction,
    /// What is at a path fits a JSON Schema.
    SchemaType,
    /// A number at a path lies within bounds and is the claimed one.
    RangeThreshold,
}

/// A claim that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The agent that made the call.
    pub agent_id: Option<String>,
    /// The action that the call was.
    pub action_name: String,
    /// The exchange's reference, where it is known.
    pub call_ref: Option<String>,
    /// Where the call went, as the claim says.
    pub url: Option<String>,
    /// How it is checked.
    pub mode: Mode,
    /// Where in the answer it is checked.
    pub path: Path,
    /// What is claimed.
    pub claimed: Option<Value>,
    /// The schema of [`Mode::SchemaType`].
    pub schema: Option<Value>,
    /// The lower bound of [`Mode::RangeThreshold`], inclusive.
    pub min: Option<Value>,
    /// The upper bound, inclusive.
    pub max: Option<Value>,
}

/// How the record of a claim is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lookup<'a> {
    /// By the exchange's reference. It must be a call of this agent and action, where the claim names them: a claim
    /// about one action is not proved by a call of another.
    CallRef {
        /// The reference.
        call_ref: &'a str,
        /// The agent; `None` for any.
        agent_id: Option<&'a str>,
        /// The action; `None` for any.
        action_name: Option<&'a str>,
    },
    /// The latest of this agent and action.
    Latest {
        /// The agent; `None` for any.
        agent_id: Option<&'a str>,
        /// The action.
        action_name: &'a str,
    },
}

/// Why something is no claim. [`ClaimError::name`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Not an object.
    #[error("a claim is an object, and this is {0}")]
    NotAnObject(&'static str),
    /// A member is of another type.
    #[error("{member} is {found}; give {wanted}")]
    WrongType {
        /// The member.
        member: &'static str,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// Neither the call's reference nor the action is given.
    #[error("it names no call; give actionName (and agentId), or callRef")]
    NoCall,
    /// Not one of the four modes.
    #[error("the mode {0:?} is not known; give verbatim, field_extraction, schema_type or range_threshold")]
    UnknownMode(String),
    /// Not a path.
    #[error(transparent)]
    Path(#[from] super::PathError),
    /// The mode needs a member that is not there.
    #[error("{mode} needs {member}")]
    Lacks {
        /// The mode.
        mode: &'static str,
        /// What it needs.
        member: &'static str,
    },
}

impl Mode {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verbatim => "verbatim",
            Self::FieldExtraction => "field_extraction",
            Self::SchemaType => "schema_type",
            Self::RangeThreshold => "range_threshold",
        }
    }

    /// Reads the word that [`Mode::as_str`] writes.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Verbatim, Self::FieldExtraction, Self::SchemaType, Self::RangeThreshold]
            .into_iter()
            .find(|mode| mode.as_str() == word)
    }
}

impl ClaimError {
    /// The name by which programs know it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotAnObject(_) | Self::WrongType { .. } | Self::NoCall => "malformed_claim",
            Self::UnknownMode(_) => "unknown_mode",
            Self::Path(_) => "invalid_path",
            Self::Lacks { .. } => "missing_member",
        }
    }
}

impl Claim {
    /// Reads a claim. Members that are not known are ignored; `null` is as if the member were not there, but for
    /// `claimed`, which may claim it.
    pub fn read(value: &Value) -> Result<Self, ClaimError> {
        let Value::Object(members) = value else { return Err(ClaimError::NotAnObject(kind(value))) };
        let text = |member: &'static str| match members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(ClaimError::WrongType { member, found: kind(other), wanted: "a string" }),
        };
        let present = |member: &str| members.get(member).filter(|value| !value.is_null()).cloned();
        let (action_name, call_ref) = (text("actionName")?, text("callRef")?);
        if action_name.is_none() && call_ref.is_none() {
            return Err(ClaimError::NoCall);
        }
        let mode = text("mode")?.unwrap_or_else(|| Mode::Verbatim.as_str().to_owned());
        let mode = Mode::parse(&mode).ok_or_else(|| ClaimError::UnknownMode(mode.chars().take(64).collect()))?;
        let claim = Self {
            agent_id: text("agentId")?,
            action_name: action_name.unwrap_or_default(),
            call_ref,
            url: text("url")?,
            mode,
            path: Path::parse(&text("path")?.unwrap_or_default())?,
            // That a number is null cannot be meant.
            claimed: if mode == Mode::RangeThreshold { present("claimed") } else { members.get("claimed").cloned() },
            schema: present("schema"),
            min: present("min"),
            max: present("max"),
        };
        claim.complete()
    }

    fn complete(self) -> Result<Self, ClaimError> {
        let lacks = |member| ClaimError::Lacks { mode: self.mode.as_str(), member };
        match self.mode {
            Mode::Verbatim | Mode::FieldExtraction if self.claimed.is_none() => Err(lacks("claimed")),
            Mode::SchemaType if self.schema().is_none() => Err(lacks("schema")),
            Mode::RangeThreshold if self.claimed.is_none() && self.min.is_none() && self.max.is_none() => {
                Err(lacks("min, max or claimed"))
            }
            _ => Ok(self),
        }
    }

    /// How its record is found.
    pub fn lookup(&self) -> Lookup<'_> {
        let (agent_id, action_name) = (self.agent_id.as_deref(), self.action_name.as_str());
        match &self.call_ref {
            Some(call_ref) => {
                let action_name = Some(action_name).filter(|name| !name.is_empty());
                Lookup::CallRef { call_ref, agent_id, action_name }
            }
            None => Lookup::Latest { agent_id, action_name },
        }
    }

    /// The schema: the member of that name, else what is claimed, where a schema is what is claimed.
    pub(super) fn schema(&self) -> Option<&Value> {
        let claimed = self.claimed.as_ref().filter(|claimed| claimed.is_object() || claimed.is_boolean());
        self.schema.as_ref().or(claimed)
    }
}

/// What a value is, with its article, for messages.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
