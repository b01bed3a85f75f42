//! Commands that run another command given in their arguments: `sudo`, `env`, `xargs`, `timeout` and similar.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::command::base;
use crate::paths::UNKNOWN;
use crate::rule::Rule;
use crate::value::{Field, Output};

/// What a command wraps.
pub enum Wrapped {
    /// Nothing: it is not a wrapper.
    Nothing,
    /// A command with its words.
    Command(Vec<Field>),
    /// A command whose input was consumed.
    WithInput(Vec<Field>, Output),
    /// A script.
    Script(String),
}

/// Wrappers, their options with values, and the number of operands before the command.
const WRAPPERS: [(&str, &[&str], usize); 29] = [
    ("builtin", &[], 0),
    ("busybox", &[], 0),
    ("caffeinate", &["t", "w"], 0),
    ("catchsegv", &[], 0),
    ("chroot", &["userspec", "groups"], 1),
    ("chrt", &["T", "P", "D"], 1),
    ("command", &[], 0),
    ("doas", &["u", "C"], 0),
    ("env", &["u", "unset", "C", "chdir", "S", "split-string"], 0),
    ("exec", &["a"], 0),
    ("fakeroot", &["l", "s", "i"], 0),
    ("flock", &["w", "timeout", "E"], 1),
    ("ionice", &["c", "n", "p"], 0),
    ("ltrace", &["o", "e", "p"], 0),
    ("nice", &["n", "adjustment"], 0),
    ("noglob", &[], 0),
    ("nohup", &[], 0),
    ("nsenter", &["t", "target", "S", "G"], 0),
    ("setarch", &[], 1),
    ("setsid", &[], 0),
    ("stdbuf", &["i", "o", "e", "input", "output", "error"], 0),
    ("strace", &["o", "e", "p", "s", "u"], 0),
    ("sudo", &["u", "g", "h", "p", "C", "r", "t", "T", "U", "D", "R", "user", "group", "host", "prompt", "chdir"], 0),
    ("taskset", &["c"], 1),
    ("time", &["f", "o", "format", "output"], 0),
    ("timeout", &["k", "s", "kill-after", "signal"], 1),
    ("toybox", &[], 0),
    ("unbuffer", &[], 0),
    ("unshare", &["S", "G", "R", "w"], 0),
];

/// Removes the outermost wrapper.
pub fn unwrap(analysis: &mut Analysis<'_>, fields: &[Field], input: &Output) -> Wrapped {
    let Some((first, rest)) = fields.split_first() else { return Wrapped::Nothing };
    let name = base(&first.text);
    if matches!(name, "sudo" | "doas" | "su") {
        analysis.found(Rule::Privilege, format!("`{name}` takes another user's rights"));
    }
    match name {
        "xargs" => return xargs(rest, input),
        "su" | "runuser" => {
            let arguments = Arguments::new(rest, &["c", "command", "s", "shell", "g", "G", "u", "user"]);
            let script = arguments.values(&["c", "command"]).next();
            return script.map_or(Wrapped::Nothing, |script| Wrapped::Script(script.to_owned()));
        }
        "watch" | "parallel" => {
            let command = after(rest, &["n", "interval", "j", "jobs"], 0);
            return Wrapped::Script(joined(command));
        }
        "script" => {
            let arguments = Arguments::new(rest, &["c", "command"]);
            let script = arguments.values(&["c", "command"]).next();
            return script.map_or(Wrapped::Nothing, |script| Wrapped::Script(script.to_owned()));
        }
        _ => {}
    }
    let Some((_, valued, operands)) = WRAPPERS.iter().find(|(wrapper, ..)| *wrapper == name) else {
        return Wrapped::Nothing;
    };
    if name == "env" {
        let arguments = Arguments::new(rest, valued);
        if let Some(script) = arguments.values(&["S", "split-string"]).next() {
            return Wrapped::Script(script.to_owned());
        }
    }
    let command = after(rest, valued, *operands);
    // `sudo name=value command` and `env name=value command`.
    let start = command.iter().position(|field| !is_assignment(&field.text)).unwrap_or(command.len());
    match &command[start..] {
        [] => Wrapped::Nothing,
        inner => Wrapped::Command(inner.to_vec()),
    }
}

/// The fields from the first operand that the wrapper does not need itself.
fn after<'a>(fields: &'a [Field], valued: &[&str], operands: usize) -> &'a [Field] {
    let mut index = 0;
    let mut left = operands;
    while let Some(field) = fields.get(index) {
        let text = field.text.as_str();
        if text == "--" {
            index += 1;
            break;
        }
        if text.len() > 1 && text.starts_with('-') {
            index += usize::from(takes_next(text, valued));
        } else if left > 0 {
            left -= 1;
        } else {
            break;
        }
        index += 1;
    }
    fields.get(index + left..).unwrap_or_default()
}

/// Whether the value of an option is the next field.
fn takes_next(option: &str, valued: &[&str]) -> bool {
    match option.strip_prefix("--") {
        Some(long) => valued.contains(&long),
        None => {
            let first = option[1..]
                .char_indices()
                .find(|(index, letter)| valued.contains(&&option[1 + index..1 + index + letter.len_utf8()]));
            first.is_some_and(|(index, letter)| 1 + index + letter.len_utf8() == option.len())
        }
    }
}

/// `xargs command`: its input becomes arguments.
fn xargs(fields: &[Field], input: &Output) -> Wrapped {
    let valued =
        ["I", "i", "n", "P", "L", "d", "E", "s", "a", "replace", "max-args", "max-procs", "delimiter", "arg-file"];
    let command = after(fields, &valued, 0);
    let arguments = Arguments::new(&fields[..fields.len() - command.len()], &valued);
    let items: Vec<Field> = match &input.text {
        Some(text) => {
            text.split_whitespace().map(|item| Field { origin: input.origin, ..Field::plain(item) }).collect()
        }
        None => vec![Field { origin: input.origin, ..Field::plain(UNKNOWN) }],
    };
    let mut inner = command.to_vec();
    match arguments.values(&["I", "replace"]).next() {
        Some(mark) if !mark.is_empty() => {
            let item = items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>().join(" ");
            for field in inner.iter_mut().filter(|field| field.text.contains(mark)) {
                field.text = field.text.replace(mark, &item);
                field.origin = field.origin.max(input.origin);
            }
        }
        _ => inner.extend(items),
    }
    if command.is_empty() { Wrapped::Nothing } else { Wrapped::WithInput(inner, Output::default()) }
}

/// Several fields joined as one script.
pub fn joined(fields: &[Field]) -> String {
    fields.iter().map(|field| field.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}
