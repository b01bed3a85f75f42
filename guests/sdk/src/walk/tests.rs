//! Compares the walk with samples, and with a parser that builds a tree.

use super::*;

fn walk(json: &str) -> Result<Vec<(Kind, String, String)>, Malformed> {
    let mut walk = Walk::with_numbers(json);
    let mut items = Vec::new();
    while let Some(item) = walk.advance()? {
        assert!(json.get(item.span()).is_some());
        items.push((item.kind(), item.pointer(), item.text().into_owned()));
    }
    Ok(items)
}

fn tree(value: &serde_json::Value, path: &str, items: &mut Vec<(Kind, String, String)>) {
    match value {
        serde_json::Value::String(text) => items.push((Kind::Value, path.to_owned(), text.clone())),
        serde_json::Value::Number(number) => items.push((Kind::Number, path.to_owned(), number.to_string())),
        serde_json::Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                tree(value, &format!("{path}/{index}"), items);
            }
        }
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                items.push((Kind::Key, path.clone(), key.clone()));
                tree(value, &path, items);
            }
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) => {}
    }
}

#[test]
fn agrees_with_a_tree() {
    // Keys are sorted, since the parser's objects are.
    let samples = [
        r#""whole""#,
        r#"{}"#,
        r#"[]"#,
        r#"[1, -2.5e+3, "a", null, true, false, [], {}, ["b", ["c"]]]"#,
        r#" { "a" : "x" , "b" : { "c" : [ { "d" : "y" } , "z" ] } , "e" : 7 } "#,
        r#"{"":"empty key","a/b":{"c~d":"escaped tokens"},"q\"uote":"back\\slash"}"#,
        r#"{"\u0041":"\u0041\n\t\r\b\f\/","\ud83d\ude00":"\ud83d\ude00 é"}"#,
        r#"["a long string without anything in it that ends a token early, at all", "\"", "\\"]"#,
        r#"["1234567\"", "12345678\\", "123456789", "{not: [a, token]}"]"#,
    ];
    for json in samples {
        let mut expected = Vec::new();
        tree(&serde_json::from_str(json).unwrap(), "", &mut expected);
        let mut found = walk(json).unwrap();
        for (kind, _, text) in &mut found {
            if *kind == Kind::Number {
                *text = serde_json::from_str::<serde_json::Number>(text).unwrap().to_string();
            }
        }
        assert_eq!(found, expected, "{json}");
    }
}

#[test]
fn lone_surrogates_are_replaced() {
    let found = walk(r#"["\ud800", "\ud800\u0041", "\udc00x", "\ud83d\ude00"]"#).unwrap();
    let texts: Vec<&str> = found.iter().map(|(_, _, text)| text.as_str()).collect();
    assert_eq!(texts, ["\u{fffd}", "\u{fffd}A", "\u{fffd}x", "😀"]);
}

#[test]
fn depth_counts_containers() {
    let mut walk = Walk::new(r#"{"a":{"b":"c"}}"#);
    let mut depths = Vec::new();
    while let Some(item) = walk.advance().unwrap() {
        depths.push(item.depth());
    }
    assert_eq!(depths, [1, 2, 2]);
}

#[test]
fn values_know_their_key() {
    let mut walk = Walk::new(r#"{"\u0061":"x","b":["y",{"c":"z"}]}"#);
    let mut keys = Vec::new();
    while let Some(item) = walk.advance().unwrap() {
        if item.kind() == Kind::Value {
            keys.push(item.key().map(Cow::into_owned));
        }
    }
    assert_eq!(keys, [Some("a".to_owned()), None, Some("c".to_owned())]);
}

#[test]
fn a_pointer_can_stop_early() {
    let mut walk = Walk::new(r#"{"a":[{"secret":{"b":"x"}}]}"#);
    let mut pointer = String::new();
    while let Some(item) = walk.advance().unwrap() {
        pointer = item.pointer_until(|key| key == "secret");
    }
    assert_eq!(pointer, "/a/0");
}

#[test]
fn no_text_makes_it_panic() {
    let seed = r#"{"a":["\u0041\ud83d\ude00",{"é":-1.5e3}],"b":"x\\\"y"}"#;
    for end in 0..=seed.len() {
        if let Some(prefix) = seed.get(..end) {
            assert_eq!(walk(prefix).is_ok(), end == seed.len() || end == 0, "{prefix}");
        }
    }
    for bad in ["\\", "\"\\", "\"\\u\"", "\"\\u12\"", "\"\\ud800\\u\"", "]", "[}", ",", "{\"a\":\"\\é\"}", "@"] {
        let _ = walk(bad);
    }
}
