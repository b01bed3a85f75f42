//! `weir serve` and `weir demo`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::arguments::ServeArguments;
use super::ended::Ended;
use super::welcome::welcome;
use crate::config::{Problem, Upstreams};
use crate::output::{self, Paint};
use crate::serve::{ServeError, ServeOptions, serve};
use crate::telemetry::LogFormat;

/// Serves until a shutdown signal.
pub async fn run(arguments: ServeArguments, demo: Upstreams, log_format: LogFormat, panics: Arc<AtomicU64>) -> Ended {
    let ServeArguments { folder, listen, admin_listen } = arguments;
    let options = ServeOptions { folder, listen, admin_listen, demo };
    let served = serve(options, panics, |ready, set| {
        let mut text = format!(
            "weir ready gateway=http://{} admin=http://{} policies={}",
            ready.gateway, ready.admin, ready.policies
        );
        if demo == Upstreams::Demo {
            text.push('\n');
            text.push_str(&welcome(ready.gateway, ready.admin, set));
        }
        output::result(&text);
    })
    .await;
    match served {
        Ok(()) => Ended::Done,
        Err(error) => {
            report(&error, log_format);
            if matches!(error, ServeError::Token(_)) { Ended::Usage } else { Ended::NotRight }
        }
    }
}

fn report(error: &ServeError, log_format: LogFormat) {
    let problems = match error {
        ServeError::Folder { problems, .. } => problems.as_slice(),
        _ => &[],
    };
    match log_format {
        LogFormat::Json => {
            problems.iter().for_each(Problem::log);
            tracing::error!(target: "weir::serve", "{error}");
        }
        LogFormat::Human => {
            if !problems.is_empty() {
                output::complaint(&output::problems(problems, Paint::stderr()));
            }
            output::problem(&error.to_string());
        }
    }
}
