//! Configurations supplied by callers for their own calls, in addition to the loaded one.
//!
//! Invariants: such a configuration passes the same schema and the same `configure` as a loaded one, on a fresh
//! unconfigured instance. Nothing is compiled for it, so a caller can cost at most one run of `configure` per call. The
//! number cached is limited, and its state is separate from the loaded policy's.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tokio::time::timeout_at;
use weir_core::{Fault, FaultKind};

use crate::inner::Inner;
use crate::instance::{Instance, Template};
use crate::lane::Waited;
use crate::load::{PolicySource, check_config, make};
use crate::sandbox::Shared;

/// Maximum configurations cached per policy. A caller rarely has more than one. Each costs its text and a few hundred
/// bytes; an evicted one costs one more `configure`.
const MAX_VARIANTS: usize = 16;

/// Maximum size of a caller's configuration, in bytes.
const MAX_CONFIG: usize = 64 << 10;

/// Why a caller's configuration cannot be used. Only for the operator's log: it contains text from the guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not JSON or does not match the schema.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// `configure` refused it or failed.
    #[error("configure: {0}")]
    Failed(Fault),
    /// The host could not try it.
    #[error("{0}")]
    Unavailable(String),
    /// It timed out.
    #[error("its time ran out")]
    Deadline,
}

/// The source for configuring a policy again, and the results: one `P` each.
pub struct Variants<P> {
    source: Arc<PolicySource>,
    loaded: Value,
    schema: Option<String>,
    blank: Arc<OnceLock<Result<Template, String>>>,
    /// In order of use, most recent last.
    kept: Mutex<Vec<(Key, Place<P>)>>,
}

type Key = [u8; 32];

/// One configured policy, or the slot for it: concurrent callers wait until it is ready.
type Place<P> = Arc<OnceCell<Arc<P>>>;

impl<P> Variants<P> {
    /// For a policy loaded from these bytes with this configuration.
    pub fn new(source: PolicySource, config: &str, schema: Option<String>, blank: Option<Template>) -> Self {
        let once = OnceLock::new();
        if let Some(blank) = blank {
            // A new cell is empty.
            let _ = once.set(Ok(blank));
        }
        Self {
            source: Arc::new(source),
            loaded: serde_json::from_str(config).unwrap_or_default(),
            schema,
            blank: Arc::new(once),
            kept: Mutex::default(),
        }
    }

    /// The cached policy for that configuration, or a new one based on the template `own`. `None` if it is the
    /// configuration the policy was loaded with.
    pub async fn of(
        &self,
        inner: &Arc<Inner>,
        own: &Template,
        config: &str,
        deadline: Instant,
        finish: impl FnOnce(Template) -> P,
    ) -> Result<Option<Arc<P>>, ConfigError> {
        let invalid = |cause: String| ConfigError::Invalid(vec![cause]);
        if config.len() > MAX_CONFIG {
            return Err(invalid(format!("the config has {} bytes; at most {MAX_CONFIG} are allowed", config.len())));
        }
        let value: Value = serde_json::from_str(config).map_err(|error| invalid(format!("not JSON: {error}")))?;
        if value == self.loaded {
            return Ok(None);
        }
        if !value.is_object() {
            return Err(invalid("the config is not an object".to_owned()));
        }
        let config = value.to_string();
        let key: Key = Sha256::digest(&config).into();
        let place = match self.find(&key) {
            Some(place) => place,
            None => {
                // Checked before it gets a slot, so that an invalid configuration evicts nothing.
                check_config(self.schema.as_deref(), &config).map_err(ConfigError::Invalid)?;
                self.place(key)
            }
        };
        let make = async || {
            let template = self.make(inner, own, config, &key, deadline).await?;
            Ok(Arc::new(finish(template)))
        };
        let made = place.get_or_try_init(make).await;
        if made.is_err() {
            self.kept.lock().retain(|(kept, same)| *kept != key || !Arc::ptr_eq(same, &place));
        }
        made.map(|made| Some(Arc::clone(made)))
    }

    fn find(&self, key: &Key) -> Option<Place<P>> {
        let mut kept = self.kept.lock();
        let index = kept.iter().position(|(known, _)| known == key)?;
        let found = kept.remove(index);
        let place = Arc::clone(&found.1);
        kept.push(found);
        Some(place)
    }

    fn place(&self, key: Key) -> Place<P> {
        let mut kept = self.kept.lock();
        if let Some((_, place)) = kept.iter().find(|(known, _)| *known == key) {
            return Arc::clone(place);
        }
        if kept.len() >= MAX_VARIANTS {
            kept.remove(0);
        }
        let place = Arc::new(OnceCell::new());
        kept.push((key, Arc::clone(&place)));
        place
    }

    async fn make(
        &self,
        inner: &Arc<Inner>,
        own: &Template,
        config: String,
        key: &Key,
        deadline: Instant,
    ) -> Result<Template, ConfigError> {
        let (own, metered) = (&own.shared, own.metered);
        let blank = match timeout_at(deadline.into(), self.blank(inner, own, metered)).await {
            Ok(blank) => blank.map_err(ConfigError::Unavailable)?,
            Err(_) => return Err(ConfigError::Deadline),
        };
        let digest = HEXLOWER.encode(&key[..8]);
        let shared = Shared {
            // No policy name contains `#`, so nothing else can use its buckets.
            name: format!("{}#{digest}", own.name).into(),
            limits: own.limits.clone(),
            grants: own.grants.clone(),
            state: Arc::clone(&own.state),
            // They share one rate limit; otherwise each would add its own log volume.
            log: own.log.clone(),
        };
        let template = Template { shared: Arc::new(shared), configure: Some(config.into()), ..blank };
        try_out(inner, &template, deadline).await?;
        Ok(template)
    }

    /// The unconfigured component, compiled on first use. Compiling continues if the caller goes away, so that the next
    /// one can use it.
    async fn blank(&self, inner: &Arc<Inner>, shared: &Arc<Shared>, metered: bool) -> Result<Template, String> {
        if let Some(blank) = self.blank.get() {
            return blank.clone();
        }
        let turn = inner.turn().await;
        let (inner, shared) = (Arc::clone(inner), Arc::clone(shared));
        let (source, blank) = (Arc::clone(&self.source), Arc::clone(&self.blank));
        let compiled = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            blank.get_or_init(|| make::blank(&inner, &source, metered, shared)).clone()
        });
        compiled.await.unwrap_or_else(|error| Err(format!("compiling failed: {error}")))
    }
}

/// Configures one instance with the limits of a call, to find out whether the configuration works.
async fn try_out(inner: &Arc<Inner>, template: &Template, deadline: Instant) -> Result<(), ConfigError> {
    let deadline = deadline.min(Instant::now() + template.shared.limits.configure_timeout);
    let permit = match timeout_at(deadline.into(), Arc::clone(&inner.permits).acquire_owned()).await {
        Ok(permit) => permit.map_err(|error| ConfigError::Unavailable(error.to_string()))?,
        Err(_) => return Err(ConfigError::Unavailable("all instances were busy until the deadline".to_owned())),
    };
    let (template, running) = (template.clone(), inner.ticker.running());
    let work = async move {
        let _held = (permit, running);
        Instance::fresh(&template, deadline).await.map(drop)
    };
    match inner.lane.run(Box::pin(work), deadline.into()).await {
        Waited::Done(Ok(())) => Ok(()),
        Waited::Done(Err(fault)) if fault.kind == FaultKind::Deadline => Err(ConfigError::Deadline),
        Waited::Done(Err(fault)) => Err(ConfigError::Failed(fault)),
        Waited::DeadlinePassed => Err(ConfigError::Deadline),
        Waited::Panicked(message) => Err(ConfigError::Unavailable(format!("the host panicked: {message}"))),
    }
}
