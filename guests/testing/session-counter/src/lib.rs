//! Counts calls in both buckets and reports the counts as info: `{"session": n, "policy": m}`. If the host does not
//! open a bucket, its error replaces the number.

use weir_sdk::bucket::{self, Bucket};
use weir_sdk::json::Object;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct SessionCounter;

impl Policy for SessionCounter {
    fn describe() -> Declaration {
        declare::validator("session-counter").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let info = count(Object::new(), "session", bucket::session());
        let info = count(info, "policy", bucket::policy());
        Ok(outcome::valid().with_info(info.finish()))
    }
}

fn count(info: Object, name: &str, bucket: Result<Bucket, String>) -> Object {
    match bucket.and_then(|bucket| bucket.increment("calls", 1)) {
        Ok(calls) => info.number(name, calls),
        Err(reason) => info.text(name, &reason),
    }
}

weir_sdk::export_policy!(SessionCounter);
