//! Recursive deletion of critical folders.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::command::line;
use crate::paths::{Place, UNKNOWN};
use crate::rule::Rule;
use crate::rules::find;
use crate::value::{Field, shown};

/// Checks a command.
pub fn check(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    match name {
        "rm" | "srm" | "trash" | "del" | "rimraf" => {
            let arguments = Arguments::new(fields, &[]);
            if arguments.has(&["no-preserve-root"]) {
                analysis.found(Rule::DestructiveDelete, format!("`{}` takes off the guard of `/`", line(name, fields)));
            }
            // An unknown option could be any option.
            let unknown = fields.iter().any(|field| field.text.starts_with('-') && field.is_dynamic());
            if arguments.has(&["r", "R", "recursive"]) || matches!(name, "rimraf") || unknown {
                judge(analysis, name, &arguments.operands);
            }
        }
        "find" if find::deletes(fields) && !find::is_choosy(fields) => {
            judge(analysis, "find -delete", &find::starts(fields).iter().collect::<Vec<_>>());
        }
        _ => {}
    }
}

fn judge(analysis: &mut Analysis<'_>, name: &str, operands: &[&Field]) {
    for field in operands {
        let place = analysis.place(field);
        if place.is_vital() {
            let what = match &place {
                Place::Workspace(names) if names.first().is_some_and(|name| name == ".git") => {
                    "the repository's history"
                }
                Place::Workspace(_) => "the whole workspace",
                Place::Above(..) => "what is above the workspace",
                Place::Absolute(_) | Place::Unknown => "a folder of the system or of a user",
            };
            analysis.found(
                Rule::DestructiveDelete,
                format!("`{name}` on `{}` deletes {what} with all it holds", shown(&field.text)),
            );
        } else if place == Place::Unknown && is_root_if_empty(&field.text) {
            analysis.found(
                Rule::UnsetVariable,
                format!("`{name}` on `{}` deletes from `/` if the variable is empty", shown(&field.text)),
            );
        }
    }
}

/// Whether a path is `/` or everything in it if unknown parts are empty.
fn is_root_if_empty(path: &str) -> bool {
    let rest = path.trim_start_matches(UNKNOWN);
    rest.len() < path.len() && rest.starts_with('/') && rest.chars().all(|c| matches!(c, '/' | '*' | '.'))
}
