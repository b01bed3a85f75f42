//! From the store to its end: what is opened and started, and how it is drained.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use weir_record::RecordMode;
use weir_store::jobs::{CommandHook, Hook, Jobs};
use weir_store::{Access, Journal, OnCommit, Recorder, Writer};

use super::audit::{Audit, AuditWriter};
use super::hook::UrlHook;
use super::kept::Kept;
use super::settle::Settling;
use super::trust::Trust;
use crate::config::records::{PreprocessConfig, PreprocessHook, RecordsConfig, StoreChoice, TrustConfig};

/// Everything that keeps records while the process serves.
pub struct Keeping {
    kept: Arc<Kept>,
    writer: Writer,
    settling: Settling,
    audit: AuditWriter,
    drain_timeout: Duration,
}

/// Why records cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("the records cannot be kept in {address}: {reason}")]
pub struct KeepError {
    address: String,
    reason: String,
}

/// Opens the store and starts what writes to it. `None` where nobody asked for records and they cannot be had: calls
/// inside contexts are then refused. Who wants every call recorded would not notice, so for them the start fails.
pub async fn start(config: &RecordsConfig, trust: &TrustConfig, folder: &Path) -> Result<Option<Keeping>, KeepError> {
    let started = begin(config, trust, folder).await;
    match (started, &config.store, trust) {
        (Ok(keeping), ..) => Ok(Some(keeping)),
        (Err(reason), StoreChoice::Usual(address), TrustConfig::Off) if config.mode != RecordMode::All => {
            tracing::warn!(
                target: "weir::records",
                "there is no store for records ({address}: {reason}); calls inside a context are refused, all others pass. \
                 Give `store` in [records] another place"
            );
            Ok(None)
        }
        (Err(reason), choice, _) => Err(KeepError { address: choice.address().to_string(), reason }),
    }
}

async fn begin(config: &RecordsConfig, trust: &TrustConfig, folder: &Path) -> Result<Keeping, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let RecordsConfig { store: choice, journal, options, mode, writer, max_body, drain_timeout, preprocess } = config;
    // Before the store: another process that has it open is told by the journal in plain words.
    let (journal, left_open) = Journal::open(journal).map_err(|error| text(&error))?;
    let store =
        weir_store::open(choice.address(), Access::Write, options.clone()).await.map_err(|error| text(&error))?;
    let head = store.head().await.map_err(|error| text(&error))?;
    let jobs = preprocess.as_ref().map(|preprocess| jobs(preprocess, folder, head.map_or(0, |head| head.id)));
    let on_commit = jobs.as_ref().map(|jobs| {
        let jobs = Arc::clone(jobs);
        Box::new(move |appended: &weir_store::Appended| jobs.want(appended.head.id)) as OnCommit
    });
    let (audit, audit_writer) = Audit::start(Arc::clone(&store));
    let trust = Trust::start(trust, Arc::clone(&store), audit.clone()).await.map_err(|error| text(&error))?;
    let (recorder, writing) = Recorder::start(Arc::clone(&store), *writer, journal, left_open, *mode, on_commit)
        .await
        .map_err(|error| text(&error))?;
    let (settler, settling) = Settling::start(writer);
    let kept = Kept { store, recorder, settler, trust, audit, jobs, body_limit: *max_body };
    Ok(Keeping { kept: Arc::new(kept), writer: writing, settling, audit: audit_writer, drain_timeout: *drain_timeout })
}

fn jobs(config: &PreprocessConfig, folder: &Path, last: i64) -> Arc<Jobs> {
    let PreprocessConfig { hook, options } = config;
    let hook: Arc<dyn Hook> = match hook {
        PreprocessHook::Url(url) => Arc::new(UrlHook::new(url.clone())),
        PreprocessHook::Command(command) => match CommandHook::new(command, folder) {
            Some(hook) => Arc::new(hook),
            // An empty command is a load error.
            None => Arc::new(UrlHook::nowhere()),
        },
    };
    Arc::new(Jobs::start(hook, *options, last))
}

impl Keeping {
    /// What the ports work with.
    pub fn kept(&self) -> Arc<Kept> {
        Arc::clone(&self.kept)
    }

    /// Writes what was accepted, then ends everything. Called when no exchange is left.
    pub async fn drain(self) {
        let Self { kept, writer, settling, audit, drain_timeout } = self;
        let drained = writer.drain(drain_timeout).await;
        tracing::info!(target: "weir::records", written = drained.written, lost = drained.lost.len(), "records drained");
        drop(settling);
        audit.drain(Duration::from_secs(2)).await;
        drop(kept);
    }
}
