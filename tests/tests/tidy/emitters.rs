//! Every event of the catalogue has an emitter, or says why it has none yet.

use weir_core::catalogue::{EVENTS, Row};
use weir_tests::repository::{SourceFile, files};

use super::report;

/// Where the surfaces are, each in a folder of its name.
const SURFACES: &str = "host/gateway/src/surface";

/// How a surface says in its source that every name outside of the others' namespaces may be an event of it.
const OPEN: &str = "catalogue::is_of_another(self.protocol()";

#[test]
fn every_event_has_an_emitter_or_says_why_not_yet() {
    let sources = files(&[SURFACES], ".rs");
    assert!(!sources.is_empty(), "{SURFACES} is not where it was");
    report(EVENTS.iter().filter_map(|row| wrong(row, &sources)).collect());
}

/// What is wrong with a row.
fn wrong(row: &Row, sources: &[SourceFile]) -> Option<String> {
    let Row { name, surface, not_yet } = row;
    let folder = format!("{SURFACES}/{surface}/");
    let has = |text: &str| {
        let mut own = sources.iter().filter(|file| file.path.starts_with(&folder));
        own.any(|file| file.text.contains(text))
    };
    let named = has(&format!("\"{name}\""));
    match not_yet {
        None if named || has(OPEN) => None,
        None => Some(format!("{name}: nothing in {folder} emits it; emit it, or make the row one of `not_yet`")),
        Some("") => Some(format!("{name}: say why nothing emits it yet")),
        Some(_) if named => Some(format!("{name}: {folder} names it now; its row is no longer one of `not_yet`")),
        Some(_) => None,
    }
}

#[test]
fn events_without_an_emitter_are_found() {
    let source = |path: &str, text: &str| SourceFile { path: format!("{SURFACES}/{path}"), text: text.to_owned() };
    let sources = [
        source("shout/mod.rs", "const EVENT: &str = \"shout/text\";"),
        source("open/route.rs", &format!("!{OPEN}, pattern)")),
        source("mod.rs", "\"other/text\""),
    ];
    for (surface, name, not_yet, expected) in [
        ("shout", "shout/text", None, None),
        ("shout", "shout/loud", None, Some("emit it")),
        ("shout", "shout/loud", Some("nobody is deaf"), None),
        ("shout", "shout/loud", Some(""), Some("say why")),
        ("shout", "shout/text", Some("nobody is deaf"), Some("no longer")),
        ("open", "open/anything", None, None),
        ("other", "other/text", None, Some("emit it")),
    ] {
        let found = wrong(&Row { name, surface, not_yet }, &sources);
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
            _ => panic!("{name}: {found:?}"),
        }
    }
}
