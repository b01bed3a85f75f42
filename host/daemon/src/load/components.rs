//! Reading and loading of components, several at a time.

use futures_util::StreamExt;
use futures_util::stream;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use weir_engine::{Engine, Policy, PolicySource};

use super::{LoadedSet, Progress};
use crate::config::Folder;
use crate::config::resolved::PolicyConfig;

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
) -> Vec<Result<Arc<Policy>, Vec<String>>> {
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
) -> Result<Arc<Policy>, Vec<String>> {
    let (folder_owned, file, max) = (folder.clone(), entry.component.clone(), entry.options.limits.component_size);
    let read = tokio::task::spawn_blocking(move || {
        let bytes = folder_owned.component(&file, max)?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((bytes, digest))
    });
    let (bytes, digest) = match read.await {
        Ok(read) => read.map_err(|reason: String| vec![reason])?,
        Err(error) => return Err(vec![format!("reading it broke: {error}")]),
    };
    if let Some(same) = before.and_then(|before| unchanged(before, entry, &digest)) {
        return Ok(same);
    }
    let source = PolicySource { file: folder.show(&entry.component), bytes };
    engine.load(&source, entry.options.clone()).await.map_err(|error| error.causes().to_vec())
}

/// The policy of the set before that was made from the same bytes with the same options.
fn unchanged(before: &LoadedSet, entry: &PolicyConfig, digest: &str) -> Option<Arc<Policy>> {
    let same =
        |loaded: &&Arc<super::LoadedPolicy>| loaded.policy.digest() == digest && loaded.config.options == entry.options;
    before.policies.iter().find(same).map(|loaded| Arc::clone(&loaded.policy))
}
