//! Bindings generated from the contract in `wit/`.
//!
//! Nothing is written by hand here; the other modules of this crate give these names their everyday form.
//! Outside of WebAssembly the imports exist but must not be called, so that tests of pure logic link.

#![allow(missing_docs, reason = "the WIT files carry the documentation")]

wit_bindgen::generate!({
    path: "../../wit",
    world: "interceptor",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "weir_sdk::bindings",
});
