//! The contract is readable without the code, so every item of it is documented.

use weir_tests::repository::{SourceFile, files};

use super::report;

#[test]
fn every_item_of_the_contract_is_documented() {
    let own = files(&["wit"], ".wit");
    assert!(own.iter().any(|file| file.path == "wit/world.wit"), "wit/world.wit is not where it was");
    report(own.iter().flat_map(undocumented).collect());
}

/// A line that starts an item and does not follow a documentation comment.
fn undocumented(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    let mut documented = false;
    let mut starts_item = true;
    for (number, line) in file.text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || (line.starts_with("//") && !line.starts_with("///")) {
            continue;
        }
        if line.starts_with("///") {
            documented = true;
            continue;
        }
        let is_item =
            starts_item && !line.starts_with('}') && !line.starts_with("use ") && !line.starts_with("package ");
        if is_item && !documented {
            found.push(format!("{}:{}: `{line}` has no `///` above it; say what it is for", file.path, number + 1));
        }
        documented = false;
        // A signature may go on in the next line.
        starts_item = line.ends_with(['{', '}', ';', ',']);
    }
    found
}

#[test]
fn undocumented_items_are_found() {
    let text = "package a:b;\n\n/// Doc.\ninterface c {\n    use d.{e};\n    /// Doc.\n    f: func(x: u32)\n        -> u32;\n    \
                g: func();\n    enum h {\n        /// Doc.\n        i,\n        j,\n    }\n}\n";
    let file = SourceFile { path: "x.wit".into(), text: text.into() };
    let found = undocumented(&file);
    assert!(found.len() == 3 && found[0].starts_with("x.wit:9") && found[2].contains('j'), "{found:?}");
}
