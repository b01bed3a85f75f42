//! `weir stdio`.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;

use weir_gateway::surface::mcp::relay::{RelayError, relay};
use weir_gateway::surface::mcp::{Command, Mcp};
use weir_gateway::{Gateway, Protocol, Silent};

use super::arguments::StdioArguments;
use super::ended::{Ended, usage};
use super::open::{Opened, open};
use crate::config::Folder;
use crate::load::LoadedSet;
use crate::output::{self, Paint};
use crate::running::relay_set;
use crate::signals::Signals;

/// Relays until the client or the server closes. Opens no port; standard output carries only messages.
pub async fn run(arguments: StdioArguments) -> Ended {
    let StdioArguments { folder, folder_option, route, command } = arguments;
    let command = match words(command) {
        Ok(command) => command,
        Err(message) => return usage(&message),
    };
    let folder = Folder::new(folder_option.unwrap_or(folder));
    let signals = match Signals::install() {
        Ok(signals) => signals,
        Err(error) => {
            output::problem(&format!("cannot listen for signals: {error}"));
            return Ended::NotRight;
        }
    };
    let opened = tokio::select! {
        opened = open(&folder) => opened,
        _ = signals.end() => return Ended::NotRight,
    };
    let Opened { set, remotes } = match opened {
        Ok(opened) => opened,
        Err(problems) => {
            output::complaint(&output::problems(&problems, Paint::stderr()));
            return Ended::NotRight;
        }
    };
    let route = match chosen(&set, route.as_deref()) {
        Ok(route) => route.to_owned(),
        Err(message) => return usage(&message),
    };
    let mcp = Mcp::new();
    let running = match relay_set(&set, &route, &mcp, &command) {
        Ok(running) => running,
        Err(problem) => {
            output::problem(&problem.to_string());
            return Ended::NotRight;
        }
    };
    let gateway = Gateway::new(set.config.gateway.options, Arc::new(Silent), running);
    let ended = async {
        let _ = signals.end().await;
    };
    let relayed = relay(&gateway, &route, &command, tokio::io::stdin(), tokio::io::stdout(), ended).await;
    remotes.end().await;
    match relayed {
        Ok(Ok(status)) => like(status),
        Ok(Err(error)) => {
            output::problem(&error.to_string());
            Ended::NotRight
        }
        Err(error @ (RelayError::Start { .. } | RelayError::UnknownRoute(_))) => {
            output::problem(&error.to_string());
            Ended::NotRight
        }
    }
}

fn words(command: Vec<OsString>) -> Result<Command, String> {
    let words: Result<Vec<String>, OsString> = command.into_iter().map(OsString::into_string).collect();
    let words = words.map_err(|word| format!("{} of the command is not UTF-8", word.to_string_lossy()))?;
    let mut words = words.into_iter();
    let program = words.next().filter(|program| !program.is_empty());
    let program = program.ok_or("name the server after --, as in `weir stdio -- npx server`")?;
    Ok(Command { arguments: words.collect(), ..Command::new(program) })
}

/// The route whose chain runs.
fn chosen<'s>(set: &'s LoadedSet, named: Option<&str>) -> Result<&'s str, String> {
    let mut speaking = set.routes.iter().filter(|route| route.config.protocol == Protocol::Mcp);
    let names = || {
        let names: Vec<&str> = set
            .routes
            .iter()
            .filter(|route| route.config.protocol == Protocol::Mcp)
            .map(|route| route.config.name.as_str())
            .collect();
        if names.is_empty() { "the folder has none".to_owned() } else { format!("the folder has {}", names.join(", ")) }
    };
    let found = match named {
        None => speaking.next(),
        Some(name) => speaking.find(|route| route.config.name == name),
    };
    match (found, named) {
        (Some(route), _) => Ok(&route.config.name),
        (None, None) => {
            Err("no [[route]] of the folder has protocol = \"mcp\", whose policies could be run".to_owned())
        }
        (None, Some(name)) => Err(format!("no MCP route is named {name:?}; {}", names())),
    }
}

/// The server's exit code; after a signal, the code a shell would give.
fn like(status: ExitStatus) -> Ended {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    match code {
        Some(0) => Ended::Done,
        Some(code) => Ended::Like(u8::try_from(code).unwrap_or(1)),
        None => Ended::NotRight,
    }
}
