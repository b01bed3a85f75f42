//! One call: fresh or reused, metered or not, by payload and by length of the chain; and how calls scale over
//! threads.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use weir_core::{Completed, Ended, Event, Interceptor, Invocation, Limits, Payload};
use weir_engine::{Metering, Policy, PolicyOptions, Reuse};

use crate::figures::{Variant, compare, heading, line};
use crate::policies::{chain, engine, event, policy};

/// Calls per measurement.
const RUNS: u32 = 2000;

pub fn run() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    one_call(&runtime);
    payloads(&runtime);
    chains(&runtime);
    shipped(&runtime);
    threads();
}

fn one_call(runtime: &Runtime) {
    heading("One call, payload 1 KiB, one field asked");
    let engine = runtime.block_on(async { engine(None) });
    let options = |metering, reuse| PolicyOptions { metering, reuse, ..PolicyOptions::default() };
    let load = |alias, options| runtime.block_on(policy(&engine, "read-one", alias, options));
    let fresh = load("fresh", options(Metering::Off, Reuse::Never));
    let metered = load("metered", options(Metering::Always, Reuse::Never));
    let reused = load("reused", options(Metering::Off, Reuse::UpTo(u32::MAX)));
    let event = event(1 << 10);
    let mut variants: Vec<Variant<'_>> = vec![
        ("fresh configured instance".into(), Box::new(|| once(runtime, &fresh, &event))),
        ("fresh configured instance, metered".into(), Box::new(|| once(runtime, &metered, &event))),
        ("reused instance".into(), Box::new(|| once(runtime, &reused, &event))),
    ];
    compare(&mut variants, RUNS);
}

fn payloads(runtime: &Runtime) {
    heading("By payload: the host parses once, a guest asks for one field or parses the whole");
    let engine = runtime.block_on(async { engine(None) });
    let asks = runtime.block_on(policy(&engine, "read-one", "asks", PolicyOptions::default()));
    let parses = runtime.block_on(policy(&engine, "parse-all", "parses", PolicyOptions::default()));
    for kibibytes in [1, 16, 256] {
        let event = event(kibibytes << 10);
        let text = event.payload.text().to_owned();
        let mut variants: Vec<Variant<'_>> = vec![
            (format!("{kibibytes} KiB: host parses"), Box::new(|| drop(Payload::parse(text.clone()).unwrap()))),
            (format!("{kibibytes} KiB: fresh guest asks for one field"), Box::new(|| once(runtime, &asks, &event))),
            (format!("{kibibytes} KiB: fresh guest parses all"), Box::new(|| once(runtime, &parses, &event))),
        ];
        compare(&mut variants, if kibibytes > 100 { 20 } else { 500 });
    }
}

fn chains(runtime: &Runtime) {
    heading("Chain of fresh policies that ask for one field, payload 1 KiB");
    let engine = runtime.block_on(async { engine(None) });
    let event = event(1 << 10);
    let chains: Vec<_> = [1, 5, 10].map(|length| (length, runtime.block_on(chain(&engine, "read-one", length)))).into();
    let mut variants: Vec<Variant<'_>> = chains
        .iter()
        .map(|(length, chain)| {
            let run = || assert!(runtime.block_on(chain.run(&event, None)).final_payload.is_some());
            (format!("chain of {length}"), Box::new(run) as Box<dyn FnMut()>)
        })
        .collect();
    compare(&mut variants, RUNS / 2);
}

fn shipped(runtime: &Runtime) {
    heading("Shipped policies with their defaults, fresh, payload 1 KiB, unmetered and metered");
    let engine = runtime.block_on(async { engine(None) });
    let event = event(1 << 10);
    for name in weir_tests::repository::shipped_guests() {
        let load = |alias: String, metering| {
            let options = PolicyOptions { metering, ..PolicyOptions::default() };
            runtime.block_on(policy(&engine, &name, &alias, options))
        };
        let (plain, metered) = (load(name.clone(), Metering::Off), load(format!("{name}-metered"), Metering::Always));
        let mut variants: Vec<Variant<'_>> = vec![
            (name.clone(), Box::new(|| attempt(runtime, &plain, &event))),
            (format!("{name}, metered"), Box::new(|| attempt(runtime, &metered, &event))),
        ];
        let medians = compare(&mut variants, RUNS / 4);
        println!(
            "  {:<52} {:>11.1} %",
            "  metering costs",
            (medians[1].as_secs_f64() / medians[0].as_secs_f64() - 1.0) * 100.0
        );
    }
}

fn threads() {
    heading("Fresh calls per second over threads, payload 1 KiB, one field asked");
    let mut rates = Vec::new();
    for threads in [1, 2] {
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
        let policy = runtime.block_on(async { policy(&engine(None), "read-one", "p", PolicyOptions::default()).await });
        let mut times = Vec::new();
        for _ in 0..7 {
            let start = Instant::now();
            runtime.block_on(async {
                let tasks: Vec<_> = (0..threads)
                    .map(|_| {
                        let policy = Arc::clone(&policy);
                        tokio::spawn(async move {
                            let event = event(1 << 10);
                            for _ in 0..50_000 {
                                check(&call(&policy, &event).await);
                            }
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
            times.push(start.elapsed() / (50_000 * u32::try_from(threads).unwrap()));
        }
        let median = line(&format!("{threads} thread(s): time per call"), times);
        rates.push(1.0 / median.as_secs_f64());
        println!("  {:<52} {:>12.0}", "  calls per second", 1.0 / median.as_secs_f64());
    }
    println!("  {:<52} {:>10.2} x", "two threads against one", rates[1] / rates[0]);
}

fn once(runtime: &Runtime, policy: &Policy, event: &Event) {
    check(&runtime.block_on(call(policy, event)));
}

fn attempt(runtime: &Runtime, policy: &Policy, event: &Event) {
    runtime.block_on(call(policy, event));
}

async fn call(policy: &Policy, event: &Event) -> Completed {
    policy.invoke(Invocation { event, payload: Arc::clone(&event.payload), limits: Limits::default() }).await
}

fn check(completed: &Completed) {
    assert!(matches!(completed.ended, Ended::Outcome(_)), "{:?}", completed.ended);
}
