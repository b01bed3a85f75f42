//! Hangs or fails in `configure`. Configuration: `how`: `spin` (the default), `sleep` (ten seconds), `memory`, `trap`,
//! `error`, `bucket` (uses state, which is not available yet) or `pass`.

use std::hint::black_box;
use std::time::Duration;

use serde::Deserialize;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, bucket, config, declare, outcome};

struct SlowConfigure;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    how: How,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    #[default]
    Spin,
    Sleep,
    Memory,
    Trap,
    Error,
    Bucket,
    Pass,
}

impl Policy for SlowConfigure {
    fn describe() -> Declaration {
        declare::validator("slow-configure").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        let config: Config = config::parse(text)?;
        match config.how {
            How::Spin => loop {
                black_box(0);
            },
            How::Sleep => std::thread::sleep(Duration::from_secs(10)),
            How::Memory => {
                let mut kept = Vec::new();
                loop {
                    kept.push(vec![0xa5_u8; 256 * 1024]);
                    black_box(&mut kept);
                }
            }
            How::Trap => std::process::abort(),
            How::Error => return Err("`how` is `error`; `pass` would have been right".to_owned()),
            How::Bucket => _ = bucket::policy()?.increment("configured", 1)?,
            How::Pass => {}
        }
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(outcome::valid())
    }
}

weir_sdk::export_policy!(SlowConfigure);
