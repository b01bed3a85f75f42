//! Reports the clocks and random numbers it sees, so that a test can tell whether they are real: `{"wall": milliseconds
//! since 1970, "monotonic": nanoseconds, "elapsed": nanoseconds between two reads, "random": …, "bytes": …, "insecure":
//! …, "seed": … in hexadecimal}`. 64-bit numbers are strings.

use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::random::{insecure, insecure_seed, random};
use weir_sdk::json::Object;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

struct RandomAndClock;

impl Policy for RandomAndClock {
    fn describe() -> Declaration {
        declare::validator("random-and-clock").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let wall = wall_clock::now();
        let first = monotonic_clock::now();
        let second = monotonic_clock::now();
        let bytes = random::get_random_bytes(8);
        let seed = insecure_seed::insecure_seed();
        let info = Object::new()
            .text("wall", &format!("{}{:03}", wall.seconds, wall.nanoseconds / 1_000_000))
            .text("monotonic", &first.to_string())
            .text("elapsed", &(second - first).to_string())
            .text("random", &format!("{:016x}", random::get_random_u64()))
            .text("bytes", &bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            .text("insecure", &format!("{:016x}", insecure::get_insecure_random_u64()))
            .text("seed", &format!("{:016x}{:016x}", seed.0, seed.1));
        Ok(outcome::valid().with_info(info.finish()))
    }
}

weir_sdk::export_policy!(RandomAndClock);
