//! Allocates memory, touches every page of it and keeps it, until it is stopped.

use std::hint::black_box;

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare};

/// Small, so that it gets close to the limit.
const BLOCK: usize = 256 * 1024;

/// Writing one byte per page is enough to commit it.
const PAGE: usize = 64 * 1024;

struct MemoryBomb;

impl Policy for MemoryBomb {
    fn describe() -> Declaration {
        declare::validator("memory-bomb").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let mut kept = Vec::new();
        loop {
            let mut block = Vec::<u8>::with_capacity(BLOCK);
            for page in block.spare_capacity_mut().chunks_mut(PAGE) {
                page[0].write(0xa5);
            }
            kept.push(black_box(block));
        }
    }
}

weir_sdk::export_policy!(MemoryBomb);
