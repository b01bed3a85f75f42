//! Contexts that are opened and ended by their holder: a table of tokens.
//!
//! Invariants: a token is known by its SHA-256 only, so neither this table nor the time of a look-up tells it; ending a
//! context ends those that were opened within it, and leaves the one around it as it was; a context that has expired
//! is as if it had been ended. What is held is bounded by count, depth and the length of names.
//!
//! Not here: a clock. The time is handed in.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::{Mutex, MutexGuard};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Inside;
use crate::reference::CallRef;
use crate::time::Now;

/// Bounds of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContextLimits {
    /// Most contexts at a time.
    pub count: usize,
    /// How long a context lives whose holder does not say.
    pub default_ttl: Duration,
    /// How long it may live at most.
    pub max_ttl: Duration,
    /// How deep contexts may nest.
    pub depth: usize,
}

/// All contexts that are open.
#[derive(Default)]
pub struct Contexts {
    limits: ContextLimits,
    open: Mutex<HashMap<Digest, Open>>,
}

type Digest = [u8; 32];

struct Open {
    inside: Inside,
    call_ref: CallRef,
    /// Whether a call has taken the reference.
    is_taken: bool,
    /// Those around it, outermost first.
    around: Box<[Digest]>,
    parent: Option<CallRef>,
    created_at: SystemTime,
    expires: Instant,
    expires_at: SystemTime,
}

/// The reference that was promised for the first call of a token, with whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Promise {
    pub(crate) reference: CallRef,
    context: Digest,
}

/// A context to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenContext {
    /// Who acts; checked.
    pub agent_id: Arc<str>,
    /// What it does; checked.
    pub action_name: Arc<str>,
    /// The caller's own index.
    pub index: Option<i64>,
    /// How long it lives unless it is ended; cut to what is allowed.
    pub ttl: Option<Duration>,
    /// The token of the context around it.
    pub parent: Option<String>,
}

/// A context that has been opened, with its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What its holder sends.
    pub token: String,
    /// The rest.
    pub standing: Standing,
}

/// What may be told of an open context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The reference of its first call.
    pub call_ref: String,
    /// Who acts.
    pub agent_id: Arc<str>,
    /// What it does.
    pub action_name: Arc<str>,
    /// The caller's own index.
    pub index: Option<i64>,
    /// The reference of the context around it.
    pub parent_call_ref: Option<String>,
    /// When it was opened.
    pub created_at: SystemTime,
    /// When it ends by itself.
    pub expires_at: SystemTime,
    /// How long it lives from its opening.
    pub ttl: Duration,
}

/// Why a context was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The one around it is not open.
    #[error("parent: the context of this token has ended or expired, or there never was one")]
    Parent,
    /// Too deep.
    #[error("parent: contexts nest {0} deep at most")]
    TooDeep(usize),
    /// Too many.
    #[error("{0} contexts are open, which is the limit; end those that are not used any more")]
    Full(usize),
}

/// Why a context was not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the context of this token has ended or expired, or there never was one")]
pub struct EndError;

impl Default for ContextLimits {
    fn default() -> Self {
        Self {
            // At most 2 KiB each, so some 32 MiB.
            count: 16_384,
            default_ttl: Duration::from_secs(60 * 60),
            // A forgotten token must not stay for ever.
            max_ttl: Duration::from_secs(24 * 60 * 60),
            // Each level costs 32 bytes in every context below it.
            depth: 32,
        }
    }
}

impl Contexts {
    /// A table with these bounds.
    pub fn new(limits: ContextLimits) -> Self {
        Self { limits, open: Mutex::default() }
    }

    /// Opens a context.
    pub fn open(&self, wanted: OpenContext, now: Now) -> Result<Opened, OpenError> {
        let OpenContext { agent_id, action_name, index, ttl, parent } = wanted;
        let Now { instant: now, system: created_at } = now;
        let mut expires = now + ttl.unwrap_or(self.limits.default_ttl).min(self.limits.max_ttl);
        let mut open = self.lock();
        let (mut around, mut parent_ref) = (Vec::new(), None);
        if let Some(token) = parent {
            let digest = digest(&token);
            let outer = open.get(&digest).filter(|outer| outer.expires > now).ok_or(OpenError::Parent)?;
            if outer.around.len() + 1 >= self.limits.depth {
                return Err(OpenError::TooDeep(self.limits.depth));
            }
            around = [&outer.around[..], &[digest]].concat();
            parent_ref = Some(outer.call_ref);
            // It ends with the one around it.
            expires = expires.min(outer.expires);
        }
        if open.len() >= self.limits.count {
            open.retain(|_, context| context.expires > now);
            if open.len() >= self.limits.count {
                return Err(OpenError::Full(self.limits.count));
            }
        }
        let context = Open {
            inside: Inside { agent_id, action_name, index },
            call_ref: CallRef::new(),
            is_taken: false,
            around: around.into(),
            parent: parent_ref,
            created_at,
            expires,
            expires_at: created_at + (expires - now),
        };
        let (token, standing) = (new_token(), context.standing());
        open.insert(digest(&token), context);
        Ok(Opened { token, standing })
    }

    /// Ends a context and those within it; says how many that were.
    pub fn end(&self, token: &str, now: Now) -> Result<usize, EndError> {
        let digest = digest(token);
        let mut open = self.lock();
        if open.get(&digest).is_none_or(|context| context.expires <= now.instant) {
            open.remove(&digest);
            return Err(EndError);
        }
        let before = open.len();
        open.retain(|key, context| *key != digest && !context.around.contains(&digest));
        Ok(before - open.len())
    }

    /// Those that are open, newest first: at most `limit`, opened before the one with this reference.
    pub fn list(&self, before: Option<&str>, limit: usize, now: Now) -> Vec<Standing> {
        let open = self.lock();
        let mut found: Vec<&Open> = open
            .values()
            .filter(|context| context.expires > now.instant)
            .filter(|context| before.is_none_or(|before| context.call_ref.as_str() < before))
            .collect();
        // References grow with time.
        found.sort_unstable_by(|a, b| b.call_ref.as_str().cmp(a.call_ref.as_str()));
        found.into_iter().take(limit).map(Open::standing).collect()
    }

    /// How many are held, those that have expired and not been cleared away among them.
    pub fn held(&self) -> usize {
        self.lock().len()
    }

    /// What the context of a token says, and, for the first call that takes it, its reference.
    pub(crate) fn enter(&self, token: &str, take: bool, now: Now) -> Option<(Inside, Option<Promise>)> {
        let digest = digest(token);
        let mut open = self.lock();
        let context = open.get_mut(&digest).filter(|context| context.expires > now.instant)?;
        let promised = (take && !context.is_taken).then_some(Promise { reference: context.call_ref, context: digest });
        context.is_taken |= take;
        Some((context.inside.clone(), promised))
    }

    /// The call that took the reference turned out to be none that is recorded; the next one takes it.
    pub(crate) fn give_back(&self, promise: &Promise) {
        if let Some(context) = self.lock().get_mut(&promise.context) {
            context.is_taken = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Open>> {
        self.open.lock()
    }
}

impl Open {
    fn standing(&self) -> Standing {
        let Inside { agent_id, action_name, index } = self.inside.clone();
        Standing {
            call_ref: self.call_ref.as_str().to_owned(),
            agent_id,
            action_name,
            index,
            parent_call_ref: self.parent.map(|parent| parent.as_str().to_owned()),
            created_at: self.created_at,
            expires_at: self.expires_at,
            ttl: self.expires_at.duration_since(self.created_at).unwrap_or_default(),
        }
    }
}

fn digest(token: &str) -> Digest {
    Sha256::digest(token.as_bytes()).into()
}

/// 244 random bits from the system's generator, in letters that any header and any user name can hold.
fn new_token() -> String {
    let bytes = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    format!("wctx_{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(agent: &str, parent: Option<&str>) -> OpenContext {
        OpenContext {
            agent_id: agent.into(),
            action_name: "act".into(),
            index: Some(3),
            ttl: None,
            parent: parent.map(str::to_owned),
        }
    }

    fn agent(contexts: &Contexts, token: &str, now: Now) -> Option<String> {
        contexts.enter(token, false, now).map(|(inside, _)| inside.agent_id.to_string())
    }

    #[test]
    fn ending_an_inner_context_leaves_the_outer_and_ending_the_outer_ends_all() {
        let (contexts, now) = (Contexts::default(), Now::read());
        let outer = contexts.open(wanted("outer", None), now).unwrap();
        let inner = contexts.open(wanted("inner", Some(&outer.token)), now).unwrap();
        let innermost = contexts.open(wanted("innermost", Some(&inner.token)), now).unwrap();
        let beside = contexts.open(wanted("beside", None), now).unwrap();
        assert_eq!(inner.standing.parent_call_ref, Some(outer.standing.call_ref.clone()));
        assert_eq!(agent(&contexts, &inner.token, now).as_deref(), Some("inner"));
        assert_eq!(contexts.end(&inner.token, now), Ok(2));
        assert_eq!(agent(&contexts, &inner.token, now), None);
        assert_eq!(agent(&contexts, &innermost.token, now), None);
        assert_eq!(agent(&contexts, &outer.token, now).as_deref(), Some("outer"));
        let again = contexts.open(wanted("again", Some(&outer.token)), now).unwrap();
        assert_eq!(contexts.end(&outer.token, now), Ok(2));
        assert_eq!(agent(&contexts, &again.token, now), None);
        assert_eq!(contexts.end(&outer.token, now), Err(EndError));
        assert_eq!(contexts.open(wanted("x", Some(&outer.token)), now), Err(OpenError::Parent));
        assert_eq!(agent(&contexts, &beside.token, now).as_deref(), Some("beside"));
    }

    #[test]
    fn a_context_ends_by_itself_and_not_after_the_one_around_it() {
        let limits = ContextLimits { max_ttl: Duration::from_secs(8), ..ContextLimits::default() };
        let (contexts, begin) = (Contexts::new(limits), Now::read());
        let outer = OpenContext { ttl: Some(Duration::from_secs(9)), ..wanted("outer", None) };
        let outer = contexts.open(outer, begin).unwrap();
        assert_eq!(outer.standing.ttl, limits.max_ttl);
        let inner = contexts.open(wanted("inner", Some(&outer.token)), begin + Duration::from_secs(3)).unwrap();
        assert_eq!(inner.standing.ttl, Duration::from_secs(5));
        assert_eq!(inner.standing.created_at, begin.system + Duration::from_secs(3));
        assert_eq!(inner.standing.expires_at, outer.standing.expires_at);
        let end = begin + limits.max_ttl;
        for opened in [&outer, &inner] {
            assert!(agent(&contexts, &opened.token, begin + (limits.max_ttl - Duration::from_nanos(1))).is_some());
            assert_eq!(agent(&contexts, &opened.token, end), None);
        }
        assert!(contexts.list(None, 9, end).is_empty());
        assert_eq!(contexts.end(&outer.token, end), Err(EndError));
    }

    #[test]
    fn the_first_call_takes_the_promised_reference() {
        let (contexts, now) = (Contexts::default(), Now::read());
        let opened = contexts.open(wanted("a", None), now).unwrap();
        assert_eq!(contexts.enter(&opened.token, false, now).unwrap().1, None);
        let taken = contexts.enter(&opened.token, true, now).unwrap().1.unwrap();
        assert_eq!(taken.reference.as_str(), opened.standing.call_ref);
        assert_eq!(contexts.enter(&opened.token, true, now).unwrap().1, None);
        contexts.give_back(&taken);
        assert_eq!(contexts.enter(&opened.token, true, now).unwrap().1, Some(taken));
        assert_eq!(contexts.enter(&opened.token, true, now).unwrap().1, None);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let contexts = Contexts::new(ContextLimits { count: 3, depth: 2, ..ContextLimits::default() });
        let now = Now::read();
        let short = OpenContext { ttl: Some(Duration::from_millis(1)), ..wanted("short", None) };
        contexts.open(short, now).unwrap();
        let first = contexts.open(wanted("first", None), now).unwrap();
        let second = contexts.open(wanted("second", Some(&first.token)), now).unwrap();
        assert_eq!(contexts.open(wanted("deep", Some(&second.token)), now), Err(OpenError::TooDeep(2)));
        assert_eq!(contexts.open(wanted("too early", None), now), Err(OpenError::Full(3)));
        let now = now + Duration::from_millis(1);
        contexts.open(wanted("in its place", None), now).unwrap();
        assert_eq!(contexts.open(wanted("too many", None), now), Err(OpenError::Full(3)));
        let listed: Vec<String> =
            contexts.list(None, 2, now).iter().map(|context| context.agent_id.to_string()).collect();
        assert_eq!(listed, ["in its place", "second"]);
        let rest = contexts.list(Some(&contexts.list(None, 2, now)[1].call_ref), 9, now);
        assert_eq!((rest.len(), &*rest[0].agent_id), (1, "first"));
    }

    #[test]
    fn tokens_are_long_and_differ() {
        let tokens: std::collections::HashSet<String> = (0..1000).map(|_| new_token()).collect();
        assert_eq!(tokens.len(), 1000);
        assert!(tokens.iter().all(|token| token.len() == 48 && token.is_ascii()));
    }
}
