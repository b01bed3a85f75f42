//! The results of the suites, as a table and a summary line.

use std::time::Duration;

use crate::skips::Skips;
use crate::step::Count;
use crate::suites::Suite;

/// The results of all suites.
#[derive(Default)]
pub struct Summary {
    rows: Vec<Row>,
    skips: Skips,
}

struct Row {
    suite: Suite,
    count: Count,
    elapsed: Duration,
}

impl Summary {
    /// Adds a suite.
    pub fn add(&mut self, suite: Suite, count: Count, skips: Skips, elapsed: Duration) {
        self.rows.push(Row { suite, count, elapsed });
        self.skips.extend(skips);
    }

    /// The table, the skipped tests, what could not be set up, and the summary line.
    pub fn text(&self, missing: &[String]) -> String {
        let mut text = String::from("suite            passed  failed  skipped   seconds\n");
        for Row { suite, count, elapsed } in &self.rows {
            let (name, seconds, Count { passed, failed, skipped }) = (suite.name(), elapsed.as_secs_f64(), count);
            text.push_str(&format!("{name:<16} {passed:>6}  {failed:>6}  {skipped:>7}  {seconds:>8.1}\n"));
        }
        text.push_str(&self.skips.text());
        if !missing.is_empty() {
            text.push_str(&format!("\n{}\n", missing.join("\n")));
        }
        let Count { passed, failed, skipped } = self.total();
        text.push_str(&format!("\n{passed} passed, {failed} failed, {skipped} skipped"));
        text
    }

    /// All suites together.
    pub fn total(&self) -> Count {
        self.rows.iter().fold(Count::default(), |sum, row| sum.and(row.count))
    }
}
