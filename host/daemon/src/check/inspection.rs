//! What `weir policy inspect` shows about one component.

use std::fmt::Write as _;

use serde::Serialize;
use weir_engine::Inspection;
use weir_mcp::interceptors as wire;

use crate::output::{Paint, printable};

/// What `weir policy inspect --json` prints: the descriptor as the interceptor protocol has it, then facts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// The file, as it was given.
    pub file: String,
    /// What the component declares; what is at its default is left out.
    pub descriptor: wire::Descriptor,
    /// SHA-256 of the file in hex.
    pub digest: String,
    /// Size of the file.
    pub component_bytes: usize,
    /// Bytes of memory that an instance starts with.
    pub initial_memory: u64,
    /// What it imports.
    pub imports: Vec<String>,
    /// Those imports that an operator must grant.
    pub needs_grants: Vec<String>,
    /// What the author should know.
    pub warnings: Vec<String>,
}

impl View {
    /// The view of a component.
    pub fn of(file: &str, inspection: &Inspection) -> Self {
        let Inspection { declaration, digest, imports, needs_grants, initial_memory, component_bytes, warnings } =
            inspection;
        Self {
            file: file.to_owned(),
            descriptor: wire::Descriptor::of(declaration),
            digest: digest.clone(),
            component_bytes: *component_bytes,
            initial_memory: *initial_memory,
            imports: imports.clone(),
            needs_grants: needs_grants.clone(),
            warnings: warnings.clone(),
        }
    }
}

/// The view for people.
pub fn text(view: &View, paint: Paint) -> String {
    let View { file, descriptor, digest, component_bytes, initial_memory, imports, needs_grants, warnings } = view;
    let mut text = String::new();
    let version = descriptor.version.as_deref().unwrap_or_default();
    let _ = writeln!(text, "{} {}  {}", paint.strong(&descriptor.name), printable(version), descriptor.kind);
    if let Some(description) = &descriptor.description {
        let _ = writeln!(text, "{}", printable(description));
    }
    let mut row = |key: &str, value: &str| {
        let _ = writeln!(text, "  {key:<14} {}", printable(value));
    };
    row("file", file);
    for hook in &descriptor.hooks {
        row("hooks", &format!("{} {}", hook.phase, hook.events.join(", ")));
    }
    row("mode", descriptor.mode.unwrap_or("active"));
    row("fail_open", if descriptor.fail_open { "true" } else { "false" });
    if let Some(hint) = descriptor.priority_hint {
        row("priority_hint", &format!("request {}, response {}", hint.request, hint.response));
    }
    if let Some(compat) = &descriptor.compat {
        let end = compat.max_protocol.as_deref().unwrap_or("any later");
        row("compat", &format!("{} to {end}", compat.min_protocol));
    }
    row("size", &format!("{component_bytes} bytes, {initial_memory} bytes of memory at the start"));
    row("sha256", digest);
    for (package, names) in grouped(imports) {
        row("imports", &format!("{package} {}", names.join(", ")));
    }
    match needs_grants.as_slice() {
        [] => row("grants", "none needed"),
        needed => needed.iter().for_each(|import| row("needs grant", import)),
    }
    if let Some(schema) = &descriptor.config_schema {
        let pretty = serde_json::from_str::<serde_json::Value>(schema.get())
            .ok()
            .and_then(|schema| serde_json::to_string_pretty(&schema).ok())
            .unwrap_or_default();
        let _ = writeln!(text, "  config schema");
        for line in pretty.lines() {
            let _ = writeln!(text, "    {}", paint.dim(&printable(line)));
        }
    }
    for warning in warnings {
        let _ = writeln!(text, "  {}", paint.warn(&format!("warning: {}", printable(warning))));
    }
    text
}

/// Imports by package and version, in the order of their first one.
fn grouped(imports: &[String]) -> Vec<(String, Vec<&str>)> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for import in imports {
        let (path, version) = import.split_once('@').map_or((import.as_str(), None), |(path, at)| (path, Some(at)));
        let (package, name) = path.split_once('/').unwrap_or((path, ""));
        let package = version.map_or_else(|| package.to_owned(), |version| format!("{package}@{version}"));
        match groups.iter_mut().find(|(known, _)| *known == package) {
            Some((_, names)) => names.push(name),
            None => groups.push((package, vec![name])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    #[test]
    fn imports_are_grouped_by_package() {
        let imports = ["wasi:io/poll@0.2.6", "weir:interceptor/types@0.1.0", "wasi:io/error@0.2.6"].map(str::to_owned);
        let expected =
            [("wasi:io@0.2.6".to_owned(), vec!["poll", "error"]), ("weir:interceptor@0.1.0".to_owned(), vec!["types"])];
        assert_eq!(super::grouped(&imports), expected);
    }
}
