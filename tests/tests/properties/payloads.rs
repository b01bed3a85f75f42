//! Payloads: text is kept, edits are atomic, a difference applied gives the other.

use proptest::prelude::*;
use weir_core::payload::{difference, escape};
use weir_core::{Edit, Payload};

use super::{config, json, member, number};

/// Pointers that often, but not always, lead somewhere.
fn pointer() -> impl Strategy<Value = String> {
    let token =
        prop_oneof![3 => member().prop_map(|name| escape(&name).into_owned()), 1 => "[0-3]", 1 => Just("-".to_owned())];
    prop::collection::vec(token, 0..3).prop_map(|tokens| tokens.iter().map(|token| format!("/{token}")).collect())
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (pointer(), prop::option::weighted(0.8, json())).prop_map(|(pointer, value)| Edit { pointer, value });
    prop::collection::vec(edit, 0..5)
}

fn parse(text: &str) -> Payload {
    Payload::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn text_is_kept_as_it_came(text in json(), space in "[ \\n\\t\\r]{0,3}") {
        let text = format!("{space}{text}{space}");
        let payload = parse(&text);
        prop_assert_eq!(payload.text(), &text);
        prop_assert_eq!(payload.get(""), Some(text));
    }

    #[test]
    fn numbers_keep_their_text(number in number(), name in member()) {
        let quoted = serde_json::Value::from(name.as_str()).to_string();
        let payload = parse(&format!("{{{quoted}:[{number}],\"other name\":1}}"));
        let pointer = format!("/{}/0", escape(&name));
        prop_assert_eq!(payload.get(&pointer), Some(number.clone()));
        let edited = payload.edited(&[Edit { pointer: "/other name".into(), value: Some("[]".into()) }]).unwrap();
        prop_assert_eq!(edited.text(), format!("{{{quoted}:[{number}],\"other name\":[]}}"));
        let moved = payload.edited(&[Edit { pointer: "/other name".into(), value: Some(number.clone()) }]).unwrap();
        prop_assert_eq!(moved.get("/other name"), Some(number));
    }

    #[test]
    fn a_difference_applied_gives_the_other(before in json(), after in json()) {
        let (before, after) = (parse(&before), parse(&after));
        let found = difference(&before, &after);
        prop_assume!(!found.truncated);
        let applied = before.edited(&found.edits).unwrap();
        prop_assert!(applied.same_json(&after), "{:?} gives {}", found.edits, applied.text());
        prop_assert_eq!(found.edits.is_empty(), before.same_json(&after));
    }

    #[test]
    fn edits_apply_in_order_or_not_at_all(text in json(), edits in edits()) {
        let payload = parse(&text);
        let one_by_one = edits.iter().try_fold(payload.clone(), |payload, edit| {
            payload.edited(std::slice::from_ref(edit)).map_err(|_| ())
        });
        match (payload.edited(&edits), one_by_one) {
            (Ok(together), Ok(stepwise)) => prop_assert!(together.same_json(&stepwise)),
            (Err(_), Err(())) => {}
            (together, stepwise) => {
                let text = |payload: &Payload| payload.text().to_owned();
                return Err(TestCaseError::fail(format!(
                    "together {:?}, one by one {:?}", together.as_ref().map(text), stepwise.as_ref().map(text)
                )));
            }
        }
        prop_assert_eq!(payload.text(), &text);
    }

    #[test]
    fn nothing_that_is_not_json_passes(text in "[\\[\\]{}\",:0-9a-z\\\\ ]{0,12}") {
        let ours = Payload::parse(text.clone());
        let other = serde_json::from_str::<serde_json::Value>(&text);
        if other.is_err() {
            prop_assert!(ours.is_err(), "{text:?}");
        } else if ours.is_err() {
            // Stricter in one way only: a member named twice.
            prop_assert!(text.contains('{'), "{text:?}");
        }
    }
}
