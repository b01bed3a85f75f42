//! The problems of a folder, each with its location.
//!
//! Invariants: problems are collected, not returned one at a time; a report is sorted by file and location; no
//! configured value that may be secret is repeated.

use std::fmt;

use serde::Serialize;

/// A location in a text file. Line and column count from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

/// How serious a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// The folder cannot be served.
    Error,
    /// It can, but someone should look at it.
    Warning,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file to change.
    pub file: String,
    /// Where in it, if known.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// How serious it is.
    pub gravity: Gravity,
    /// What is wrong, and what would be valid.
    pub message: String,
}

/// All problems of one folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
}

impl Problem {
    /// A problem that prevents serving.
    pub fn error(file: impl Into<String>, location: Option<Location>, message: impl Into<String>) -> Self {
        Self { file: file.into(), location, gravity: Gravity::Error, message: message.into() }
    }

    /// A problem that does not.
    pub fn warning(file: impl Into<String>, location: Option<Location>, message: impl Into<String>) -> Self {
        Self { file: file.into(), location, gravity: Gravity::Warning, message: message.into() }
    }

    /// `FILE:LINE:COLUMN`, as far as known.
    pub fn location(&self) -> String {
        match self.location {
            Some(Location { line, column }) => format!("{}:{line}:{column}", self.file),
            None => self.file.clone(),
        }
    }

    /// Logs it, at the level of its gravity.
    pub fn log(&self) {
        let (location, message) = (self.location(), &self.message);
        match self.gravity {
            Gravity::Error => tracing::error!(target: "weir::load", "{location}: {message}"),
            Gravity::Warning => tracing::warn!(target: "weir::load", "{location}: {message}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.gravity {
            Gravity::Error => "",
            Gravity::Warning => "warning: ",
        };
        write!(f, "{}: {word}{}", self.location(), self.message)
    }
}

impl Report {
    /// Adds one problem.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds all problems of another report.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
    }

    /// Whether any of them prevents serving.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.gravity == Gravity::Error)
    }

    /// The problems, sorted by file and location.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems.dedup();
        self.problems
    }
}
