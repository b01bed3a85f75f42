//! `weir chain`.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use weir_admin::ChainRequest;
use weir_core::{EventName, InterceptorName, Payload, Phase};
use weir_mcp::interceptors as wire;

use super::arguments::ChainArguments;
use super::ended::{Ended, usage};
use super::open::{Opened, open};
use crate::config::Folder;
use crate::config::folder::{ReadError, read_bounded};
use crate::load::LoadedSet;
use crate::output::{self, Paint};
use crate::running::run_chain;

/// Largest payload accepted: a policy's default memory can hold it twice.
const MAX_PAYLOAD: usize = 32 << 20;

/// Runs one chain and prints its result. The command succeeds whatever the verdict.
pub async fn run(arguments: ChainArguments) -> Ended {
    let folder = Folder::new(&arguments.folder);
    let request = match request(arguments) {
        Ok(request) => request,
        Err(message) => return usage(&message),
    };
    let Opened { set, remotes } = match open(&folder).await {
        Ok(opened) => opened,
        Err(problems) => {
            output::complaint(&output::problems(&problems, Paint::stderr()));
            return Ended::NotRight;
        }
    };
    let ran = run_chain(&set, request).await;
    remotes.end().await;
    match ran {
        Ok(response) => {
            output::result(&output::json(&wire::chain_result(&response.result, response.elapsed)));
            Ended::Done
        }
        Err(error) => usage(&named(&error, &set)),
    }
}

/// The error, with the valid choices.
fn named(error: &weir_admin::ChainRequestError, set: &LoadedSet) -> String {
    use weir_admin::ChainRequestError as E;
    match error {
        E::UnknownRoute(name) => {
            let known: Vec<&str> = set.routes.iter().map(|route| route.config.name.as_str()).collect();
            format!("no route is named {name:?}; the folder has {}", listed(&known))
        }
        E::UnknownInterceptor(name) => {
            let known: Vec<&str> = set.policies.iter().map(|policy| policy.settings.name.as_str()).collect();
            format!("no policy of this chain is named {name:?}; the folder has {}", listed(&known))
        }
        E::Malformed(message) => message.clone(),
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn request(arguments: ChainArguments) -> Result<ChainRequest, String> {
    let ChainArguments { event, phase, payload, request, context, route, interceptors, folder: _ } = arguments;
    let context = match context {
        Some(file) => {
            let bytes = read(&file)?;
            let text = std::str::from_utf8(&bytes).map_err(|_| format!("{}: it is not UTF-8", file.display()))?;
            wire::context(text).map_err(|error| format!("{}: {error}", file.display()))?
        }
        None => wire::context("{}").map_err(|error| error.to_string())?,
    };
    let names: Result<Vec<InterceptorName>, String> = interceptors
        .iter()
        .map(|name| InterceptorName::new(name).map_err(|error| format!("--interceptor {name:?}: {error}")))
        .collect();
    let names = names?;
    Ok(ChainRequest {
        event: EventName::new(&event).map_err(|error| format!("--event {event:?}: {error}"))?,
        phase: Phase::parse(&phase).ok_or_else(|| format!("--phase {phase:?}: give request or response"))?,
        payload: read_payload(&payload)?,
        request: request.as_deref().map(read_payload).transpose()?,
        context,
        route,
        interceptors: (!names.is_empty()).then_some(names),
        timeout: None,
    })
}

fn read_payload(file: &Path) -> Result<Arc<Payload>, String> {
    let bytes = read(file)?;
    Payload::from_bytes(&bytes).map(Arc::new).map_err(|error| format!("{}: {error}", file.display()))
}

/// The bytes of a file, or of standard input for `-`.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    if file.as_os_str() != "-" {
        return read_bounded(file, MAX_PAYLOAD).map_err(|error| match error {
            ReadError::Missing => format!("{}: there is no such file", file.display()),
            ReadError::Other(reason) => format!("{}: {reason}", file.display()),
        });
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(MAX_PAYLOAD as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(count) if count <= MAX_PAYLOAD => Ok(bytes),
        Ok(_) => Err(format!("standard input is larger than {}", crate::config::show_size(MAX_PAYLOAD))),
        Err(error) => Err(format!("standard input cannot be read: {error}")),
    }
}
