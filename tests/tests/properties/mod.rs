//! What holds for every chain, payload and override, tried with random ones.

/// Chains: audit, abort, order.
mod chains;
/// Hooks and their overrides.
mod hooks;
/// Payloads, edits and differences.
mod payloads;

use proptest::prelude::*;

/// More than the default, since each case is cheap. A failure prints its smallest input; keep it as a case or a
/// test of its own.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() }
}

/// Member names, some of which need escaping in a pointer or in JSON.
fn member() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-e]",
        1 => prop::sample::select(vec!["", "a/b", "m~n", "~1", "é", "\"q\"", "0", "-", "new\nline"]).prop_map(str::to_owned),
    ]
}

/// The text of a JSON number, in every form that the grammar has.
fn number() -> impl Strategy<Value = String> {
    let whole = prop_oneof![Just("0".to_owned()), "[1-9][0-9]{0,30}"];
    ("-?", whole, "(\\.[0-9]{1,20})?", "([eE][+-]?[0-9]{1,2})?")
        .prop_map(|(sign, whole, fraction, exponent)| format!("{sign}{whole}{fraction}{exponent}"))
}

/// JSON text without white space.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        number(),
        ".{0,6}".prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(member(), inner, 0..5).prop_map(|members| {
                let members =
                    members.iter().map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name.as_str())));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}
