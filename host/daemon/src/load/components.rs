//! Reading and loading of components, several at a time.

use futures_util::StreamExt;
use futures_util::stream;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use weir_engine::{Engine, Policy, PolicySource};

use super::{LoadedSet, Progress};
use crate::config::folder::{CONFIG_FILE, ReadError};
use crate::config::resolved::PolicyConfig;
use crate::config::{Folder, Problem};

/// Most components that are loaded at the same time. Each may hold a file and a compiler's memory; the compiler
/// itself uses all processors for one component already.
const AT_A_TIME: usize = 4;

/// Loads one component for each entry, in the entries' order. Errors are all the causes for that one.
pub async fn load_all(
    folder: &Folder,
    entries: &[PolicyConfig],
    engine: &Engine,
    before: Option<&LoadedSet>,
    progress: &dyn Progress,
) -> Vec<Result<Arc<Policy>, Vec<Problem>>> {
    progress.begin(entries.len());
    let loads = entries.iter().map(|entry| async move {
        let loaded = load_one(folder, entry, engine, before).await;
        progress.done(&entry.component);
        loaded
    });
    // `buffered` keeps the order. Collected first, so that the closure's borrow is not held in the stream.
    let loads: Vec<_> = loads.collect();
    let loaded = stream::iter(loads).buffered(AT_A_TIME).collect().await;
    progress.end();
    loaded
}

async fn load_one(
    folder: &Folder,
    entry: &PolicyConfig,
    engine: &Engine,
    before: Option<&LoadedSet>,
) -> Result<Arc<Policy>, Vec<Problem>> {
    let file = folder.show(&entry.component);
    let wrong = |cause: String| vec![Problem::error(&file, None, cause)];
    let (reading, component, max) = (folder.clone(), entry.component.clone(), entry.options.limits.component_size);
    let read = tokio::task::spawn_blocking(move || {
        let bytes = reading.component(&component, max)?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((bytes, digest))
    });
    let (bytes, digest) = match read.await {
        Ok(Ok(read)) => read,
        Ok(Err(ReadError::Other(reason))) => return Err(wrong(reason)),
        Ok(Err(ReadError::Missing)) => {
            // What has to change is the entry, not a file that is not there.
            let problem = Problem::error(folder.show(CONFIG_FILE), Some(entry.place), folder.missing(&entry.component));
            return Err(vec![problem]);
        }
        Err(error) => return Err(wrong(format!("reading it broke: {error}"))),
    };
    if let Some(same) = before.and_then(|before| unchanged(before, entry, &digest)) {
        return Ok(same);
    }
    let source = PolicySource { file: file.clone(), bytes };
    let loaded = engine.load(&source, entry.options.clone()).await;
    loaded.map_err(|error| error.causes().iter().flat_map(|cause| wrong(cause.clone())).collect())
}

/// The policy of the set before that was made from the same bytes with the same options.
fn unchanged(before: &LoadedSet, entry: &PolicyConfig, digest: &str) -> Option<Arc<Policy>> {
    let same =
        |loaded: &&Arc<super::LoadedPolicy>| loaded.policy.digest() == digest && loaded.config.options == entry.options;
    before.policies.iter().find(same).map(|loaded| Arc::clone(&loaded.policy))
}
