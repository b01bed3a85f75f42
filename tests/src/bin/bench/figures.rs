//! Measuring and printing.

use std::time::{Duration, Instant};

/// Rounds of each measurement; variants alternate in each round.
const ROUNDS: usize = 15;

/// Prints which machine the figures are from.
pub fn machine() {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("weir {} on {model}, {cores} cores, {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS);
}

/// Something to measure, with its name.
pub type Variant<'a> = (String, Box<dyn FnMut() + 'a>);

/// A heading.
pub fn heading(text: &str) {
    println!("\n{text}");
}

/// Measures variants alternately, each this many times per round. Prints the time of one run: the median over the
/// rounds, and the extremes. Returns the medians.
pub fn compare(variants: &mut [Variant<'_>], runs: u32) -> Vec<Duration> {
    let mut times: Vec<Vec<Duration>> = variants.iter().map(|_| Vec::with_capacity(ROUNDS)).collect();
    for (_, run) in variants.iter_mut() {
        (0..runs.min(50)).for_each(|_| run());
    }
    for _ in 0..ROUNDS {
        for ((_, run), times) in variants.iter_mut().zip(&mut times) {
            let start = Instant::now();
            (0..runs).for_each(|_| run());
            times.push(start.elapsed() / runs);
        }
    }
    variants.iter().zip(times).map(|((name, _), times)| line(name, times)).collect()
}

/// Prints the median and extremes of some times; returns the median.
pub fn line(name: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let median = times[times.len() / 2];
    println!("  {name:<52} {:>12}   ({} .. {})", show(median), show(times[0]), show(times[times.len() - 1]));
    median
}

/// A duration in a readable unit.
pub fn show(time: Duration) -> String {
    let nanoseconds = time.as_nanos();
    match nanoseconds {
        0..100_000 => format!("{nanoseconds} ns"),
        100_000..10_000_000 => format!("{:.1} us", time.as_secs_f64() * 1e6),
        _ => format!("{:.1} ms", time.as_secs_f64() * 1e3),
    }
}
