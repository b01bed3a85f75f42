//! Writing, moving or deleting files outside the workspace.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::rule::Rule;
use crate::rules::{disk, find};
use crate::value::{Field, shown};

/// Options of `curl` that take a value and can come before operands.
pub const CURL: &[&str] = &[
    "o",
    "output",
    "output-dir",
    "d",
    "data",
    "data-raw",
    "data-binary",
    "H",
    "header",
    "X",
    "request",
    "u",
    "user",
    "A",
    "user-agent",
    "e",
    "referer",
    "F",
    "form",
    "T",
    "upload-file",
    "x",
    "proxy",
    "m",
    "max-time",
    "retry",
    "connect-timeout",
    "b",
    "cookie",
    "c",
    "cookie-jar",
    "w",
    "write-out",
    "K",
    "config",
    "D",
    "dump-header",
    "E",
    "cert",
    "cacert",
    "key",
    "r",
    "range",
    "url",
];

/// Options of `wget` that take a value.
pub const WGET: &[&str] = &[
    "O",
    "output-document",
    "P",
    "directory-prefix",
    "o",
    "output-file",
    "a",
    "append-output",
    "header",
    "U",
    "user-agent",
    "t",
    "tries",
    "T",
    "timeout",
    "post-data",
    "i",
    "input-file",
];

/// Checks a redirection of a command's output.
pub fn redirected(analysis: &mut Analysis<'_>, name: &str, target: &Field) {
    if target.text.starts_with("/dev/tcp/") || target.text.starts_with("/dev/udp/") {
        analysis.found(Rule::NetworkToShell, format!("`{}` is connected to the network", shown(name)));
        return;
    }
    disk::overwritten(analysis, name, target);
    judge(analysis, &format!("{} >", shown(name)), target);
}

/// Checks a command.
pub fn check(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    match name {
        "tee" | "mkdir" | "touch" | "truncate" | "rmdir" | "unlink" | "rm" | "shred" | "srm" | "mkfifo" | "mknod" => {
            let arguments =
                Arguments::new(fields, &["s", "size", "r", "reference", "d", "date", "t", "m", "mode", "n"]);
            // For `rm`, `-r` and `-d` take no value.
            let arguments = if name == "rm" || name == "tee" { Arguments::new(fields, &[]) } else { arguments };
            let recursive = matches!(name, "rm" | "srm") && arguments.has(&["r", "R", "recursive"]);
            judge_unless_vital(analysis, name, recursive, &arguments.operands);
        }
        "chmod" | "chown" | "chgrp" => {
            let arguments = Arguments::new(fields, &["reference"]);
            let recursive = arguments.has(&["R", "recursive"]);
            judge_unless_vital(analysis, name, recursive, arguments.operands.get(1..).unwrap_or_default());
        }
        "cp" | "mv" | "install" | "ln" | "rsync" | "scp" => copy(analysis, name, fields),
        "dd" => {
            for target in fields.iter().filter_map(|field| field.text.strip_prefix("of=")) {
                judge(analysis, name, &Field::plain(target));
            }
        }
        "sed" | "perl" | "gsed" => {
            let valued: &[&str] = if name == "perl" { &["e"] } else { &["e", "expression", "f", "file"] };
            let arguments = Arguments::new(fields, valued);
            let in_place = arguments.has(&["i", "in-place"]);
            let script = usize::from(!arguments.has(&["e", "expression", "f", "file"]));
            if in_place {
                judge_all(analysis, name, arguments.operands.get(script..).unwrap_or_default());
            }
        }
        "curl" => {
            let arguments = Arguments::new(fields, CURL);
            options(analysis, name, &arguments, &["o", "output", "output-dir", "c", "cookie-jar", "D", "dump-header"]);
        }
        "wget" => {
            let arguments = Arguments::new(fields, WGET);
            options(analysis, name, &arguments, &["O", "output-document", "P", "directory-prefix", "o", "output-file"]);
        }
        "tar" | "bsdtar" => tar(analysis, name, fields),
        "unzip" => options(analysis, name, &Arguments::new(fields, &["d", "x"]), &["d"]),
        "sort" | "gcc" | "cc" | "clang" | "rustc" | "go" => {
            let arguments = Arguments::new(fields, &["o", "output", "k", "t", "T", "I", "L"]);
            options(analysis, name, &arguments, &["o", "output"]);
        }
        "find" if find::deletes(fields) => {
            let starts: Vec<_> = find::starts(fields).iter().collect();
            judge_unless_vital(analysis, "find -delete", !find::is_choosy(fields), &starts);
        }
        "git" => git(analysis, fields),
        _ => {}
    }
}

/// The last operand, or the folder of `-t`, is written; a moved file is changed too.
fn copy(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    let valued: &[&str] = match name {
        "rsync" => &["e", "rsh", "f", "filter", "exclude", "include", "T", "temp-dir"],
        "scp" => &["P", "i", "o", "F", "c", "l", "J"],
        "ln" | "cp" | "mv" => &["t", "target-directory", "S", "suffix"],
        _ => &["t", "target-directory", "S", "suffix", "m", "mode", "o", "owner", "g", "group"],
    };
    let arguments = Arguments::new(fields, valued);
    let folder = arguments.values(&["t", "target-directory"]).next().map(Field::plain);
    let (sources, target) = match (folder, arguments.operands.split_last()) {
        (Some(folder), _) => (&arguments.operands[..], folder),
        (None, Some((last, sources))) if !sources.is_empty() => (sources, (*last).clone()),
        _ => return,
    };
    // `host:path` is on another machine.
    if !matches!(name, "rsync" | "scp") || !target.text.contains(':') {
        judge(analysis, name, &target);
    }
    if name == "mv" {
        judge_all(analysis, name, sources);
    }
}

fn tar(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    let arguments = Arguments::new(fields, &["C", "directory", "f", "file", "T", "X", "exclude"]);
    let bundled = fields.first().filter(|field| !field.text.starts_with('-')).map_or("", |field| &field.text);
    if arguments.has(&["x", "extract", "get"]) || bundled.contains('x') {
        options(analysis, name, &arguments, &["C", "directory"]);
        if arguments.has(&["P", "absolute-names"]) {
            analysis.found(Rule::WriteOutside, "`tar -P` may write anywhere that the archive says");
        }
    } else if arguments.has(&["c", "create"]) || bundled.contains('c') {
        options(analysis, name, &arguments, &["f", "file"]);
        if let [_, file, ..] = arguments.operands.as_slice()
            && bundled.contains('f')
        {
            judge(analysis, name, file);
        }
    }
}

/// `git clone url folder` and `git -C folder`, which writes there.
fn git(analysis: &mut Analysis<'_>, fields: &[Field]) {
    if let Some(index) = fields.iter().position(|field| field.text == "clone") {
        let arguments = Arguments::new(&fields[index + 1..], &["b", "branch", "depth", "o", "c", "j", "reference"]);
        if let [_, folder, ..] = arguments.operands.as_slice() {
            judge(analysis, "git clone", folder);
        }
    }
}

fn options(analysis: &mut Analysis<'_>, name: &str, arguments: &Arguments<'_>, names: &'static [&'static str]) {
    let targets: Vec<_> = arguments.values(names).filter(|target| *target != "-").map(Field::plain).collect();
    for target in &targets {
        judge(analysis, name, target);
    }
}

fn judge_all(analysis: &mut Analysis<'_>, name: &str, targets: &[&Field]) {
    for target in targets {
        judge(analysis, name, target);
    }
}

/// Not needed where a stricter rule covers critical folders.
fn judge_unless_vital(analysis: &mut Analysis<'_>, name: &str, recursive: bool, targets: &[&Field]) {
    for target in targets {
        if !(recursive && analysis.place(target).is_vital()) {
            judge(analysis, name, target);
        }
    }
}

fn judge(analysis: &mut Analysis<'_>, name: &str, target: &Field) {
    let place = analysis.place(target);
    if !place.is_disk() && !analysis.settings.layout.writable(&place) {
        let message = format!("`{} {}` changes something outside of the workspace", shown(name), shown(&target.text));
        analysis.found(Rule::WriteOutside, message);
    }
}
