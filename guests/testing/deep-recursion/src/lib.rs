//! Recurses endlessly. Configuration: `stack`, either `wasm` (the default: the engine's own stack, limited by the host)
//! or `shadow` (the stack in linear memory, which ends at the start of the memory).
//!
//! The depth is only known at run time and each frame is needed after its call, so that no optimiser turns it into a
//! loop.

use std::hint::black_box;

use serde::Deserialize;
use weir_sdk::json::Object;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, config, declare, outcome};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DeepRecursion {
    stack: Stack,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stack {
    #[default]
    Wasm,
    Shadow,
}

impl Policy for DeepRecursion {
    fn describe() -> Declaration {
        declare::validator("deep-recursion").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let deepest = u32::MAX - payload.size();
        let result = match self.stack {
            Stack::Wasm => on_wasm_stack(0, deepest),
            Stack::Shadow => on_shadow_stack(0, deepest),
        };
        Ok(outcome::valid().with_info(Object::new().number("result", result.into()).finish()))
    }
}

/// Keeps its values in locals: stores nothing in linear memory.
#[inline(never)]
fn on_wasm_stack(depth: u32, deepest: u32) -> u32 {
    if depth == deepest {
        return depth;
    }
    on_wasm_stack(depth + 1, deepest).rotate_left(depth & 31).wrapping_mul(depth | 1)
}

/// Keeps a buffer whose address escapes, so it must be in linear memory.
#[inline(never)]
fn on_shadow_stack(depth: u32, deepest: u32) -> u32 {
    let mut buffer = [depth; 1024];
    black_box(&mut buffer);
    if depth == deepest {
        return buffer[0];
    }
    on_shadow_stack(depth + 1, deepest).rotate_left(depth & 31).wrapping_mul(buffer[depth as usize & 1023] | 1)
}

weir_sdk::export_policy!(DeepRecursion);
