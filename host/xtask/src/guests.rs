//! Builds the guests and installs the shipped ones where the gateway serves them.
//!
//! Every direct subfolder of `guests/` with a `cases` folder is shipped. A policy is replaced atomically and only if
//! its bytes changed, so that a watching gateway does not reload for nothing.

use std::fs;
use std::io;
use std::path::Path;

use crate::setup::toolchain::{self, TARGET};
use crate::step::{cargo, root, say};

/// The names of the shipped policies, sorted.
pub fn shipped() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("guests"))? {
        let entry = entry?;
        if entry.path().join("cases").is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Builds all guests, or only the given ones, and copies the shipped ones into `policies/`.
pub fn install(only: &[String]) -> io::Result<bool> {
    if !toolchain::target()? {
        return Ok(false);
    }
    let packages: Vec<String> = match only {
        [] => vec!["--workspace".into()],
        names => names.iter().flat_map(|name| ["-p".to_owned(), name.clone()]).collect(),
    };
    say("building the guests (about 2 minutes on two cores the first time, seconds when little has changed)");
    if !cargo(["build", "--release"]).and(&packages).within("guests").show()? {
        return Ok(false);
    }
    let built = root().join("guests/target").join(TARGET).join("release");
    let policies = root().join("policies");
    fs::create_dir_all(&policies)?;
    for name in shipped()?.iter().filter(|name| only.is_empty() || only.contains(name)) {
        let bytes = fs::read(built.join(format!("{}.wasm", name.replace('-', "_"))))?;
        let state = put(&policies.join(format!("{name}.wasm")), &bytes)?;
        eprintln!("  policies/{name}.wasm  {} KiB  {state}", bytes.len().div_ceil(1024));
    }
    Ok(true)
}

/// Writes a temporary file, then renames it: readers see the old bytes or the new ones, never a mix.
fn put(place: &Path, bytes: &[u8]) -> io::Result<&'static str> {
    if fs::read(place).is_ok_and(|present| present == bytes) {
        return Ok("unchanged");
    }
    // Not named `.wasm`, so that a watching gateway does not load it as a policy.
    let beside = place.with_extension("part");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, place)?;
    Ok("written")
}
