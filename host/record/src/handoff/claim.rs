//! One claim: which call it is about, what is said of its answer, and how that is checked.

use serde::Serialize;

use super::Path;
use crate::{Json, Part};

/// How a claim is held against what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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
    pub claimed: Option<Json>,
    /// The schema of [`Mode::SchemaType`].
    pub schema: Option<Json>,
    /// The lower bound of [`Mode::RangeThreshold`], inclusive.
    pub min: Option<Json>,
    /// The upper bound, inclusive.
    pub max: Option<Json>,
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
    pub(super) fn read(written: Part<'_>) -> Result<Self, ClaimError> {
        if !written.is_object() {
            return Err(ClaimError::NotAnObject(written.kind()));
        }
        let text = |member: &'static str| {
            let Some(found) = written.present(member) else { return Ok(None) };
            let wrong = ClaimError::WrongType { member, found: found.kind(), wanted: "a string" };
            found.text().map(|text| Some(text.to_owned())).ok_or(wrong)
        };
        let present = |member: &str| written.present(member).map(Json::from);
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
            claimed: match mode {
                Mode::RangeThreshold => present("claimed"),
                _ => written.member("claimed").map(Json::from),
            },
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
    pub(super) fn schema(&self) -> Option<&Json> {
        let claimed = self.claimed.as_ref().filter(|claimed| claimed.part().is_like_a_schema());
        self.schema.as_ref().or(claimed)
    }
}
