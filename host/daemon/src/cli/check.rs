//! `weir check`.

use weir_interceptors::remote::Remotes;

use super::{CheckArguments, Ended, Paint, output};
use crate::check::{View, text};
use crate::config::{Folder, Problem, Upstreams};
use crate::load::{self, LoadedSet};
use crate::serve;

/// Loads everything and shows it.
pub async fn run(arguments: CheckArguments) -> Ended {
    let CheckArguments { folder, json } = arguments;
    let view = match open(&Folder::new(&folder)).await {
        Ok(Opened { set, remotes }) => {
            let view = View::of(&set);
            remotes.end().await;
            view
        }
        Err(problems) => View::failed(&Folder::new(&folder), problems),
    };
    if json {
        output::result(&output::json(&view));
    } else {
        output::result(&text(&view, Paint::stdout()));
    }
    if view.ok { Ended::Done } else { Ended::NotRight }
}

/// A folder that was loaded for a command that serves nothing.
pub struct Opened {
    /// What it comes to.
    pub set: LoadedSet,
    /// The interceptor servers that policies run on. Sessions with them end with [`Remotes::end`].
    pub remotes: Remotes,
}

/// Loads a folder for a command that serves nothing.
pub async fn open(folder: &Folder) -> Result<Opened, Vec<Problem>> {
    let (config, report) = folder.config(Upstreams::AsWritten);
    let Some(config) = config else { return Err(report.into_sorted()) };
    let engine = serve::engine(&config)
        .map_err(|error| vec![Problem::error(folder.path().display().to_string(), None, error.to_string())])?;
    let remotes = serve::remotes(&config);
    match load::load(folder, config, report, &engine, &remotes, None, &*load::for_terminal()).await {
        Ok(set) => Ok(Opened { set, remotes }),
        Err(problems) => {
            remotes.end().await;
            Err(problems)
        }
    }
}
