//! Recursive changes of modes and owners of critical folders.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::command::line;
use crate::paths::Place;
use crate::rule::Rule;
use crate::value::Field;

/// Checks a command.
pub fn check(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    if !matches!(name, "chmod" | "chown" | "chgrp" | "chattr" | "setfacl") {
        return;
    }
    let arguments = Arguments::new(fields, &["m", "modify", "x", "remove", "reference"]);
    if !arguments.has(&["R", "recursive"]) {
        return;
    }
    let given = usize::from(name != "setfacl" && !arguments.has(&["reference"]));
    let mode = arguments.operands.first().map(|field| field.text.as_str()).unwrap_or_default();
    let open = name == "chmod"
        && matches!(mode.trim_start_matches('0'), "777" | "666" | "a+rwx" | "ugo+rwx" | "a=rwx" | "+rwx");
    for field in arguments.operands.iter().skip(given) {
        let place = analysis.place(field);
        // In the workspace, only giving everyone all rights is dangerous.
        let grave = match place {
            Place::Workspace(_) => open && place.is_vital(),
            _ => place.is_vital(),
        };
        if grave {
            analysis.found(
                Rule::PermissionChange,
                format!("`{}` changes who may use a folder that matters, with all it holds", line(name, fields)),
            );
        }
    }
}
