//! Benchmarks of the sandbox, the chain, start-up, the gateway and records. They print figures and assert nothing.
//!
//! Variants are compared in one process, interleaved, so that a busy machine slows them all alike. Medians and ratios
//! are more reliable than single figures. `bench [FILTER]` runs the groups whose name contains FILTER.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot run should say so and stop")]

mod contexts;
mod figures;
mod gateway;
mod policies;
mod records;
mod sandbox;
mod startup;

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let groups: [(&str, fn()); 5] = [
        ("sandbox", sandbox::run),
        ("startup", startup::run),
        ("gateway", gateway::run),
        ("records", records::run),
        ("contexts", contexts::run),
    ];
    if !groups.iter().any(|(name, _)| name.contains(&filter)) {
        let names: Vec<&str> = groups.iter().map(|(name, _)| *name).collect();
        eprintln!("no group of benchmarks contains {filter:?}; there are {}", names.join(", "));
        std::process::exit(2);
    }
    figures::machine();
    for (_, run) in groups.iter().filter(|(name, _)| name.contains(&filter)) {
        run();
    }
}
