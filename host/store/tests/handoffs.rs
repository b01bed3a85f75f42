//! Handoffs with a store: what a claim is checked against.

use serde_json::{Value, json};
use weir_record::handoff::{BuildRequest, Handoff};
use weir_record::trust::TrustIndex;
use weir_store::handoffs::{Schemas, Trust, build, evaluate};
use weir_store::{Attempt, Store};

use crate::support::{Folder, call_ref, open, record};

const NO_SCHEMAS: Schemas = |_, _| Err("none is used here".to_owned());

async fn outcome(store: &dyn Store, claims: Value) -> Value {
    let handoff = json!({ "claims": claims });
    let handoff = Handoff::read(&handoff.into()).unwrap();
    serde_json::to_value(evaluate(store, handoff, Trust::Off, NO_SCHEMAS).await.unwrap()).unwrap()
}

async fn built(store: &dyn Store, claims: Value, trust: &Trust) -> Value {
    let request = BuildRequest::read(&json!({ "claims": claims }).into()).unwrap();
    serde_json::to_value(build(store, &request, trust).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_call_proves_only_what_it_was() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    // An agent that asks a model to produce the answer it wanted from the stock.
    store.append(&[record(1, "ada", "check-stock", json!({"count": 7}))], Attempt::First).await.unwrap();
    store.append(&[record(2, "ada", "complete", json!({"count": 99}))], Attempt::First).await.unwrap();
    let claim = |agent: Value, action: Value, number| json!([{"agentId": agent, "actionName": action, "callRef": call_ref(number), "path": "count", "claimed": if number == 1 { 7 } else { 99 }}]);
    for (claims, expected) in [
        (claim(json!("ada"), json!("check-stock"), 1), "PASS"),
        (claim(json!("ada"), json!("check-stock"), 2), "ERROR"),
        (claim(json!("bob"), json!("complete"), 2), "ERROR"),
        (claim(Value::Null, json!("complete"), 2), "PASS"),
        (claim(Value::Null, Value::Null, 2), "PASS"),
        (json!([{"callRef": "\u{0}", "claimed": 1}]), "ERROR"),
        (json!([{"actionName": "\u{0}", "agentId": "\u{0}", "claimed": 1}]), "ERROR"),
    ] {
        let found = outcome(&*store, claims.clone()).await;
        assert_eq!(found["outcome"], expected, "{claims} {found}");
    }
    let told = outcome(&*store, claim(json!("ada"), json!("check-stock"), 2)).await;
    let told = told["perClaim"][0]["detail"].as_str().unwrap();
    assert_eq!(told, "no record of the action \"check-stock\" of the agent \"ada\" has the call ref \"0190-00000002\"");
}

#[tokio::test]
async fn what_is_held_of_records_is_bounded() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    store.append(&[record(1, "ada", "long", json!("x".repeat(1 << 20)))], Attempt::First).await.unwrap();
    store.append(&[record(2, "ada", "short", json!(1))], Attempt::First).await.unwrap();
    let short = json!({"actionName": "short", "claimed": 1});
    let mut claims = vec![json!({"actionName": "long", "claimed": 1}); 999];
    claims.insert(0, short);
    let found = outcome(&*store, json!(claims.clone())).await;
    let of = |index: usize| (&found["perClaim"][index]["result"], found["perClaim"][index]["detail"].as_str().unwrap());
    assert_eq!(of(0).0, "PASS");
    assert_eq!(of(1).0, "CAUGHT");
    assert!(of(900).0 == "ERROR" && of(900).1.contains("more than 16 MiB"), "{:?}", of(900));
    assert!(found.to_string().len() < 40 << 20);
    let built = built(&*store, json!(claims), &Trust::Off).await;
    assert_eq!(built["errors"][0]["error"], "records_too_large");
    assert!(built["handoff"]["claims"].as_array().unwrap().len() > 10);
}

#[tokio::test]
async fn a_damaged_record_is_no_proof_and_says_so() {
    let folder = Folder::new();
    let store = open(&folder.address()).await;
    store.append(&[record(1, "ada", "act", json!(1))], Attempt::First).await.unwrap();
    let other = rusqlite::Connection::open(folder.file("weir.db")).unwrap();
    other.execute_batch("UPDATE records SET raw_response = '{'").unwrap();
    let found = outcome(&*store, json!([{"actionName": "act", "claimed": 1}])).await;
    assert_eq!(
        (&found["outcome"], &found["perClaim"][0]["detail"]),
        (&json!("ERROR"), &json!("what is stored of the call is damaged"))
    );
    let trust = Trust::On { org: "acme".into(), index: TrustIndex::default().into() };
    let built = built(&*store, json!([{"actionName": "act", "claimed": 1}]), &trust).await;
    assert_eq!(built["errors"][0]["error"], "record_damaged");
}
