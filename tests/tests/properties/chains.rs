//! Chains: audit entries change nothing, an abort applies nothing, the order is total and stable.

use std::sync::Arc;

use futures_util::FutureExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_core::chain::{ChainResult, Revalidation, Status};
use weir_core::{
    Chain, ChainOptions, Context, Declaration, Entry, Event, EventName, Hook, InterceptorName, Kind, Mode, Overrides,
    Payload, Phase, Posture, PriorityHint, resolve,
};
use weir_tests::render::render;
use weir_tests::scripted::Scripted;

use super::config;

/// A policy of a random chain.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    kind: Kind,
    audit: bool,
    fail_open: bool,
    priority: PriorityHint,
    behaviour: Value,
}

/// Where and how a random chain runs.
#[derive(Debug, Clone, Copy)]
struct Setting {
    phase: Phase,
    options: ChainOptions,
}

fn behaviour(kind: Kind) -> BoxedStrategy<Value> {
    let failure =
        prop::sample::select(vec![json!({"fault":"trap"}), json!({"fault":"error"}), json!({"fault":"wrong-kind"})]);
    let verdicts = vec![
        json!({"valid":false}),
        json!({"valid":false,"severity":"error"}),
        json!({"valid":false,"severity":"warn"}),
        json!({"valid":true,"ask":"?"}),
        json!({"validIf":{"pointer":"/a","equals":1}}),
    ];
    let changes = vec![
        json!({"replace":{"a":1}}),
        json!({"edits":[{"pointer":"/a","value":2}]}),
        json!({"edits":[{"pointer":"/a"},{"pointer":"/b","value":[]}]}),
        json!({"edits":[{"pointer":"/b","value":1},{"pointer":"/no/where","value":1}]}),
        json!({"appendTo":{"pointer":"/list","value":1}}),
    ];
    let (quiet, loud) = match kind {
        Kind::Validation => (json!({"valid":true}), verdicts),
        Kind::Mutation => (json!({"change":"unmodified"}), changes),
    };
    // Mostly harmless, so that chains get far.
    prop_oneof![5 => Just(quiet), 3 => prop::sample::select(loud), 1 => failure].boxed()
}

fn member() -> impl Strategy<Value = Member> {
    let kind = prop_oneof![Just(Kind::Validation), Just(Kind::Mutation)];
    let priority = (-2..3_i32, -2..3_i32).prop_map(|(request, response)| PriorityHint { request, response });
    kind.prop_flat_map(move |kind| {
        ("[a-z]{1,3}", any::<bool>(), any::<bool>(), priority.clone(), behaviour(kind)).prop_map(
            move |(name, audit, fail_open, priority, behaviour)| Member {
                name,
                kind,
                audit,
                fail_open,
                priority,
                behaviour,
            },
        )
    })
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    prop::collection::vec(member(), 0..9).prop_map(|mut members| {
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members.dedup_by(|a, b| a.name == b.name);
        members
    })
}

fn setting() -> impl Strategy<Value = Setting> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(request, client, revalidate)| Setting {
        phase: if request { Phase::Request } else { Phase::Response },
        options: ChainOptions {
            posture: if client { Posture::Client } else { Posture::Server },
            revalidation: if revalidate { Revalidation::AfterMutation } else { Revalidation::Off },
        },
    })
}

fn entry(member: &Member) -> Entry {
    let Member { name, kind, audit, fail_open, priority, behaviour } = member.clone();
    let declaration = Declaration {
        name: InterceptorName::new(&name).unwrap(),
        version: None,
        description: None,
        kind,
        hooks: [Phase::Request, Phase::Response].map(|phase| Hook { events: vec!["*".into()], phase }).to_vec(),
        mode: Some(if audit { Mode::Audit } else { Mode::Active }),
        fail_open: Some(fail_open),
        priority_hint: Some(priority),
        compat: None,
        config_schema: None,
    };
    let settings = resolve(&declaration, None, Overrides::default()).unwrap();
    Entry { settings, interceptor: Arc::new(Scripted::new(kind, behaviour)) }
}

fn run(members: &[Member], setting: Setting) -> ChainResult {
    let chain = Chain::new(members.iter().map(entry).collect(), setting.options).unwrap();
    let event = Event {
        name: EventName::new("tools/call").unwrap(),
        phase: setting.phase,
        payload: Arc::new(Payload::parse(r#"{"a":1,"list":[]}"#).unwrap()),
        request: None,
        context: Arc::new(Context::default()),
    };
    chain.run(&event, None).now_or_never().expect("nothing in memory waits")
}

/// What the traffic notices of a result.
fn verdict(result: &ChainResult) -> (Status, Option<String>, Option<String>) {
    let payload = result.final_payload.as_ref().map(|payload| payload.text().to_owned());
    (result.status, payload, result.aborted_at.as_ref().map(|abort| format!("{abort:?}")))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn audit_entries_change_neither_payload_nor_verdict(members in members(), setting in setting()) {
        let active: Vec<Member> = members.iter().filter(|member| !member.audit).cloned().collect();
        prop_assert_eq!(verdict(&run(&members, setting)), verdict(&run(&active, setting)));
    }

    #[test]
    fn a_chain_of_audit_entries_passes_the_very_bytes(members in members(), setting in setting()) {
        let audited: Vec<Member> = members.into_iter().map(|member| Member { audit: true, ..member }).collect();
        prop_assert_eq!(verdict(&run(&audited, setting)), (Status::Success, Some(r#"{"a":1,"list":[]}"#.to_owned()), None));
    }

    #[test]
    fn nothing_is_applied_on_abort(members in members(), setting in setting()) {
        let result = run(&members, setting);
        let succeeded = result.status == Status::Success;
        prop_assert_eq!(result.final_payload.is_some(), succeeded);
        prop_assert_eq!(result.aborted_at.is_none(), succeeded);
        prop_assert_eq!(result.blockers().next().is_none(), succeeded);
        prop_assert!(succeeded || !result.is_modified());
    }

    #[test]
    fn the_order_does_not_depend_on_how_entries_are_given(
        (members, shuffled) in members().prop_flat_map(|members| (Just(members.clone()), Just(members).prop_shuffle())),
        setting in setting(),
    ) {
        prop_assert_eq!(render(&run(&members, setting)), render(&run(&shuffled, setting)));
    }

    #[test]
    fn the_order_is_total(members in members(), setting in setting()) {
        let result = run(&members, setting);
        let key = |name: &str| {
            let member = members.iter().find(|member| member.name == name).unwrap();
            (member.priority.of(setting.phase), name.to_owned())
        };
        // Within a stage: entries of one kind follow each other, and revalidation is a stage of its own.
        for pair in result.results.windows(2) {
            if pair[0].kind == pair[1].kind && pair[0].revalidation == pair[1].revalidation {
                prop_assert!(key(pair[0].interceptor.as_str()) < key(pair[1].interceptor.as_str()));
            }
        }
    }

    #[test]
    fn fail_open_is_about_failures_only(members in members(), setting in setting()) {
        let with = |fail_open| -> Vec<Member> {
            let judging = members.iter().filter(|member| member.behaviour.get("fault").is_none());
            // An edit that does not apply is a failure too.
            let judging = judging.filter(|member| !member.behaviour.to_string().contains("/no/where"));
            let judging = judging.filter(|member| member.behaviour.get("appendTo").is_none() && member.behaviour.get("edits").is_none());
            judging.map(|member| Member { fail_open, ..member.clone() }).collect()
        };
        prop_assert_eq!(verdict(&run(&with(true), setting)), verdict(&run(&with(false), setting)));
    }
}
