//! Resolves the written settings of records and trust.

use std::path::{Path, PathBuf};
use std::time::Duration;

use weir_record::RecordMode;
use weir_store::jobs::JobOptions;
use weir_store::{StoreAddress, StoreOptions};

use super::resolved::{PreprocessConfig, PreprocessHook, RecordsConfig, StoreChoice, TrustConfig};
use super::written::{WrittenPreprocess, WrittenRecords, WrittenTrust};
use crate::config::document::{At, Source, or};
use crate::config::secret::Secret;

/// The default store.
const USUAL_STORE: &str = "sqlite:weir.db";

/// The effective record settings.
pub fn resolve_records(
    written: WrittenRecords,
    source: &Source<'_>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> RecordsConfig {
    let WrittenRecords { store, store_env, tls_roots, mode, queue, max_body, max_size, drain_timeout, preprocess } =
        written;
    let max_size_place = max_size.as_ref().map(|at| at.location);
    let tls_place = tls_roots.as_ref().map(|at| at.location);
    let store = choose(store, store_env, source, folder, variable);
    match (&store, max_size_place, tls_place) {
        (StoreChoice::Chosen(StoreAddress::Postgres(_)), Some(location), _) => {
            source.error(location, "max_size bounds a file of SQLite; PostgreSQL has its own means");
        }
        (StoreChoice::Chosen(StoreAddress::Sqlite(_)), _, Some(location)) => {
            source.error(location, "tls_roots is about a server of PostgreSQL, and the store is a file");
        }
        _ => {}
    }
    let journal = match store.address() {
        StoreAddress::Sqlite(path) => PathBuf::from(format!("{}.accepted", path.display())),
        StoreAddress::Postgres(_) => folder.join("records.accepted"),
    };
    RecordsConfig {
        store,
        journal,
        options: StoreOptions {
            max_bytes: max_size.map(|at| at.value),
            tls_roots: tls_roots.map(|at| folder.join(at.value)),
        },
        mode: or(mode, RecordMode::default()),
        writer: queue.resolve(source),
        max_body: or(max_body, 256 << 10),
        drain_timeout: or(drain_timeout, Duration::from_secs(10)),
        preprocess: preprocess.and_then(|written| resolve_preprocess(written, source)),
    }
}

fn choose(
    store: Option<At<Secret>>,
    store_env: Option<At<String>>,
    source: &Source<'_>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> StoreChoice {
    if let (Some(_), Some(At { location, .. })) = (&store, &store_env) {
        source.error(*location, "both store and store_env are given in [records]; give one");
    }
    let from_env = store_env.and_then(|At { value: name, location }| {
        let Some(text) = variable(&name) else {
            source.error(location, format!("the environment has no variable {name:?}, which store_env names"));
            return None;
        };
        StoreAddress::parse(&text, folder)
            .map_err(|reason| source.error(location, format!("the variable {name:?}: {reason}")))
            .ok()
    });
    let named = store.and_then(|at| StoreAddress::parse(at.value.reveal(), folder).ok());
    match named.or(from_env) {
        Some(address) => StoreChoice::Chosen(address),
        None => {
            let file = USUAL_STORE.trim_start_matches("sqlite:");
            StoreChoice::Usual(StoreAddress::Sqlite(PathBuf::from(folder).join(file)))
        }
    }
}

fn resolve_preprocess(written: WrittenPreprocess, source: &Source<'_>) -> Option<PreprocessConfig> {
    let WrittenPreprocess { location, url, command, window, timeout, retry } = written;
    let hook = match (url, command) {
        (Some(_), Some(_)) => {
            source.error(location, "[records.preprocess] has both url and command; give one");
            return None;
        }
        (Some(url), None) => PreprocessHook::Url(url.value),
        (None, Some(command)) => PreprocessHook::Command(command.value),
        (None, None) => return None,
    };
    let default = JobOptions::default();
    let options = JobOptions {
        window: or(window, default.window),
        timeout: or(timeout, default.timeout),
        retry_after: or(retry, default.retry_after),
    };
    Some(PreprocessConfig { hook, options })
}

/// The effective trust settings.
pub fn resolve_trust(written: WrittenTrust) -> TrustConfig {
    match written {
        WrittenTrust { org: Some(org), enabled: Some(At { value: true, .. }) } => TrustConfig::On { org: org.value },
        _ => TrustConfig::Off,
    }
}
