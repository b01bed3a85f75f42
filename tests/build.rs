//! Assembles what is WebAssembly text: the guest `table-bomb`, and what the load errors are tried on.
//!
//! Here and not in the helpers: what a build script depends on has features of its own, so that the sandbox is
//! compiled once for the gateway and for the tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a build script that fails is a build that fails")]

use std::path::Path;
use std::{env, fs};

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

fn main() {
    write("table-bomb", &component("../guests/testing/table-bomb/table-bomb.wat", "../wit"));
    println!("cargo::rerun-if-changed=cases/load");
    for entry in fs::read_dir("cases/load").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "wat") {
            write(path.file_stem().unwrap().to_str().unwrap(), &wat::parse_file(&path).unwrap());
        }
    }
}

/// A component for the world of policies out of a core module in its canonical ABI.
fn component(text: &str, wit: &str) -> Vec<u8> {
    println!("cargo::rerun-if-changed={text}");
    println!("cargo::rerun-if-changed={wit}");
    let mut module = wat::parse_file(text).unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).unwrap();
    let world = resolve.select_world(&[package], Some("interceptor")).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

fn write(name: &str, bytes: &[u8]) {
    let folder = env::var_os("OUT_DIR").unwrap();
    fs::write(Path::new(&folder).join(format!("{name}.wasm")), bytes).unwrap();
}
