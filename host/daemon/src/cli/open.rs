//! Loads a folder for a command that does not serve.

use weir_interceptors::remote::Remotes;

use crate::config::{Folder, Problem, Upstreams};
use crate::load::{self, LoadedSet};

/// A folder loaded for a command that does not serve.
pub struct Opened {
    /// The loaded set.
    pub set: LoadedSet,
    /// The interceptor servers used by its policies. [`Remotes::end`] closes the sessions.
    pub remotes: Remotes,
}

/// Loads a folder for a command that does not serve.
pub async fn open(folder: &Folder) -> Result<Opened, Vec<Problem>> {
    let (config, report) = folder.config(Upstreams::AsWritten);
    let Some(config) = config else { return Err(report.into_sorted()) };
    let engine = load::engine(&config)
        .map_err(|error| vec![Problem::error(folder.path().display().to_string(), None, error.to_string())])?;
    let remotes = load::remotes(&config);
    match load::load(folder, config, report, &engine, &remotes, None, &*load::for_terminal()).await {
        Ok(set) => Ok(Opened { set, remotes }),
        Err(problems) => {
            remotes.end().await;
            Err(problems)
        }
    }
}
