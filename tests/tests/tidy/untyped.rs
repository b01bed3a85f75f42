//! JSON without a type stays at the edges: inside, each member has a name that the compiler knows.

use std::collections::BTreeSet;

use weir_tests::repository::{SourceFile, files};

use super::report;
use super::tokens::{Token, is_test, shipped, text};

/// No more lines of the host may name `serde_json::Value` or `json!`.
const MOST_LINES: usize = 50;

#[test]
fn json_without_a_type_stays_at_the_edges() {
    let mut counts: Vec<(usize, String)> = files(&["host"], ".rs")
        .into_iter()
        .filter(|file| file.path.contains("/src/") && !is_test(file) && !is_demo(file))
        .map(|file| (untyped(&file).len(), file.path))
        .filter(|(count, _)| *count > 0)
        .collect();
    counts.sort_by(|a, b| b.cmp(a));
    let total: usize = counts.iter().map(|(count, _)| count).sum();
    let list: Vec<String> = counts.iter().map(|(count, path)| format!("{count:4} {path}")).collect();
    println!("host: {total} lines with untyped JSON\n{}", list.join("\n"));
    let advice = "read and write types with serde, and keep text that is only passed on as text";
    let finding = format!("{total} lines have untyped JSON (at most {MOST_LINES}); {advice}:\n{}", list.join("\n"));
    report(if total > MOST_LINES { vec![finding] } else { Vec::new() });
}

/// The demo servers stand for servers of other people, which answer with whatever JSON they like.
fn is_demo(file: &SourceFile) -> bool {
    ["host/demo/", "host/daemon/src/demo/"].iter().any(|folder| file.path.starts_with(folder))
}

/// The lines of shipped code that name `Value` of serde_json or call `json!`, under whatever name it was imported.
fn untyped(file: &SourceFile) -> BTreeSet<usize> {
    let tokens = shipped(&file.text);
    let imports: Vec<(&str, &str)> = imports(&tokens).collect();
    let is = |word: &str, item: &str| imports.contains(&(item, word));
    let found = tokens.iter().enumerate().filter(|(index, token)| {
        let before = |offset: usize| index.checked_sub(offset).map_or("", |index| text(&tokens, index));
        let of_serde = before(1) == "::" && is_serde(before(2), before(4));
        let alone = before(1) != "::" && before(1) != ".";
        let named = |item| (of_serde && token.text == item) || (alone && is(&token.text, item));
        named("Value") || (named("json") && text(&tokens, index + 1) == "!")
    });
    found.map(|(_, token)| token.line).collect()
}

/// `serde_json::` or `serde_json::value::`.
fn is_serde(qualifier: &str, before: &str) -> bool {
    qualifier == "serde_json" || (qualifier == "value" && before == "serde_json")
}

/// What is imported of serde_json, each with its name here.
fn imports(tokens: &[Token]) -> impl Iterator<Item = (&str, &str)> {
    let starts = (0..tokens.len()).filter(|index| text(tokens, *index) == "use");
    starts.flat_map(move |start| {
        let end = tokens[start..].iter().position(|token| token.text == ";").map_or(tokens.len(), |end| start + end);
        let of_serde = (start..end).any(|index| text(tokens, index) == "serde_json");
        let items =
            (start..end).filter(move |index| of_serde && ["Value", "json", "*"].contains(&text(tokens, *index)));
        items.flat_map(move |index| {
            let item = text(tokens, index);
            let renamed = text(tokens, index + 1) == "as";
            let name = text(tokens, if renamed { index + 2 } else { index });
            if item == "*" { vec![("Value", "Value"), ("json", "json")] } else { vec![(item, name)] }
        })
    })
}

#[test]
fn untyped_json_is_found_under_every_name() {
    let lines = |text: &str| {
        let found = untyped(&SourceFile { path: "x.rs".into(), text: text.into() });
        found.into_iter().collect::<Vec<usize>>()
    };
    assert_eq!(lines("fn a() -> serde_json::Value {\n    serde_json::json!({\n    \"a\": 1 })\n}"), [1, 2]);
    assert_eq!(
        lines("use serde_json::{Map, Value, json};\nfn a() {\n    json!(1);\n}\nfn b(c: Map<D, Value>) {}"),
        [1, 3, 5]
    );
    assert_eq!(
        lines("use serde_json::{Value as V, json as value};\nfn a() -> V {\n    value!(1)\n}\nfn value() {}"),
        [1, 2, 3]
    );
    assert_eq!(lines("use serde_json::value::Value;\nfn a() {\n    Value::Null;\n    toml::Value::None;\n}"), [1, 3]);
    assert_eq!(lines("use serde_json::*;\nfn a() {\n    json!(1);\n}"), [3]);
    assert!(
        lines("use toml::Value;\nfn a() -> Value {}\nfn b(c: RawValue, d: HeaderValue) {}\nfn json() {}").is_empty()
    );
    assert!(
        lines("use serde_json::value::RawValue;\n// Value, json!(1)\nconst A: &str = \"serde_json::Value\";")
            .is_empty()
    );
    assert!(
        lines("#[cfg(test)]\nmod tests {\n    use serde_json::{Value, json};\n    fn a() { json!(1) }\n}").is_empty()
    );
}
