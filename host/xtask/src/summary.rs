//! What the suites came to, as a table and a closing line.

use std::time::Duration;

use crate::step::Count;
use crate::suites::Suite;

/// What all suites came to.
#[derive(Default)]
pub struct Summary {
    rows: Vec<Row>,
}

struct Row {
    suite: Suite,
    count: Count,
    elapsed: Duration,
}

impl Summary {
    /// Adds a suite.
    pub fn add(&mut self, suite: Suite, count: Count, elapsed: Duration) {
        self.rows.push(Row { suite, count, elapsed });
    }

    /// The table and the closing line.
    pub fn text(&self) -> String {
        let mut text = String::from("suite            passed  failed   seconds\n");
        for Row { suite, count, elapsed } in &self.rows {
            let (name, seconds) = (suite.name(), elapsed.as_secs_f64());
            text.push_str(&format!("{name:<16} {:>6}  {:>6}  {seconds:>8.1}\n", count.passed, count.failed));
        }
        let Count { passed, failed } = self.total();
        text.push_str(&format!("\n{passed} passed, {failed} failed"));
        text
    }

    /// All suites together.
    pub fn total(&self) -> Count {
        self.rows.iter().fold(Count::default(), |sum, row| Count {
            passed: sum.passed + row.count.passed,
            failed: sum.failed + row.count.failed,
        })
    }
}
