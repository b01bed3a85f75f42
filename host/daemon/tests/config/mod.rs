//! Each `*.toml` beside this file is resolved, and what comes of it is compared with a snapshot. There are three: the
//! whole configuration of an empty file, what the others change of it, and the problems of those that cannot be used.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use weir::config::{Surroundings, Upstreams, resolve};

use crate::shown::Runs;

/// Renders what a file comes to: the configuration, or else all of its problems.
fn outcome(text: &str) -> Result<String, String> {
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
    let outcome = if problems.is_empty() { Ok(format!("{config:#?}")) } else { Err(outcome) };
    let (Ok(shown) | Err(shown)) = &outcome;
    assert!(!shown.contains("hunter2"), "a secret is repeated:\n{shown}");
    outcome
}

/// A line of what `{:#?}` shows.
enum Line<'a> {
    /// A value, with all that stands around it.
    Value { around: Vec<&'a str>, line: &'a str },
    /// The end of what stands within so many others.
    End(usize),
}

fn lines(shown: &str) -> Vec<Line<'_>> {
    let (mut around, mut lines) = (Vec::new(), Vec::new());
    for line in shown.lines() {
        if matches!(line.trim().trim_end_matches(','), "}" | ")" | "]") {
            around.pop();
            lines.push(Line::End(around.len()));
        } else if line.ends_with(['{', '(', '[']) {
            around.push(line);
        } else {
            lines.push(Line::Value { around: around.clone(), line });
        }
    }
    lines
}

/// What of a configuration is not as usual, below what it belongs to. Closing brackets are left out.
fn differing(shown: &str, usual: &str) -> String {
    let usual: HashSet<(Vec<&str>, &str)> = lines(usual)
        .into_iter()
        .filter_map(|line| match line {
            Line::Value { around, line } => Some((around, line)),
            Line::End(_) => None,
        })
        .collect();
    let (mut differing, mut written) = (String::new(), 0);
    for line in lines(shown) {
        match line {
            Line::End(depth) => written = depth.min(written),
            Line::Value { around, line } if !usual.contains(&(around.clone(), line)) => {
                for line in around[written..].iter().chain([&line]) {
                    writeln!(differing, "{line}").unwrap();
                }
                written = around.len();
            }
            Line::Value { .. } => {}
        }
    }
    differing
}

#[test]
fn every_file_comes_to_what_its_snapshot_says() {
    let usual = outcome("").unwrap();
    crate::shown::compare("config", "defaults", &usual);
    let (mut resolved, mut problems) = (Runs::new("config", "resolved"), Runs::new("config", "problems"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        match outcome(&fs::read_to_string(file).unwrap()) {
            Ok(shown) => resolved.add(name, &differing(&shown, &usual)),
            Err(shown) => problems.add(name, &shown),
        }
    }
    resolved.compare();
    problems.compare();
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
