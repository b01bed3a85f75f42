//! The problems of a folder, as text.

use super::paint::Paint;
use super::printable::printable;
use crate::config::{Gravity, Problem};

/// All problems, one per line, and their count.
pub fn problems(problems: &[Problem], paint: Paint) -> String {
    let mut lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let line = problem.to_string();
            let line = printable(&line);
            match problem.gravity {
                Gravity::Error => paint.bad(&line),
                Gravity::Warning => paint.warn(&line),
            }
        })
        .collect();
    lines.push(paint.strong(&count(problems)));
    lines.join("\n")
}

/// `2 errors, 1 warning`
pub fn count(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.gravity == Gravity::Error).count();
    let warnings = problems.len() - errors;
    let some = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        more => Some(format!("{more} {word}s")),
    };
    let parts: Vec<String> = [some(errors, "error"), some(warnings, "warning")].into_iter().flatten().collect();
    if parts.is_empty() { "no problems".to_owned() } else { parts.join(", ") }
}
