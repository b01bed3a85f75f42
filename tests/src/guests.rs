//! The components built by `cargo xtask guests`, and variants that tests create.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_engine::PolicySource;

use crate::repository::root;

/// The marker at the start of the scripted guest's block, and the block's length.
const MAGIC: &[u8] = b"WEIRSCRIPT0";
const BLOCK: usize = 4096;

/// A guest by its package name.
pub fn guest(name: &str) -> PolicySource {
    PolicySource { file: format!("{name}.wasm"), bytes: read(name) }
}

/// The scripted guest with a script (see `guests/testing/scripted`).
pub fn scripted(script: &Value) -> PolicySource {
    let mut bytes = read("scripted");
    let starts: Vec<usize> =
        bytes.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC).map(|(start, _)| start).collect();
    let [start] = starts[..] else { panic!("scripted.wasm holds {} script blocks; one is needed", starts.len()) };
    let text = script.to_string();
    assert!(text.len() <= BLOCK - MAGIC.len(), "the script has {} bytes, more than the block holds", text.len());
    bytes[start + MAGIC.len()..start + BLOCK].fill(b' ');
    bytes[start + MAGIC.len()..][..text.len()].copy_from_slice(text.as_bytes());
    PolicySource { file: format!("{}.wasm", script["name"].as_str().unwrap_or("scripted")), bytes }
}

/// The guest that grows a table; its source is WAT, assembled by `build.rs`.
pub fn table_bomb() -> PolicySource {
    assembled("table-bomb")
}

/// A component assembled by `build.rs`.
pub fn assembled(name: &str) -> PolicySource {
    let file = format!("{name}.wasm");
    let bytes = fs::read(Path::new(env!("OUT_DIR")).join(&file)).unwrap_or_else(|error| {
        panic!("build.rs assembles no {name}: {error}");
    });
    PolicySource { file, bytes }
}

fn read(name: &str) -> Vec<u8> {
    let path = path(name);
    fs::read(&path).unwrap_or_else(|error| {
        panic!("the guest {name} is not there ({}: {error}); run `cargo xtask guests`", path.display())
    })
}

/// The path of a built guest.
pub fn path(name: &str) -> PathBuf {
    root().join("guests/target/wasm32-wasip2/release").join(format!("{}.wasm", name.replace('-', "_")))
}
