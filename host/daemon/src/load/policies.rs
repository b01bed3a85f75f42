//! Loads policies concurrently: reads and compiles components, queries interceptor servers.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use futures_util::stream;
use sha2::{Digest, Sha256};
use weir_engine::{Engine, PolicyOptions, PolicySource};
use weir_interceptors::remote::{RemoteAddress, RemoteError, RemotePolicy, Remotes};

use super::policy::Policy;
use super::progress::Progress;
use super::set::LoadedSet;
use crate::config::folder::{CONFIG_FILE, ReadError};
use crate::config::resolved::{PolicyConfig, RemoteConfig, SourceConfig};
use crate::config::{Folder, Problem, Secret};

/// Maximum number of policies loaded concurrently. Each may hold a file and the compiler's memory, and the compiler
/// already uses all processors for one component.
const AT_A_TIME: usize = 4;

/// Loads one policy per entry, in order. An error lists all causes for that entry.
pub async fn load_all(
    folder: &Folder,
    entries: &[PolicyConfig],
    engine: &Engine,
    remotes: &Remotes,
    before: Option<&LoadedSet>,
    progress: &dyn Progress,
) -> Vec<Result<Policy, Vec<Problem>>> {
    progress.begin(entries.len());
    let loads = entries.iter().map(|entry| async move {
        let loaded = match &entry.source {
            SourceConfig::Component { file, options } => {
                component(folder, entry, file, options, engine, before).await.map(Policy::Component)
            }
            SourceConfig::Remote(config) => remote(folder, entry, config, remotes, before).await.map(Policy::Remote),
        };
        progress.done(&entry.source.to_string());
        loaded
    });
    // `buffered` keeps the order. Collected first, so that the closure's borrow is not held in the stream.
    let loads: Vec<_> = loads.collect();
    let loaded = stream::iter(loads).buffered(AT_A_TIME).collect().await;
    progress.end();
    loaded
}

async fn component(
    folder: &Folder,
    entry: &PolicyConfig,
    file: &str,
    options: &PolicyOptions,
    engine: &Engine,
    before: Option<&LoadedSet>,
) -> Result<Arc<weir_engine::Policy>, Vec<Problem>> {
    // Reported at the entry: several entries may use one component, and the cause may be in the entry itself.
    let location = Some(entry.location);
    let wrong = |cause: String| vec![Problem::error(folder.show(CONFIG_FILE), location, format!("{file}: {cause}"))];
    let (reading, component, max) = (folder.clone(), file.to_owned(), options.limits.component_size);
    let is_reload = before.is_some();
    let read = tokio::task::spawn_blocking(move || {
        let bytes = reading.component(&component, max)?;
        // Only needed for comparing with the previous set; loading computes its own.
        let digest = is_reload.then(|| HEXLOWER.encode(&Sha256::digest(&bytes)));
        Ok((bytes, digest))
    });
    let (bytes, digest) = match read.await {
        Ok(Ok(read)) => read,
        Ok(Err(ReadError::Other(reason))) => return Err(wrong(reason)),
        Ok(Err(ReadError::Missing)) => {
            return Err(vec![Problem::error(folder.show(CONFIG_FILE), location, folder.missing(file))]);
        }
        Err(error) => return Err(wrong(format!("reading it failed: {error}"))),
    };
    if let Some(same) = before.zip(digest).and_then(|(before, digest)| unchanged(before, options, &digest)) {
        return Ok(same);
    }
    let source = PolicySource { file: folder.show(file), bytes };
    let loaded = engine.load(&source, options.clone()).await;
    loaded.map_err(|error| error.causes().iter().flat_map(|cause| wrong(cause.clone())).collect())
}

/// The policy of the previous set that was made from the same bytes and options.
fn unchanged(before: &LoadedSet, options: &PolicyOptions, digest: &str) -> Option<Arc<weir_engine::Policy>> {
    before.policies.iter().find_map(|loaded| match (&loaded.policy, &loaded.config.source) {
        (Policy::Component(policy), SourceConfig::Component { options: its, .. })
            if policy.digest() == digest && its == options =>
        {
            Some(Arc::clone(policy))
        }
        _ => None,
    })
}

async fn remote(
    folder: &Folder,
    entry: &PolicyConfig,
    config: &RemoteConfig,
    remotes: &Remotes,
    before: Option<&LoadedSet>,
) -> Result<Arc<RemotePolicy>, Vec<Problem>> {
    let file = folder.show(CONFIG_FILE);
    let wrong = |cause: String| Problem::error(&file, Some(entry.location), cause);
    let RemoteConfig { url, token, name, config: own } = config;
    let address =
        RemoteAddress { url: url.clone(), token: token.as_ref().map(|token| Secret::reveal(token).to_owned()) };
    let same = before.and_then(|before| same_remote(before, config));
    let policy = match (remotes.policy(&address, name, own.clone()).await, same) {
        // An unreachable server must not block a reload of something else.
        (Err(error @ RemoteError::Server { .. }), Some(same)) => {
            tracing::warn!(target: "weir::load", policy = %name, "{error}; keeping its previous declaration");
            return Ok(same);
        }
        (Err(error), _) => return Err(vec![wrong(error.to_string())]),
        (Ok(policy), Some(same)) if same.declaration() == policy.declaration() => return Ok(same),
        (Ok(policy), _) => policy,
    };
    if let Some(own) = own {
        let schema = policy.declaration().config_schema.as_deref();
        weir_engine::check_config(schema, own)
            .map_err(|causes| causes.iter().map(|cause| wrong(format!("{name}: {cause}"))).collect::<Vec<_>>())?;
    }
    Ok(Arc::new(policy))
}

/// The policy of the previous set for the same interceptor, with its counters.
fn same_remote(before: &LoadedSet, config: &RemoteConfig) -> Option<Arc<RemotePolicy>> {
    before.policies.iter().find_map(|loaded| match (&loaded.policy, &loaded.config.source) {
        (Policy::Remote(policy), SourceConfig::Remote(its)) if its == config => Some(Arc::clone(policy)),
        _ => None,
    })
}
