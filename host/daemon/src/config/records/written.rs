//! `[records]`, `[records.preprocess]` and `[trust]` as written.

use std::path::Path;
use std::time::Duration;

use http::Uri;
use weir_record::{MAX_LABEL, RecordMode};
use weir_store::StoreAddress;

use super::queue::WrittenQueue;
use crate::config::address;
use crate::config::document::{At, Table};
use crate::config::report::Location;
use crate::config::secret::Secret;
use crate::config::upstream::Upstream;

/// `[records]`
#[derive(Debug, Default)]
pub struct WrittenRecords {
    pub(super) store: Option<At<Secret>>,
    pub(super) store_env: Option<At<String>>,
    pub(super) tls_roots: Option<At<String>>,
    pub(super) mode: Option<At<RecordMode>>,
    pub(super) queue: WrittenQueue,
    pub(super) max_body: Option<At<usize>>,
    pub(super) max_size: Option<At<usize>>,
    pub(super) drain_timeout: Option<At<Duration>>,
    pub(super) preprocess: Option<WrittenPreprocess>,
}

/// `[records.preprocess]`
#[derive(Debug)]
pub(super) struct WrittenPreprocess {
    pub(super) location: Location,
    pub(super) url: Option<At<Uri>>,
    pub(super) command: Option<At<Vec<String>>>,
    pub(super) window: Option<At<Duration>>,
    pub(super) timeout: Option<At<Duration>>,
    pub(super) retry: Option<At<Duration>>,
}

/// `[trust]`
#[derive(Debug, Default)]
pub struct WrittenTrust {
    pub(super) org: Option<At<String>>,
    pub(super) enabled: Option<At<bool>>,
}

/// Reads `[records]`.
pub fn records(table: Table<'_>) -> WrittenRecords {
    let written = WrittenRecords {
        store: table.parsed("store", "a URL", |text| {
            // Checks only the form; the base for relative paths is known later.
            StoreAddress::parse(text, Path::new("")).map(|_| Secret::new(text.to_owned()))
        }),
        store_env: table.text("store_env"),
        tls_roots: table.text("tls_roots"),
        mode: table
            .choice("mode", &[RecordMode::Context, RecordMode::All, RecordMode::Off].map(|mode| (mode.as_str(), mode))),
        queue: WrittenQueue::read(&table),
        max_body: table.size("max_body"),
        max_size: table.size("max_size"),
        drain_timeout: table.milliseconds("drain_timeout_ms"),
        preprocess: table.table("preprocess").map(preprocess),
    };
    table.finish(|key| match key {
        "url" | "command" | "window_ms" => Some(format!("write it into [records.preprocess]: {key} = …")),
        _ => None,
    });
    written
}

fn preprocess(table: Table<'_>) -> WrittenPreprocess {
    let url = |text: &str| match address::upstream(text)? {
        Upstream::Url(uri) => Ok(uri),
        Upstream::Demo(_) | Upstream::Command(_) => {
            Err("give a URL such as \"http://127.0.0.1:3005/index\"".to_owned())
        }
    };
    let command = table.texts("command").map(|At { value, location }| {
        if value.is_empty() {
            table.error(location, "command in [records.preprocess] is empty; give the program and its arguments");
        }
        At { value: value.into_iter().map(|part| part.value).collect(), location }
    });
    let written = WrittenPreprocess {
        location: table.location,
        url: table.parsed("url", "a URL", url),
        command,
        window: table.milliseconds("window_ms"),
        timeout: table.milliseconds("timeout_ms"),
        retry: table.milliseconds("retry_ms"),
    };
    if !table.has("url") && !table.has("command") {
        table.error(
            table.location,
            "[records.preprocess] says nothing to run; give url = \"http://…\" or command = [\"…\"]",
        );
    }
    table.finish(|_| None);
    written
}

/// Reads the name of an organisation. The error is appended to the key's name.
pub fn organisation(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("is empty; give the name of the organisation"),
        odd if odd.contains(char::is_control) => Err("has control characters"),
        long if long.chars().count() > MAX_LABEL => Err("has more than 255 characters"),
        org => Ok(org.to_owned()),
    }
}

/// Reads `[trust]`.
pub fn trust(table: Table<'_>) -> WrittenTrust {
    let org = |text: &str| organisation(text).map_err(|reason| format!("it {reason}"));
    let written = WrittenTrust { org: table.parsed("org", "a name", org), enabled: table.boolean("enabled") };
    if written.enabled.as_ref().is_some_and(|at| at.value) {
        // Without an organisation no endpoint is trusted, so every call would be blocked.
        table.missing("org", "\"acme\"");
    }
    table.finish(|_| None);
    written
}
