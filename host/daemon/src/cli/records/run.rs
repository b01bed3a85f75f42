//! Dispatches the commands.

use super::arguments::RecordsCommand;
use super::{export, look, verify};
use crate::cli::ended::Ended;

/// Runs one of the commands.
pub async fn run(command: RecordsCommand) -> Ended {
    match command {
        RecordsCommand::List(arguments) => look::list(arguments).await,
        RecordsCommand::Show(arguments) => look::show(arguments).await,
        RecordsCommand::Verify(arguments) => verify::check(arguments).await,
        RecordsCommand::Export(arguments) => export::export(arguments).await,
    }
}
