//! Bindings made from `wit/`. Conversions to core's types are in [`crate::convert`].

#![allow(missing_docs, reason = "generated; the documentation is in wit/")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "interceptor",
    imports: { default: trappable },
    exports: { default: async },
    with: {
        "weir:interceptor/types.call": crate::capability::CallHandle,
        "weir:interceptor/types.document": crate::capability::DocumentHandle,
        "wasi:keyvalue/store.bucket": crate::capability::Bucket,
        "wasi:keyvalue/atomics.cas": crate::capability::Cas,
    },
});
