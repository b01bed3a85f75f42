//! Static checks of a component: its bytes, its imports, its world.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

use crate::bindings::InterceptorPre;
use crate::options::Grants;
use crate::sandbox::Sandbox;

/// Interfaces that every policy may import. The WASI ones refuse anything that would reach beyond the call.
const OPEN: &[&str] = &[
    "weir:interceptor/types@",
    "wasi:logging/logging@",
    "wasi:keyvalue/store@",
    "wasi:keyvalue/atomics@",
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
];

/// Interfaces that need a grant, with the grant's key.
const GRANTED: &[(&str, &str)] = &[("wasi:http/", "http")];

/// All grants, for inspecting a component without configuration.
pub fn all_grants() -> Grants {
    Grants { clock: true, random: true, http: vec!["https://*".into()] }
}

/// Whether the bytes can be a component; describes them if not.
pub fn check_bytes(bytes: &[u8], most: usize) -> Result<(), String> {
    if bytes.len() > most {
        return Err(format!("the file has {} bytes; limits.component_size allows {most}", bytes.len()));
    }
    match bytes.first_chunk::<8>() {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', _, _, 0, 0]) => {
            Err("this is a core WebAssembly module, not a component; build it for \
             wasm32-wasip2, or turn it into a component"
                .into())
        }
        _ => Err("this is not a WebAssembly component (build one for wasm32-wasip2)".into()),
    }
}

/// The names of a component's imports.
pub fn imports(component: &Component) -> Vec<String> {
    let engine = component.engine();
    component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect()
}

/// The imports that need a grant.
pub fn needing_grants(imports: &[String]) -> Vec<String> {
    imports.iter().filter(|import| GRANTED.iter().any(|(prefix, _)| import.starts_with(prefix))).cloned().collect()
}

/// Refuses unknown imports and those without their grant; lists all of them.
pub fn check_imports(imports: &[String], grants: &Grants) -> Result<(), Vec<String>> {
    let Grants { clock: _, random: _, http } = grants;
    let causes: Vec<String> = imports
        .iter()
        .filter_map(|import| {
            if OPEN.iter().any(|prefix| import.starts_with(prefix)) {
                return None;
            }
            match GRANTED.iter().find(|(prefix, _)| import.starts_with(prefix)) {
                Some(_) if !http.is_empty() => None,
                Some((_, grant)) => Some(format!(
                    "it imports {import}, which needs the grant `{grant}` (grants = {{ {grant} = [\"https://…\"] }})"
                )),
                None => Some(format!("it imports {import}, which no grant covers")),
            }
        })
        .collect();
    if causes.is_empty() { Ok(()) } else { Err(causes) }
}

/// Links a component and checks that it exports the world.
pub fn pre(linker: &Linker<Sandbox>, component: &Component) -> Result<InterceptorPre<Sandbox>, String> {
    const POLICY: &str = "weir:interceptor/policy@0.1.0";
    let engine = component.engine();
    let exports: Vec<String> = component
        .component_type()
        .exports(engine)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentInstance(_)))
        .map(|(name, _)| name.to_owned())
        // Added by the snapshot instrumentation; not part of the author's component.
        .filter(|name| name != "wasmtime:wizer/access")
        .collect();
    if !exports.iter().any(|name| name == POLICY) {
        let found = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
        return Err(format!(
            "it does not export {POLICY} (it exports {found}); is it built for the world `interceptor`?"
        ));
    }
    let pre = linker.instantiate_pre(component).map_err(|error| format!("its imports do not fit: {error:#}"))?;
    InterceptorPre::new(pre).map_err(|error| format!("its exports do not fit the world `interceptor`: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_component_are_named() {
        assert!(check_bytes(b"\0asm\x0d\0\x01\0", 100).is_ok());
        assert!(check_bytes(b"\0asm\x01\0\0\0", 100).unwrap_err().contains("core WebAssembly module"));
        assert!(check_bytes(b"#!/bin/sh", 100).unwrap_err().contains("not a WebAssembly component"));
        assert!(check_bytes(b"", 100).is_err());
        assert!(check_bytes(&[0; 101], 100).unwrap_err().contains("101 bytes"));
    }

    #[test]
    fn imports_without_a_grant_are_all_named() {
        let imports: Vec<String> =
            ["wasi:io/poll@0.2.6", "wasi:http/outgoing-handler@0.2.6", "acme:x/y"].map(str::to_owned).to_vec();
        let causes = check_imports(&imports, &Grants::default()).unwrap_err();
        assert!(causes.len() == 2 && causes[0].contains("needs the grant `http`") && causes[1].contains("acme:x/y"));
        assert_eq!(check_imports(&imports, &all_grants()).unwrap_err().len(), 1);
    }
}
