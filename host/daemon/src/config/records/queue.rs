//! The keys of `[records]` that are about the queue of the writer.

use std::time::Duration;

use weir_store::{WhenFull, WriterOptions};

use crate::config::document::{At, Source, Table, or};

/// What stands there.
#[derive(Debug, Default)]
pub(super) struct WrittenQueue {
    queue: Option<At<usize>>,
    queue_bytes: Option<At<usize>>,
    when_full: Option<At<Full>>,
    wait: Option<At<Duration>>,
    group_rows: Option<At<usize>>,
    group_delay: Option<At<Duration>>,
}

/// `when_full`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    Wait,
    Fail,
}

impl WrittenQueue {
    pub(super) fn read(table: &Table<'_>) -> Self {
        Self {
            queue: table.integer("queue", 1, 1_000_000),
            queue_bytes: table.size("queue_bytes"),
            when_full: table.choice("when_full", &[("wait", Full::Wait), ("fail", Full::Fail)]),
            wait: table.milliseconds("wait_ms"),
            group_rows: table.integer("group_rows", 1, 10_000),
            group_delay: table.milliseconds("group_delay_ms"),
        }
    }

    /// What holds.
    pub(super) fn resolve(self, source: &Source<'_>) -> WriterOptions {
        let Self { queue, queue_bytes, when_full, wait, group_rows, group_delay } = self;
        let default = WriterOptions::default();
        let when_full = match (when_full.map(|at| at.value), wait) {
            (Some(Full::Fail), wait) => {
                if let Some(At { location, .. }) = wait {
                    let message = "wait_ms is about when_full = \"wait\", and [records] has \"fail\"; leave one out";
                    source.error(location, message);
                }
                WhenFull::Fail
            }
            (Some(Full::Wait) | None, Some(At { value, .. })) => WhenFull::Wait(value),
            (Some(Full::Wait) | None, None) => default.when_full,
        };
        WriterOptions {
            queue: or(queue, default.queue),
            queue_bytes: or(queue_bytes, default.queue_bytes),
            group_rows: or(group_rows, default.group_rows),
            group_delay: or(group_delay, default.group_delay),
            when_full,
        }
    }
}
