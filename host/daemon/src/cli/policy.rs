//! `weir policy inspect` and `weir policy test`.

use std::path::Path;

use weir_engine::PolicySource;

use super::ended::{Ended, usage};
use crate::check::inspection;
use crate::config::folder::{ReadError, read_bounded};
use crate::output::{self, Paint};
use crate::policy_test;

/// Largest component accepted, as when serving.
const MAX_COMPONENT: usize = 64 << 20;

/// Shows what a component declares and needs.
pub async fn inspect(file: &Path, json: bool) -> Ended {
    let source = match source(file) {
        Ok(source) => source,
        Err(message) => return usage(&message),
    };
    let engine = match policy_test::engine(None) {
        Ok(engine) => engine,
        Err(error) => return not_right(&error.to_string()),
    };
    match engine.inspect(&source).await {
        Ok(found) => {
            let view = inspection::View::of(&source.file, &found);
            output::result(&if json { output::json(&view) } else { inspection::text(&view, Paint::stdout()) });
            Ended::Done
        }
        Err(error) => {
            let causes: Vec<String> = error.causes().iter().map(|cause| format!("{}: {cause}", error.file())).collect();
            not_right(&causes.join("\n"))
        }
    }
}

/// Runs a component against its cases.
pub async fn test(file: &Path, cases: Option<&Path>, json: bool) -> Ended {
    let source = match source(file) {
        Ok(source) => source,
        Err(message) => return usage(&message),
    };
    let files = match policy_test::find(file, cases) {
        Ok(files) => files,
        Err(message) => return usage(&message),
    };
    let report = match policy_test::run(&source, &files).await {
        Ok(report) => report,
        Err(message) => return not_right(&message),
    };
    output::result(&if json { output::json(&report) } else { policy_test::text(&report, Paint::stdout()) });
    if report.failed == 0 { Ended::Done } else { Ended::NotRight }
}

fn source(file: &Path) -> Result<PolicySource, String> {
    let name = file.display().to_string();
    match read_bounded(file, MAX_COMPONENT) {
        Ok(bytes) => Ok(PolicySource { file: name, bytes }),
        Err(ReadError::Missing) => Err(format!("{name}: there is no such file")),
        Err(ReadError::Other(reason)) => Err(format!("{name}: {reason}")),
    }
}

fn not_right(message: &str) -> Ended {
    for line in message.lines() {
        output::problem(line);
    }
    Ended::NotRight
}
