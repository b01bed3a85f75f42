//! `[records]`, `[records.preprocess]` and `[trust]`: what stands there, what holds, and the step between.

mod queue;

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Uri;
use weir_record::{MAX_LABEL, RecordMode};
use weir_store::jobs::JobOptions;
use weir_store::{StoreAddress, StoreOptions, WriterOptions};

use super::address;
use super::document::{At, Source, Table};
use super::report::Place;
use super::resolved::{Secret, Upstream};
use queue::WrittenQueue;

/// The store that is meant where none is named.
const USUAL_STORE: &str = "sqlite:weir.db";

/// `[records]`
#[derive(Debug, Default)]
pub struct WrittenRecords {
    store: Option<At<Secret>>,
    store_env: Option<At<String>>,
    tls_roots: Option<At<String>>,
    mode: Option<At<RecordMode>>,
    queue: WrittenQueue,
    max_body: Option<At<usize>>,
    max_size: Option<At<usize>>,
    drain_timeout: Option<At<Duration>>,
    preprocess: Option<WrittenPreprocess>,
}

/// `[records.preprocess]`
#[derive(Debug)]
struct WrittenPreprocess {
    place: Place,
    url: Option<At<Uri>>,
    command: Option<At<Vec<String>>>,
    window: Option<At<Duration>>,
    timeout: Option<At<Duration>>,
    retry: Option<At<Duration>>,
}

/// `[trust]`
#[derive(Debug, Default)]
pub struct WrittenTrust {
    org: Option<At<String>>,
    enabled: Option<At<bool>>,
}

/// What is recorded, and where it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordsConfig {
    /// Where records, registry and audit events are kept.
    pub store: StoreChoice,
    /// The journal of accepted calls: beside the file, or in the folder where the store is a server.
    pub journal: PathBuf,
    /// How the store is set up.
    pub options: StoreOptions,
    /// Which calls are recorded at the start.
    pub mode: RecordMode,
    /// The queue of the writer.
    pub writer: WriterOptions,
    /// Most bytes of a body that is kept whole.
    pub max_body: usize,
    /// How long the writer may go on when the process is to end.
    pub drain_timeout: Duration,
    /// What runs after records were written.
    pub preprocess: Option<PreprocessConfig>,
}

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// In the usual place. Where that cannot be had, a folder without a word about records is served all the same.
    Usual(StoreAddress),
    /// In a place that the operator chose; if that cannot be had, the start fails.
    Chosen(StoreAddress),
}

/// What runs after records were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreprocessConfig {
    /// What is called or run.
    pub hook: PreprocessHook,
    /// When.
    pub options: JobOptions,
}

/// What is called or run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreprocessHook {
    /// The job is sent to a URL.
    Url(Uri),
    /// A program is run in the folder, with the job on its standard input.
    Command(Vec<String>),
}

/// Whether calls inside a context are checked against the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustConfig {
    /// They are not.
    Off,
    /// They are, against the endpoints of this organisation.
    On {
        /// The organisation.
        org: String,
    },
}

impl StoreChoice {
    /// Where it is, whoever chose it.
    pub const fn address(&self) -> &StoreAddress {
        match self {
            Self::Usual(address) | Self::Chosen(address) => address,
        }
    }
}

/// Reads `[records]`.
pub(super) fn records(table: Table<'_>) -> WrittenRecords {
    let written = WrittenRecords {
        store: table.parsed("store", "a URL", |text| {
            // Only the form; what it is relative to is known later.
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
    let command = table.texts("command").map(|At { value, place }| {
        if value.is_empty() {
            table.error(place, "command in [records.preprocess] is empty; give the program and its arguments");
        }
        At { value: value.into_iter().map(|part| part.value).collect(), place }
    });
    let written = WrittenPreprocess {
        place: table.place,
        url: table.parsed("url", "a URL", url),
        command,
        window: table.milliseconds("window_ms"),
        timeout: table.milliseconds("timeout_ms"),
        retry: table.milliseconds("retry_ms"),
    };
    if !table.has("url") && !table.has("command") {
        table.error(
            table.place,
            "[records.preprocess] says nothing to run; give url = \"http://…\" or command = [\"…\"]",
        );
    }
    table.finish(|_| None);
    written
}

/// Reads the name of an organisation. The error goes on behind what is named.
pub fn organisation(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("is empty; give the name of the organisation"),
        odd if odd.contains(char::is_control) => Err("has control characters"),
        long if long.chars().count() > MAX_LABEL => Err("has more than 255 characters"),
        org => Ok(org.to_owned()),
    }
}

/// Reads `[trust]`.
pub(super) fn trust(table: Table<'_>) -> WrittenTrust {
    let org = |text: &str| organisation(text).map_err(|reason| format!("it {reason}"));
    let written = WrittenTrust { org: table.parsed("org", "a name", org), enabled: table.boolean("enabled") };
    if written.enabled.as_ref().is_some_and(|at| at.value) {
        // Nobody's endpoints are trusted by nobody: every call would be blocked.
        table.missing("org", "\"acme\"");
    }
    table.finish(|_| None);
    written
}

fn or<T>(written: Option<At<T>>, default: T) -> T {
    written.map_or(default, |at| at.value)
}

/// What holds for records.
pub(super) fn resolve_records(
    written: WrittenRecords,
    source: &Source<'_>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> RecordsConfig {
    let WrittenRecords { store, store_env, tls_roots, mode, queue, max_body, max_size, drain_timeout, preprocess } =
        written;
    let max_size_place = max_size.as_ref().map(|at| at.place);
    let tls_place = tls_roots.as_ref().map(|at| at.place);
    let store = choose(store, store_env, source, folder, variable);
    match (&store, max_size_place, tls_place) {
        (StoreChoice::Chosen(StoreAddress::Postgres(_)), Some(place), _) => {
            source.error(place, "max_size bounds a file of SQLite; PostgreSQL has its own means");
        }
        (StoreChoice::Chosen(StoreAddress::Sqlite(_)), _, Some(place)) => {
            source.error(place, "tls_roots is about a server of PostgreSQL, and the store is a file");
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
    if let (Some(_), Some(At { place, .. })) = (&store, &store_env) {
        source.error(*place, "both store and store_env are given in [records]; give one");
    }
    let from_env = store_env.and_then(|At { value: name, place }| {
        let Some(text) = variable(&name) else {
            source.error(place, format!("the environment has no variable {name:?}, which store_env names"));
            return None;
        };
        StoreAddress::parse(&text, folder)
            .map_err(|reason| source.error(place, format!("the variable {name:?}: {reason}")))
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
    let WrittenPreprocess { place, url, command, window, timeout, retry } = written;
    let hook = match (url, command) {
        (Some(_), Some(_)) => {
            source.error(place, "[records.preprocess] has both url and command; give one");
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

/// What holds for trust.
pub(super) fn resolve_trust(written: WrittenTrust) -> TrustConfig {
    match written {
        WrittenTrust { org: Some(org), enabled: Some(At { value: true, .. }) } => TrustConfig::On { org: org.value },
        _ => TrustConfig::Off,
    }
}
