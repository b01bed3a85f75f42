//! Analyses one command: removes wrappers, analyses text that it runs, and applies the rules to the rest.

use crate::analysis::{Analysis, Variable};
use crate::arguments::Arguments;
use crate::output;
use crate::paths::UNKNOWN;
use crate::rule::Rule;
use crate::rules;
use crate::run;
use crate::value::{Field, Origin, Output, shown};
use crate::wrapper::{self, Wrapped};

/// Analyses one command and returns its output.
pub fn run(analysis: &mut Analysis<'_>, fields: Vec<Field>, input: Output) -> Output {
    let Some((fields, input)) = unwrapped(analysis, fields, input) else { return Output::default() };
    let [first, arguments @ ..] = fields.as_slice() else { return Output::default() };
    run::tainted(analysis, first.origin);
    if first.is_dynamic() {
        analysis.found(Rule::DynamicCommand, "the name of a command is only known when it runs");
    }
    let name = base(&first.text);
    if let Some(output) = analysis.function(&first.text, arguments, &input) {
        return output;
    }
    if let Some(output) = run::run(analysis, name, arguments, &input) {
        return output;
    }
    if let Some(written) = analysis.files.get(&first.text).or_else(|| analysis.files.get(name)).cloned() {
        run::source(analysis, &written);
    }
    match name {
        "cd" | "pushd" => {
            change_folder(analysis, arguments);
            return Output::known("");
        }
        "export" | "declare" | "local" | "readonly" | "typeset" => {
            assign(analysis, arguments);
            return Output::known("");
        }
        _ => {}
    }
    rules::check(analysis, name, arguments);
    output::of(analysis, name, arguments, input)
}

/// The content of a file, if the script itself wrote it.
pub fn content(analysis: &Analysis<'_>, field: &Field) -> Output {
    if let Some(content) = &field.content {
        return content.clone();
    }
    if field.text.starts_with("/dev/tcp/") || field.text.starts_with("/dev/udp/") {
        return Output::unknown(Origin::Network);
    }
    let text = field.text.strip_prefix("./").unwrap_or(&field.text);
    let written = analysis.files.get(&field.text).or_else(|| analysis.files.get(text));
    written.cloned().unwrap_or_else(|| Output::unknown(field.origin))
}

/// The last component of a path: `/bin/rm` is `rm`.
pub fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Removes wrappers one by one; `None` if the innermost one ran a script, which has been analysed.
fn unwrapped(analysis: &mut Analysis<'_>, fields: Vec<Field>, input: Output) -> Option<(Vec<Field>, Output)> {
    /// Far more than anyone nests.
    const MOST: usize = 16;
    let mut fields = fields;
    let mut input = input;
    for _ in 0..MOST {
        match wrapper::unwrap(analysis, &fields, &input) {
            Wrapped::Nothing => return Some((fields, input)),
            Wrapped::Command(inner) => fields = inner,
            Wrapped::WithInput(inner, none) => {
                fields = inner;
                input = none;
            }
            Wrapped::Script(source) => {
                analysis.inside(|inner| inner.script(&source));
                return None;
            }
        }
    }
    analysis.too_complex("wrappers around wrappers");
    None
}

fn change_folder(analysis: &mut Analysis<'_>, fields: &[Field]) {
    let arguments = Arguments::new(fields, &[]);
    let target = arguments.operands.first().map_or(Field::plain(crate::paths::HOME), |field| (*field).clone());
    let target = if target.text == "-" { Field::plain(UNKNOWN) } else { target };
    analysis.folder = analysis.place(&target);
}

/// `export name=value` and similar.
fn assign(analysis: &mut Analysis<'_>, fields: &[Field]) {
    for field in fields {
        if let Some((name, value)) = field.text.split_once('=') {
            let variable = Variable { texts: vec![value.to_owned()], origin: field.origin };
            analysis.variables.insert(name.to_owned(), variable);
        }
    }
}

/// A command's words, for a message.
pub fn line(name: &str, fields: &[Field]) -> String {
    let mut line = name.to_owned();
    for field in fields.iter().take(8) {
        line.push(' ');
        line.push_str(&field.text);
    }
    shown(&line)
}
