//! Runs a JSON script embedded in its own file, so that a test can make a real component per case without compiling.
//!
//! The file holds one block of 4096 bytes that starts with `WEIRSCRIPT0`; a test overwrites what follows,
//! padded with spaces. An empty block, or one that is not a script, traps.

mod behaviour;
mod script;

use script::Script;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy};

const BLOCK: usize = 4096;
const MAGIC: &[u8; 11] = b"WEIRSCRIPT0";

/// Read only through a volatile load, since the content is replaced after compilation.
#[used]
static SCRIPT: [u8; BLOCK] = empty();

struct Scripted(Script);

const fn empty() -> [u8; BLOCK] {
    let mut block = [b' '; BLOCK];
    let mut index = 0;
    while index < MAGIC.len() {
        block[index] = MAGIC[index];
        index += 1;
    }
    block
}

/// The script in the block.
fn read() -> Script {
    // SAFETY: the block is a valid, aligned and initialised static.
    let block = unsafe { std::ptr::read_volatile(&raw const SCRIPT) };
    let json = block.get(MAGIC.len()..).unwrap_or_default();
    serde_json::from_slice(json).unwrap_or_else(|error| panic!("the block holds no script: {error}"))
}

impl Policy for Scripted {
    fn describe() -> Declaration {
        read().declaration()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self(read()))
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        behaviour::run(&self.0, payload)
    }
}

weir_sdk::export_policy!(Scripted);
