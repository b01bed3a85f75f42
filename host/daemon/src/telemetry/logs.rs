//! The log on standard error: one line per event, for people or as JSON.
//!
//! Invariants: one event is one line; nothing that a guest or a peer wrote reaches the terminal unescaped; lines of
//! guests carry the policy's name; who reads the log and stops reading does not stop the gateway. Standard output is
//! left to results.
//!
//! Not here: spans. Nothing in Weir opens any; a call's reference is a field of its events.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use indexmap::IndexMap;
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::output::printable;

/// Target under which the engine passes on what guests log.
const GUEST: &str = "weir::guest";

/// Longest field that is written. Guests' and peers' texts are bounded before; this bounds what was forgotten.
const MAX_FIELD: usize = 8 << 10;

/// For whom the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object per line.
    Json,
}

/// How long a line waits for room in a pipe whose reader is busy. A reader that has stopped costs this once.
const ROOM: Duration = Duration::from_millis(200);

/// Writes events to standard error.
struct Lines {
    format: LogFormat,
    colour: bool,
    out: Mutex<Out>,
}

/// Where lines go. A pipe that nobody empties would hold whoever writes to it, and with it the calls that it serves.
#[derive(Default)]
struct Out {
    /// Lines that found no room since the last that did.
    lost: u64,
    /// Whether the last that was begun was not finished.
    is_cut: bool,
}

/// The fields of one event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Datum)>,
}

/// A value of a field.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Datum {
    Text(String),
    Positive(u64),
    Whole(i64),
    Fraction(f64),
    Truth(bool),
}

/// An event as an object. Its own members cannot be replaced by a field of their name.
#[derive(Serialize)]
struct Entry<'e> {
    timestamp: String,
    level: String,
    target: &'e str,
    message: &'e str,
    #[serde(flatten)]
    others: IndexMap<&'static str, &'e Datum>,
}

/// Sets the log and the panic hook up, for the whole process. `level` is the command line's; without it the
/// variable `WEIR_LOG` counts, then `usual`. Gives the count of panics.
pub fn install(format: LogFormat, level: Option<&str>, usual: &str) -> Result<Arc<AtomicU64>, String> {
    let variable = std::env::var("WEIR_LOG").ok().filter(|text| !text.is_empty());
    let wanted = level.map(str::to_owned).or(variable).unwrap_or_else(|| usual.to_owned());
    let filter = EnvFilter::builder()
        .parse(&wanted)
        .map_err(|_| format!("{wanted:?} is not a log level; give error, warn, info, debug or trace"))?;
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::registry().with(Lines { format, colour, out: Mutex::default() }.with_filter(filter)).init();

    let panics = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&panics);
    std::panic::set_hook(Box::new(move |panic| {
        counted.fetch_add(1, Ordering::Relaxed);
        let thread = std::thread::current();
        tracing::error!(thread = thread.name().unwrap_or("unnamed"), "a task panicked, which is a bug: {panic}");
    }));
    Ok(panics)
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = self.line(*metadata.level(), metadata.target(), fields);
        // One at a time: lines of several threads stay apart, and there is room for the one that was promised it.
        let mut out = self.out.lock();
        let mut within = ROOM;
        if out.lost > 0 {
            within = Duration::ZERO;
            let message = format!("the log was not read: {} lines are lost", out.lost);
            let told = self.line(Level::WARN, "weir::log", Fields { message, others: Vec::new() });
            if !out.write(&told, within) {
                out.lost += 1;
                return;
            }
            out.lost = 0;
        }
        if !out.write(&line, within) {
            out.lost = 1;
        }
    }
}

impl Out {
    /// Writes a line if there is room for it now, or within that time. Whether it was written whole.
    fn write(&mut self, line: &str, within: Duration) -> bool {
        // What a pipe that has room for anything takes at once.
        const PIECE: usize = 4096;
        let end = if self.is_cut { "\n" } else { "" };
        for piece in end.as_bytes().chunks(PIECE).chain(line.as_bytes().chunks(PIECE)) {
            if !has_room(within) {
                return false;
            }
            // A log that cannot be written has nowhere to say so.
            let _ = io::stderr().write_all(piece);
            self.is_cut = true;
        }
        self.is_cut = false;
        true
    }
}

impl Lines {
    fn line(&self, level: Level, target: &str, fields: Fields) -> String {
        let mut line = match self.format {
            LogFormat::Human => human(level, target, &fields, self.colour),
            LogFormat::Json => json(level, target, &fields),
        };
        line.push('\n');
        line
    }
}

/// Whether standard error takes a line now, or within that time: files always do, pipes and terminals while somebody
/// reads. What cannot be asked is written to.
fn has_room(within: Duration) -> bool {
    let stderr = io::stderr();
    let mut asked = [PollFd::new(&stderr, PollFlags::OUT)];
    let within = Timespec { tv_sec: 0, tv_nsec: within.subsec_nanos().into() };
    poll(&mut asked, Some(&within)).map_or(true, |ready| ready > 0)
}

fn now() -> String {
    humantime::format_rfc3339_micros(SystemTime::now()).to_string()
}

/// `2026-01-01T00:00:00.000000Z WARN  weir::reload: message key=value`
fn human(level: Level, target: &str, fields: &Fields, colour: bool) -> String {
    let code = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    };
    let policy = fields.others.iter().find(|(name, _)| *name == "policy").map(|(_, value)| value.to_string());
    let source = match &policy {
        Some(policy) if target == GUEST => format!("policy {}", printable(policy)),
        _ => target.to_owned(),
    };
    let (level, source) = match colour {
        true => (format!("\x1b[{code}m{level:<5}\x1b[0m"), format!("\x1b[2m{source}:\x1b[0m")),
        false => (format!("{level:<5}"), format!("{source}:")),
    };
    let mut line = format!("{} {level} {source} {}", now(), printable(&fields.message));
    for (name, value) in &fields.others {
        if *name == "policy" && target == GUEST {
            continue;
        }
        let _ = match value {
            Datum::Text(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
                write!(line, " {name}={}", printable(&format!("{text:?}")))
            }
            other => write!(line, " {name}={}", printable(&other.to_string())),
        };
    }
    line
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            other => f.write_str(&serde_json::to_string(other).unwrap_or_default()),
        }
    }
}

fn json(level: Level, target: &str, fields: &Fields) -> String {
    let mut others = IndexMap::new();
    for (name, value) in &fields.others {
        if !["timestamp", "level", "target", "message"].contains(name) {
            others.entry(*name).or_insert(value);
        }
    }
    let level = level.as_str().to_ascii_lowercase();
    let entry = Entry { timestamp: now(), level, target, message: &fields.message, others };
    // Texts and numbers under names are always JSON.
    serde_json::to_string(&entry).unwrap_or_default()
}

impl Fields {
    fn put(&mut self, field: &Field, value: Datum) {
        match (field.name(), value) {
            ("message", Datum::Text(text)) => self.message = text,
            (name, value) => self.others.push((name, value)),
        }
    }
}

fn bounded(mut text: String) -> String {
    if text.len() > MAX_FIELD {
        let end = (0..=MAX_FIELD).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Datum::Text(bounded(value.to_owned())));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Datum::Text(bounded(format!("{value:?}"))));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Datum::Positive(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Datum::Whole(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Datum::Fraction(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Datum::Truth(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        Fields {
            message: "be\x1b[31mware".into(),
            others: vec![
                ("policy", Datum::Text("p".into())),
                ("call_ref", Datum::Text("a b\r".into())),
                ("n", Datum::Whole(3)),
            ],
        }
    }

    #[test]
    fn a_line_for_people_is_one_line_without_control_characters() {
        let line = human(Level::WARN, GUEST, &fields(), false);
        assert!(line.ends_with(r#" WARN  policy p: be\u{1b}[31mware call_ref="a b\r" n=3"#), "{line}");
        assert!(!line.chars().any(char::is_control));
    }

    #[test]
    fn a_line_for_programs_is_json_and_keeps_types() {
        let line = json(Level::WARN, GUEST, &fields());
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["level"], "warn");
        assert_eq!(line["n"], 3);
        assert_eq!(line["policy"], "p");
    }

    #[test]
    fn long_fields_are_cut() {
        assert!(bounded("ä".repeat(MAX_FIELD)).len() <= MAX_FIELD + '…'.len_utf8());
    }
}
