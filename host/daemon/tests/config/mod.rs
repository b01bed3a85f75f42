//! Each `*.toml` beside this file is resolved; what comes of it is compared with the snapshot of its name.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use weir::config::{Surroundings, Upstreams, resolve};

/// Renders what a file comes to: the configuration, or all of its problems.
fn outcome(text: &str) -> String {
    let variable = |name: &str| match name {
        "ADMIN_TOKEN" => Some("0123456789abcdef".to_owned()),
        "STORE_URL" => Some("postgres://weir:hunter2@db.example:5432/weir?sslmode=require".to_owned()),
        _ => None,
    };
    let surroundings =
        Surroundings { folder: Path::new("policies"), upstreams: Upstreams::AsWritten, variable: &variable };
    let (config, mut problems) = resolve("weir.toml", text, &surroundings);
    problems.sort();
    let mut outcome = String::new();
    for problem in &problems {
        writeln!(outcome, "{problem}").unwrap();
    }
    let outcome = if problems.is_empty() { format!("{config:#?}") } else { outcome };
    assert!(!outcome.contains("hunter2"), "a secret is repeated:\n{outcome}");
    outcome
}

#[test]
fn every_file_comes_to_its_snapshot() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        crate::shown::compare("config", name, &outcome(&fs::read_to_string(file).unwrap()));
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let text = include_str!("everything.toml");
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let _ = outcome_of(&text[..end]);
    }
    for (position, _) in text.char_indices() {
        let mut broken = text.to_owned();
        broken.remove(position);
        let _ = outcome_of(&broken);
    }
}

fn outcome_of(text: &str) -> usize {
    let surroundings =
        Surroundings { folder: Path::new("policies"), upstreams: Upstreams::AsWritten, variable: &|_| None };
    resolve("weir.toml", text, &surroundings).1.len()
}

#[test]
fn every_key_is_in_the_reference() {
    let reference = include_str!("../../CONFIGURATION.md");
    let text = include_str!("everything.toml");
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    let keys = words.filter(|word| {
        text.contains(&format!("{word} = ")) && !["since", "deep", "ratio", "count", "formats"].contains(word)
    });
    let missing: Vec<&str> = keys
        .filter(|key| {
            !key.is_empty() && !reference.contains(&format!("`{key}`")) && !reference.contains(&format!("{key} ="))
        })
        .filter(|key| !reference.contains(&format!("{{ {key}")) && !reference.contains(&format!(" {key} }}")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
