//! Commands that run text: shells, `eval`, `source`, interpreters, `find -exec`, `ssh` and similar.
//!
//! Known text is analysed like the script itself; unknown text is judged by its origin.

use crate::analysis::{Analysis, Variable};
use crate::arguments::Arguments;
use crate::command;
use crate::paths::{Place, UNKNOWN};
use crate::rule::Rule;
use crate::rules;
use crate::value::{Field, Origin, Output};
use crate::wrapper::joined;

/// Analyses what a command runs; `None` if it runs nothing.
pub fn run(analysis: &mut Analysis<'_>, name: &str, fields: &[Field], input: &Output) -> Option<Output> {
    match name {
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "mksh" | "fish" | "rbash" => {
            Some(shell(analysis, fields, input))
        }
        "eval" => {
            let origin = fields.iter().map(|field| field.origin).max().unwrap_or_default();
            Some(source(analysis, &Output { text: Some(joined(fields)), origin }))
        }
        "source" | "." => {
            let content = fields.first().map(|field| file(analysis, field, input)).unwrap_or_default();
            Some(source(analysis, &content))
        }
        "alias" => {
            for (_, value) in fields.iter().filter_map(|field| field.text.split_once('=')) {
                analysis.inside(|inner| inner.script(value));
            }
            Some(Output::known(""))
        }
        "trap" => {
            let handler = Arguments::new(fields, &[]).operands.first().map(|field| field.text.clone());
            Some(analysis.inside(|inner| handler.map(|handler| inner.script(&handler))).unwrap_or_default())
        }
        "ssh" => {
            let valued =
                ["b", "c", "D", "E", "e", "F", "I", "i", "J", "L", "l", "m", "O", "o", "p", "Q", "R", "S", "W", "w"];
            let arguments = Arguments::new(fields, &valued);
            let words: Vec<_> = arguments.operands.iter().skip(1).map(|field| (*field).clone()).collect();
            analysis.inside(|remote| {
                remote.folder = Place::Unknown;
                remote.script(&joined(&words))
            });
            Some(Output::unknown(Origin::Network))
        }
        "find" | "fd" => {
            find(analysis, fields);
            None
        }
        _ => {
            interpreter(analysis, name, fields, input);
            None
        }
    }
}

/// Records that text of a doubtful origin is run.
pub fn tainted(analysis: &mut Analysis<'_>, origin: Origin) {
    match origin {
        Origin::Plain => {}
        Origin::Decoded => analysis.found(Rule::DecodedToShell, "runs what was decoded or transformed before, unseen"),
        Origin::Network => analysis.found(Rule::NetworkToShell, "runs what comes from the network, unseen"),
    }
}

/// Analyses text if it is known, and judges its origin.
pub fn source(analysis: &mut Analysis<'_>, text: &Output) -> Output {
    tainted(analysis, text.origin);
    text.text.as_ref().map(|source| analysis.script(source)).unwrap_or_default()
}

/// `sh -c script`, `sh file` and `sh` with a script on its input.
fn shell(analysis: &mut Analysis<'_>, fields: &[Field], input: &Output) -> Output {
    let valued = ["o", "O", "rcfile", "init-file"];
    let arguments = Arguments::new(fields, &valued);
    let first = arguments.operands.first();
    let Some(first) = first.filter(|_| !arguments.has(&["s"])) else {
        return analysis.inside(|inner| source(inner, input));
    };
    if !arguments.has(&["c", "command"]) {
        let content = file(analysis, first, input);
        return analysis.inside(|inner| source(inner, &content));
    }
    let script = Output { text: Some(first.text.clone()), origin: first.origin };
    let rest: Vec<Field> = arguments.operands.iter().skip(1).map(|field| (*field).clone()).collect();
    analysis.inside(|inner| {
        for (index, field) in rest.iter().enumerate().take(10) {
            let value = Variable { texts: vec![field.text.clone()], origin: field.origin };
            inner.variables.insert(index.to_string(), value);
        }
        let all = rest.iter().skip(1).map(|field| field.text.clone()).collect();
        inner.variables.insert("@".to_owned(), Variable { texts: all, origin: Origin::Plain });
        source(inner, &script)
    })
}

/// The content of a file that is run; some names mean the input.
fn file(analysis: &Analysis<'_>, field: &Field, input: &Output) -> Output {
    match field.text.as_str() {
        "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0" => input.clone(),
        _ => command::content(analysis, field),
    }
}

/// Programs in other languages are not analysed, only judged by their origin.
fn interpreter(analysis: &mut Analysis<'_>, name: &str, fields: &[Field], input: &Output) {
    const NAMES: [&str; 13] = [
        "python",
        "perl",
        "ruby",
        "node",
        "nodejs",
        "php",
        "lua",
        "deno",
        "bun",
        "pwsh",
        "powershell",
        "osascript",
        "Rscript",
    ];
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !NAMES.contains(&plain) {
        return;
    }
    let arguments = Arguments::new(fields, &["c", "e", "m", "r", "W", "X"]);
    let inline = arguments.has(&["c", "e", "m", "r"]);
    let origin = fields.iter().map(|field| command::content(analysis, field).origin.max(field.origin)).max();
    let reads_input = !inline && arguments.operands.first().is_none_or(|first| first.text == "-");
    // Interpreters may process data from the network; only code is judged.
    let code = fields.iter().take_while(|field| field.text.starts_with('-')).count() + 1;
    let origin = if reads_input { Some(input.origin) } else { origin.filter(|_| code >= fields.len()) };
    tainted(analysis, origin.unwrap_or_default());
}

/// `find … -exec command ;`: the command runs on what is found.
fn find(analysis: &mut Analysis<'_>, fields: &[Field]) {
    let choosy = rules::find::is_choosy(fields);
    for (index, field) in fields.iter().enumerate() {
        if !matches!(field.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir") {
            continue;
        }
        let command: Vec<_> =
            fields[index + 1..].iter().take_while(|field| !matches!(field.text.as_str(), ";" | "+")).collect();
        for start in rules::find::starts(fields) {
            let found = if choosy { format!("{}/{UNKNOWN}", start.text) } else { start.text.clone() };
            let words = command.iter().map(|word| Field { text: word.text.replace("{}", &found), ..(*word).clone() });
            let words = words.collect();
            analysis.inside(|inner| command::run(inner, words, Output::default()));
        }
    }
}
