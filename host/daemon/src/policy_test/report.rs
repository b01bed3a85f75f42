//! The results of the cases, as text and JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::output::{Paint, printable};

/// The results of all cases of a component.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The component.
    pub component: String,
    /// How many passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    /// In order.
    pub cases: Vec<CaseReport>,
}

/// The result of one case.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseReport {
    /// Its file.
    pub file: String,
    /// Its title.
    pub name: String,
    /// Whether it passed.
    pub ok: bool,
    /// What failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

impl Report {
    /// An empty report for a component.
    pub fn new(component: &str) -> Self {
        Self { component: component.to_owned(), ..Self::default() }
    }

    /// Adds a case.
    pub fn add(&mut self, file: &str, name: &str, failures: Vec<String>) {
        let ok = failures.is_empty();
        if ok {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
        self.cases.push(CaseReport { file: file.to_owned(), name: name.to_owned(), ok, failures });
    }
}

/// One line per case, its failures below it, and the totals at the end.
pub fn text(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    let mut file = "";
    for case in &report.cases {
        if case.file != file {
            file = &case.file;
            let _ = writeln!(text, "{}", paint.dim(file));
        }
        let mark = if case.ok { paint.good("ok  ") } else { paint.bad("FAIL") };
        let _ = writeln!(text, "  {mark} {}", printable(&case.name));
        for failure in &case.failures {
            let _ = writeln!(text, "       {}", printable(failure));
        }
    }
    let count = format!("{} passed, {} failed", report.passed, report.failed);
    let _ = writeln!(text, "{}", if report.failed == 0 { paint.good(&count) } else { paint.bad(&count) });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_for_people() {
        let mut report = Report::new("p.wasm");
        report.add("cases/a.json", "lets plain text pass", Vec::new());
        report.add("cases/a.json", "denies \x1b[31mtokens", vec!["call 1: valid: expected false, came true".into()]);
        report.add("cases/b.json", "counts", Vec::new());
        insta::assert_snapshot!(text(&report, Paint::PLAIN));
    }
}
