//! Startup time until policies can serve: cold, and with a warm code cache.

use std::path::PathBuf;
use std::time::Instant;

use tokio::runtime::Builder;
use weir_core::InterceptorName;
use weir_engine::PolicyOptions;
use weir_tests::guests;

use crate::figures::{heading, line};
use crate::policies::engine;

pub fn run() {
    heading("Start: engine, load and configure so many policies (secret-scan under names of its own)");
    for count in [1, 10, 50] {
        let folder = std::env::temp_dir().join(format!("weir-bench-{}-{count}", std::process::id()));
        let cold_rounds = if count == 50 { 1 } else { 3 };
        let cold = (0..cold_rounds).map(|_| {
            drop(std::fs::remove_dir_all(&folder));
            start(count, &folder)
        });
        line(&format!("{count} policies, cold"), cold.collect());
        line(&format!("{count} policies, compiled code kept"), (0..15).map(|_| start(count, &folder)).collect());
        drop(std::fs::remove_dir_all(&folder));
    }
}

fn start(count: usize, folder: &std::path::Path) -> std::time::Duration {
    let source = guests::guest("secret-scan");
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let engine = engine(Some(PathBuf::from(folder)));
        let loads = (0..count).map(|place| {
            // A distinct configuration makes each of them a separate policy for the cache.
            let options = PolicyOptions {
                alias: Some(InterceptorName::new(&format!("scan-{place}")).unwrap()),
                config: Some(format!(r#"{{"allow":["value-{place}"]}}"#)),
                ..PolicyOptions::default()
            };
            engine.load(&source, options)
        });
        for loaded in futures_util::future::join_all(loads).await {
            loaded.unwrap();
        }
    });
    start.elapsed()
}
