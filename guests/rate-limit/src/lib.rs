//! Limits how often a caller may do something within a time. Finds the rule and the subject of a call, counts in the
//! `policy` bucket, and lets `window` decide.
//!
//! Invariants: counting is one atomic increment, so of concurrent calls exactly as many pass as the limit allows; a
//! denied call does not count.

mod config;
mod subject;
mod time;
mod window;

use config::{Algorithm, Config, Limit};
use weir_sdk::bucket::{self, Bucket};
use weir_sdk::json::Object;
use weir_sdk::{Call, Declaration, Document, Outcome, Phase, Policy, config as configuration, declare, outcome};
use window::{Verdict, Window};

struct RateLimit(Config);

impl Policy for RateLimit {
    fn describe() -> Declaration {
        declare::validator("rate-limit")
            .version(env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .on(["*"], Phase::Request)
            .config_schema(include_str!("../config.schema.json"))
            .build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        let config: Config = configuration::parse(text)?;
        config.resolve().map(Self)
    }

    fn intercept(&self, call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let event = call.event();
        let tool = || payload.text("/name");
        let (rule, limit) = self.0.limit(&event, &tool);
        let timestamp = call.attribute("timestamp").ok_or("the call has no timestamp")?;
        let now = time::milliseconds(&timestamp)
            .ok_or_else(|| format!("the call's timestamp `{timestamp}` is not one in RFC 3339"))?;
        let subject = subject::key(limit.key, rule, &event, &tool, &|name| call.attribute(name));
        let window = Window::at(now, limit);
        match count(&bucket::policy()?, &window, &subject, limit)? {
            Verdict::Within => Ok(outcome::valid()),
            Verdict::Exceeded { retry_after } => Ok(exceeded(limit, now, retry_after)),
        }
    }
}

/// Counts the call and decides.
fn count(bucket: &Bucket, window: &Window, subject: &str, limit: &Limit) -> Result<Verdict, String> {
    let key = |index: i64| format!("{subject}@{index}");
    let present = bucket.increment(&key(window.index), 1)?;
    if present == 1 {
        // A new window: windows before the previous one are no longer needed.
        bucket.delete(&key(window.index - 2))?;
    }
    let before = match limit.algorithm {
        Algorithm::Fixed => 0,
        Algorithm::Sliding => number(bucket.get(&key(window.index - 1))?.as_deref()),
    };
    let verdict = window.decide(before, present, limit);
    if matches!(verdict, Verdict::Exceeded { .. }) {
        bucket.increment(&key(window.index), -1)?;
    }
    Ok(verdict)
}

/// The count of a window; it may already have expired.
fn number(value: Option<&[u8]>) -> i64 {
    value.and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn exceeded(limit: &Limit, now: i64, retry_after: i64) -> Outcome {
    let message = format!(
        "more than {} call{} in {} per {}; try again in {} (at {})",
        limit.limit,
        if limit.limit == 1 { "" } else { "s" },
        time::duration(limit.window_ms),
        limit.key.name(),
        time::duration(retry_after),
        time::timestamp(now + retry_after),
    );
    let info = Object::new()
        .number("limit", limit.limit)
        .number("windowMs", limit.window_ms)
        .text("key", limit.key.name())
        .number("retryAfterMs", retry_after);
    outcome::deny(message).with_info(info.finish())
}

weir_sdk::export_policy!(RateLimit);
