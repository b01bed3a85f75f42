//! Rust files: how long they are, how they start, that nothing in them can panic unsaid, that none is forgotten.

use std::path::Path;

use weir_tests::repository::{SourceFile, files, root};

use super::report;

/// No file that a person wrote is longer: it then has more than one reason to change.
const LONGEST: usize = 700;
/// Bounds of the host's files, so that the rule above is not filled up.
const NINTH_DECILE: usize = 450;
const MEDIAN: usize = 180;

/// What may panic. `clippy.toml` bans some of it too; here guests and macros are covered as well.
const PANICS: &[&str] = &[".unwrap()", ".expect(\"", "panic!(", "unreachable!(", "todo!(", "unimplemented!("];

/// How many lines above a panic its `#[expect]` may stand.
const REACH: usize = 10;

fn sources() -> Vec<SourceFile> {
    files(&["host", "guests", "tests"], ".rs")
}

fn lines(file: &SourceFile) -> usize {
    file.text.lines().count()
}

#[test]
fn files_are_short() {
    let sources = sources();
    let mut findings: Vec<String> = sources
        .iter()
        .filter(|file| lines(file) > LONGEST)
        .map(|file| format!("{}: has {} lines; split it (at most {LONGEST})", file.path, lines(file)))
        .collect();
    let mut host: Vec<usize> = sources.iter().filter(|file| file.path.starts_with("host/")).map(lines).collect();
    host.sort_unstable();
    let (median, ninth) = (host[host.len() / 2], host[host.len() * 9 / 10]);
    println!("host: {} files, median {median} lines, ninth decile {ninth}", host.len());
    if median > MEDIAN || ninth > NINTH_DECILE {
        findings.push(format!(
            "host: the median is {median} lines (at most {MEDIAN}), the ninth decile {ninth} (at most {NINTH_DECILE}); \
             split the longest files"
        ));
    }
    report(findings);
}

#[test]
fn every_module_says_what_it_is() {
    let headless = sources().into_iter().filter(|file| !file.text.starts_with("//! "));
    report(
        headless.map(|file| format!("{}: start it with `//! ` and its purpose in one sentence", file.path)).collect(),
    );
}

#[test]
fn nothing_panics_without_a_reason() {
    let shipped = |file: &SourceFile| {
        let in_source = file.path.contains("/src/") && !file.path.starts_with("tests/");
        let is_test = file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
        // Guests for testing fail on purpose.
        in_source && !is_test && !file.path.starts_with("guests/testing/")
    };
    report(sources().iter().filter(|file| shipped(file)).flat_map(panics).collect());
}

fn panics(file: &SourceFile) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    // A file with a method of that name means its own; the lint knows the other one.
    let own = |panic: &str| panic.starts_with(".expect(") && file.text.contains("fn expect(");
    let panics = PANICS.iter().filter(|panic| !own(panic));
    let mut index = 0;
    while index < lines.len() {
        let line = lines[index];
        if line.trim() == "#[cfg(test)]" {
            index = after_test_item(&lines, index + 1);
            continue;
        }
        let code = line.split("//").next().unwrap_or_default();
        if let Some(panic) = panics.clone().find(|panic| code.contains(**panic)) {
            let above = &lines[index.saturating_sub(REACH)..index];
            if !above.iter().any(|line| line.contains("#[expect(clippy::")) {
                found.push(format!(
                    "{}:{}: `{panic}` may panic; return an error, or say with #[expect(clippy::…, reason = \"…\")] why \
                     it cannot happen",
                    file.path,
                    index + 1
                ));
            }
        }
        index += 1;
    }
    found
}

/// The line after an item that is compiled for tests only.
fn after_test_item(lines: &[&str], start: usize) -> usize {
    let Some(first) = lines.get(start) else { return start };
    if !first.ends_with('{') {
        return start + 1;
    }
    let indentation = first.len() - first.trim_start().len();
    let end = format!("{}}}", &first[..indentation]);
    let length = lines[start..].iter().position(|line| **line == end).unwrap_or(lines.len());
    start + length + 1
}

#[test]
fn no_file_is_forgotten() {
    let sources = sources();
    let orphans = sources.iter().filter(|file| !is_reached(file, &sources));
    report(
        orphans
            .map(|file| format!("{}: no `mod` line names it, so it is not compiled; add one or remove it", file.path))
            .collect(),
    );
}

fn is_reached(file: &SourceFile, sources: &[SourceFile]) -> bool {
    let path = Path::new(&file.path);
    let folder = path.parent().unwrap_or(path);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // Where a declaration may stand, and the name that it has to have.
    let (name, place) = match stem.as_str() {
        // The folder has the name, and its parent the declaration.
        "mod" => {
            (folder.file_name().unwrap_or_default().to_string_lossy().into_owned(), folder.parent().unwrap_or(folder))
        }
        "lib" | "main" | "build" => return true,
        _ => (stem, folder),
    };
    let declarations = [format!("mod {name};"), format!("path = \"{}\"", relative_to_package(&file.path))];
    let above = place.with_extension("rs");
    let declares = |text: &str| declarations.iter().any(|declaration| text.contains(declaration));
    let by_module = sources.iter().any(|other| {
        let other_path = Path::new(&other.path);
        (other_path.parent() == Some(place) || other_path == above) && other.path != file.path && declares(&other.text)
    });
    by_module || files(&["host", "tests"], "Cargo.toml").iter().any(|manifest| declares(&manifest.text))
}

/// `host/engine/tests/x.rs` is `tests/x.rs` in its package.
fn relative_to_package(path: &str) -> &str {
    let package = path.find("/src/").or_else(|| path.find("/tests/"));
    package.map_or(path, |start| &path[start + 1..])
}

#[test]
fn no_marker_is_left_and_no_path_of_one_machine() {
    let markers = ["TODO", "FIXME", "XXX"].map(|marker| format!("{marker}:"));
    let here = root().to_string_lossy().into_owned();
    let mut all = sources();
    for ending in [".toml", ".md", ".wit", ".json", ".yml", ".html"] {
        all.extend(files(&["host", "guests", "tests", "wit", "policies"], ending));
    }
    let mut findings = Vec::new();
    // This file has to name them.
    for file in all.iter().filter(|file| !file.path.ends_with("tidy/sources.rs")) {
        for (number, line) in file.text.lines().enumerate() {
            if markers.iter().any(|marker| line.contains(marker)) || line.contains("// TODO") {
                findings.push(format!("{}:{}: a marker is left; do it, or open an issue", file.path, number + 1));
            }
            if line.contains(&here) {
                findings.push(format!(
                    "{}:{}: names a folder of this machine; make it relative",
                    file.path,
                    number + 1
                ));
            }
        }
    }
    report(findings);
}

#[test]
fn panics_outside_of_tests_are_found() {
    let text = "//! x\nfn a() {\n    b.unwrap();\n}\n\n#[cfg(test)]\nmod tests {\n    fn c() {\n        d.unwrap();\n    }\n}\n\
                \nfn e() {\n    // f.unwrap()\n    #[expect(clippy::expect_used, reason = \"g\")]\n    h.expect(\"i\");\n}\n";
    let file = SourceFile { path: "x.rs".into(), text: text.into() };
    let found = panics(&file);
    assert!(found.len() == 1 && found[0].starts_with("x.rs:3:"), "{found:?}");
}
