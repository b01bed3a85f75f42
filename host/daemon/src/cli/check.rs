//! `weir check`.

use super::arguments::CheckArguments;
use super::ended::Ended;
use super::open::{Opened, open};
use crate::check::{View, text};
use crate::config::Folder;
use crate::output::{self, Paint};

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
