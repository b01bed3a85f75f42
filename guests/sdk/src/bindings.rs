//! Bindings generated from the contract in `wit/`.
//!
//! Everything here is generated; the other modules of this crate give these names a convenient form. Outside
//! WebAssembly the imports exist but must not be called; this lets tests of pure logic link.

#![allow(missing_docs, reason = "the WIT files carry the documentation")]

wit_bindgen::generate!({
    path: "../../wit",
    world: "interceptor",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "weir_sdk::bindings",
});
