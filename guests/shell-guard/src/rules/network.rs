//! Shells handed to the network, and files downloaded from it.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::command::{base, line};
use crate::rule::Rule;
use crate::value::{Field, Origin, Output};

/// Checks a command, and remembers the files it downloads.
pub fn check(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    match name {
        "nc" | "ncat" | "netcat" => {
            let arguments = Arguments::new(fields, &["e", "c", "exec", "sh-exec", "p", "w", "s"]);
            if arguments.has(&["e", "c", "exec", "sh-exec"]) {
                analysis.found(Rule::NetworkToShell, format!("`{}` hands a shell to the network", line(name, fields)));
            }
        }
        "socat" => {
            let runs = |field: &Field| {
                let text = field.text.to_ascii_uppercase();
                text.starts_with("EXEC:") || text.starts_with("SYSTEM:") || text.starts_with("SHELL:")
            };
            if fields.iter().any(runs) {
                analysis
                    .found(Rule::NetworkToShell, format!("`{}` hands a program to the network", line(name, fields)));
            }
        }
        "curl" => {
            let arguments = Arguments::new(fields, super::write::CURL);
            let named = arguments.has(&["O", "remote-name", "remote-name-all"]);
            let urls = arguments.operands.iter().filter(|_| named).map(|url| base(&url.text).to_owned());
            let files: Vec<_> = arguments.values(&["o", "output"]).map(str::to_owned).chain(urls).collect();
            loaded(analysis, files);
        }
        "wget" => {
            let arguments = Arguments::new(fields, super::write::WGET);
            let mut files: Vec<_> = arguments.values(&["O", "output-document"]).map(str::to_owned).collect();
            if files.is_empty() {
                files.extend(arguments.operands.iter().map(|url| base(&url.text).to_owned()));
            }
            loaded(analysis, files);
        }
        _ => {}
    }
}

fn loaded(analysis: &mut Analysis<'_>, files: Vec<String>) {
    for file in files.into_iter().filter(|file| file != "-" && !file.is_empty()) {
        let file = file.strip_prefix("./").map(str::to_owned).unwrap_or(file);
        analysis.files.insert(file, Output::unknown(Origin::Network));
    }
}
