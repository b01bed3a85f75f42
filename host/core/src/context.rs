//! Who makes a call, where it goes and when: the attributes a policy may ask for.

/// What kind of caller it is (SEP-2624).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A program with an identity.
    Service,
    /// Not identified.
    #[default]
    Anonymous,
}

/// Who makes a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Principal {
    /// What kind of caller.
    pub kind: PrincipalKind,
    /// Its identifier, where known.
    pub id: Option<String>,
    /// Its claims, as JSON object text.
    pub claims: Option<String>,
}

/// The attributes of one call. Missing ones are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Who makes the call.
    pub principal: Principal,
    /// The session on the surface, as the surface's protocol names it.
    pub session_id: Option<String>,
    /// The agent that acts.
    pub agent_id: Option<String>,
    /// What the agent is doing.
    pub action_name: Option<String>,
    /// Unique to the exchange. Also appears in the log and in every refusal.
    pub call_ref: Option<String>,
    /// W3C trace id, 32 hex digits.
    pub trace_id: Option<String>,
    /// W3C span id, 16 hex digits.
    pub span_id: Option<String>,
    /// When the call arrived: RFC 3339 in UTC.
    pub timestamp: String,
    /// The route's name.
    pub route: Option<String>,
    /// The upstream server's name.
    pub server: Option<String>,
    /// The protocol revision negotiated on the surface. `compat` is checked against it.
    pub protocol_revision: Option<String>,
}

impl PrincipalKind {
    /// The word used in JSON and attributes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::Anonymous => "anonymous",
        }
    }

    /// Parses the word that [`PrincipalKind::as_str`] writes.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "user" => Some(Self::User),
            "service" => Some(Self::Service),
            "anonymous" => Some(Self::Anonymous),
            _ => None,
        }
    }
}

impl Context {
    /// Looks up an attribute by the name used in the contract. Unknown names give `None`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        match name {
            "principal.kind" => Some(self.principal.kind.as_str()),
            "principal.id" => self.principal.id.as_deref(),
            "principal.claims" => self.principal.claims.as_deref(),
            "session-id" => self.session_id.as_deref(),
            "agent-id" => self.agent_id.as_deref(),
            "action-name" => self.action_name.as_deref(),
            "call-ref" => self.call_ref.as_deref(),
            "trace-id" => self.trace_id.as_deref(),
            "span-id" => self.span_id.as_deref(),
            "timestamp" => Some(&self.timestamp),
            "route" => self.route.as_deref(),
            "server" => self.server.as_deref(),
            "protocol-revision" => self.protocol_revision.as_deref(),
            _ => None,
        }
    }
}
