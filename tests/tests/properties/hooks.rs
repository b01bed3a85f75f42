//! Hooks: an override that is accepted never widens, and one that is refused would have.

use proptest::prelude::*;
use weir_core::{Hook, InterceptorName, Phase, covers, matches};

use super::config;

/// Few names, so that patterns and events meet.
fn name() -> impl Strategy<Value = String> {
    prop::collection::vec("[ab]", 1..4).prop_map(|parts| parts.join("/"))
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![1 => Just("*".to_owned()), 3 => name(), 3 => name().prop_map(|namespace| format!("{namespace}/*"))]
}

fn phase() -> impl Strategy<Value = Phase> {
    prop_oneof![Just(Phase::Request), Just(Phase::Response)]
}

fn hooks() -> impl Strategy<Value = Vec<Hook>> {
    let hook = (prop::collection::vec(pattern(), 1..4), phase()).prop_map(|(events, phase)| Hook { events, phase });
    prop::collection::vec(hook, 0..4)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_accepted_never_widens(declared in hooks(), narrow in hooks(), event in name(), phase in phase()) {
        let interceptor = InterceptorName::new("p").unwrap();
        if covers(&interceptor, &declared, &narrow).is_ok() {
            prop_assert!(!matches(&narrow, &event, phase) || matches(&declared, &event, phase));
        }
    }

    #[test]
    fn what_is_refused_would_have_widened(declared in hooks(), narrow in hooks()) {
        let interceptor = InterceptorName::new("p").unwrap();
        for error in covers(&interceptor, &declared, &narrow).err().unwrap_or_default() {
            // `z` is in no name that the patterns are made of, so only a wildcard can match it.
            let event = error.event.replace('*', "z");
            prop_assert!(matches(&narrow, &event, error.phase) && !matches(&declared, &event, error.phase), "{error}");
        }
    }

    #[test]
    fn a_declaration_covers_itself(declared in hooks()) {
        prop_assert!(covers(&InterceptorName::new("p").unwrap(), &declared, &declared).is_ok());
    }
}
