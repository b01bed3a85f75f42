//! The suite that every backend passes.

use serde_json::json;
use weir_record::chain::Verdict;
use weir_record::trust::Tier;
use weir_record::{Record, row_form};
use weir_store::chain::verify;
use weir_store::{AddEndpoint, Added, Attempt, AuditEvent, Cursor, Filter, Store, StoreAddress, StoreError, Time};

use crate::database::Database;
use crate::support::{Folder, call_ref, fill, in_database, open, open_to_read, record};

/// Runs the suite on a new store and on a reopened one.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let folder = super::Folder::new();
                super::$name(&*super::open(&folder.address()).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let Some(database) = super::Database::new().await else { return };
                super::$name(&*super::open(&super::in_database(&database)).await).await;
                database.remove().await;
            })+
        }
    };
}

on_both!(
    rows_come_back_as_they_were_written,
    lists_come_newest_first_in_pages,
    pages_are_bounded_in_bytes,
    no_text_that_is_asked_for_is_an_error,
    filters_hold_together,
    the_latest_is_the_newest_by_place,
    a_group_is_written_whole_or_not_at_all,
    a_group_that_was_written_is_not_written_twice,
    an_empty_store_answers,
    endpoints_are_added_once_revoked_and_added_again,
    audit_events_are_kept,
);

async fn rows_come_back_as_they_were_written(store: &dyn Store) {
    let odd = json!({ "text": "é\u{0}\u{1F600}\"\\", "number": 1.50, "big": 12345678901234567890123456789_f64, "list": [null, true] });
    let written = [record(1, "a", "b", odd.clone()), record(2, "", "", json!(null))];
    let appended = store.append(&written, Attempt::First).await.unwrap();
    assert_eq!((appended.written, appended.duplicates, appended.head.id), (2, 0, 2));
    let [first, second] = &store.behind(0, 10).await.unwrap()[..] else { panic!("two rows") };
    assert_eq!(serde_json::to_value(row_form(first)).unwrap()["rawResponse"], odd);
    assert_eq!((first.id, first.agent_id.as_deref(), first.action_name.as_deref()), (1, Some("a"), Some("b")));
    assert_eq!((second.id, second.agent_id.as_deref(), second.raw_response.as_str()), (2, None, "null"));
    assert_eq!(second.previous_hash, first.hash);
    assert_eq!(store.head().await.unwrap().unwrap().hash, second.hash);
    assert_eq!(store.record(2).await.unwrap().as_ref(), Some(second));
    assert_eq!(store.record(3).await.unwrap(), None);
    assert_eq!(store.counts().await.unwrap().records, 2);
    // SHA-256 over key-sorted JSON, which anyone can compute.
    let null = "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b";
    assert_eq!(second.response_hash, null);
}

async fn lists_come_newest_first_in_pages(store: &dyn Store) {
    fill(store, 0..25).await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.list(&Filter::default(), cursor, 10).await.unwrap();
        assert!(page.entries.len() <= 10);
        seen.extend(page.entries.iter().map(|row| row.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<i64>>());
    assert_eq!(store.list(&Filter::default(), None, 25).await.unwrap().next, None);
    assert_eq!(store.list(&Filter::default(), None, 0).await.unwrap().entries.len(), 1);
    assert_eq!(store.list(&Filter::default(), Some(Cursor(1)), 10).await.unwrap().entries.len(), 0);
}

async fn pages_are_bounded_in_bytes(store: &dyn Store) {
    for n in 0..12 {
        store.append(&[record(n, "a", "b", json!("x".repeat(3 << 20)))], Attempt::First).await.unwrap();
    }
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = store.list(&Filter::default(), cursor, 1000).await.unwrap();
        assert!((1..=6).contains(&page.entries.len()), "{}", page.entries.len());
        seen.extend(page.entries.iter().map(|row| row.id));
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((seen, pages), ((1..=12).rev().collect::<Vec<i64>>(), 2));
    assert!(store.behind(0, 1000).await.unwrap().len() < 12);
    assert!(matches!(verify(store, None, |_| {}).await.unwrap(), Verdict::Whole { head } if head.id == 12));
}

/// Any input is either found or not found, without an error.
async fn no_text_that_is_asked_for_is_an_error(store: &dyn Store) {
    fill(store, 0..2).await;
    for text in ["\0", "a\0b", "\u{fffd}", "\u{10ffff}", "'; DROP TABLE records", &"é".repeat(5000)] {
        let some = Some(text.to_owned());
        let filter = Filter { agent_id: some.clone(), action_name: some.clone(), call_ref: some, ..Filter::default() };
        assert!(store.list(&filter, None, 10).await.unwrap().entries.is_empty(), "{text:?}");
        assert_eq!(store.latest(Some(text), text).await.unwrap(), None);
        assert_eq!(store.present(&[text.to_owned()]).await.unwrap(), Vec::<String>::new());
        assert!(store.endpoints(text, None, 10).await.unwrap().entries.is_empty());
        assert!(store.active_endpoints(text).await.unwrap().is_empty());
        assert_eq!(store.revoke_endpoint(text, text).await.unwrap(), None);
        assert!(store.events(Some(text), None, 10).await.unwrap().entries.is_empty());
    }
    let endpoint = AddEndpoint {
        org: "acme\0".into(),
        url: "https://a.example".into(),
        label: Some("\0".into()),
        tier: Tier::Block,
        created_by: Some("\0".into()),
    };
    let Added::New(added) = store.add_endpoint(&endpoint).await.unwrap() else { panic!("it is new") };
    assert_eq!((added.org.as_str(), added.label.as_deref()), ("acme\u{fffd}", Some("\u{fffd}")));
    assert_eq!(store.active_endpoints("acme\0").await.unwrap(), [added]);
    for cursor in [Cursor(i64::MAX), Cursor(0), Cursor(i64::MIN)] {
        store.list(&Filter::default(), Some(cursor), 10).await.unwrap();
    }
    assert_eq!(store.record(i64::MIN).await.unwrap(), None);
}

async fn filters_hold_together(store: &dyn Store) {
    let group: Vec<Record> = (0..12)
        .map(|n| record(n, if n % 2 == 0 { "even" } else { "odd%_" }, if n < 6 { "early" } else { "late" }, json!(n)))
        .collect();
    store.append(&group, Attempt::First).await.unwrap();
    let some = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (Filter { agent_id: some("even"), ..Filter::default() }, &[11, 9, 7, 5, 3, 1][..]),
        (Filter { agent_id: some("even"), action_name: some("late"), ..Filter::default() }, &[11, 9, 7]),
        (Filter { agent_id: some("%"), ..Filter::default() }, &[]),
        (Filter { agent_id: some("odd%_"), action_name: some("early"), ..Filter::default() }, &[6, 4, 2]),
        (Filter { call_ref: some(&call_ref(4)), ..Filter::default() }, &[5]),
        (Filter { call_ref: some("' OR 1=1 --"), ..Filter::default() }, &[]),
        (Filter { from: Some(Time::parse("2026-01-01T00:00:09Z").unwrap()), ..Filter::default() }, &[12, 11, 10]),
        (Filter { to: Some(Time::parse("2026-01-01T01:00:02+01:00").unwrap()), ..Filter::default() }, &[2, 1]),
        (Filter { from: Some(Time::parse("2026-01-02").unwrap()), ..Filter::default() }, &[]),
    ] {
        let found: Vec<i64> = store.list(&filter, None, 100).await.unwrap().entries.iter().map(|row| row.id).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn the_latest_is_the_newest_by_place(store: &dyn Store) {
    // The later row has the earlier time.
    store.append(&[record(50, "a", "search", json!("first"))], Attempt::First).await.unwrap();
    store.append(&[record(10, "a", "search", json!("second"))], Attempt::First).await.unwrap();
    store.append(&[record(11, "b", "search", json!("another agent's"))], Attempt::First).await.unwrap();
    store.append(&[record(12, "a", "llm", json!("another action"))], Attempt::First).await.unwrap();
    let latest = async |agent, action| store.latest(agent, action).await.unwrap().map(|row| row.raw_response);
    assert_eq!(latest(Some("a"), "search").await.as_deref(), Some("\"second\""));
    assert_eq!(latest(None, "search").await.as_deref(), Some("\"another agent's\""));
    assert_eq!(latest(Some("a"), "nothing").await, None);
}

async fn a_group_is_written_whole_or_not_at_all(store: &dyn Store) {
    fill(store, 0..3).await;
    let before = store.head().await.unwrap();
    let twice = [record(3, "a", "b", json!(1)), record(1, "a", "b", json!(2)), record(4, "a", "b", json!(3))];
    let error = store.append(&twice, Attempt::First).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    assert_eq!(store.head().await.unwrap(), before);
    assert_eq!(store.list(&Filter::default(), None, 100).await.unwrap().entries.len(), 3);
    fill(store, 3..5).await;
    assert!(matches!(verify(store, None, |_| {}).await.unwrap(), Verdict::Whole { head } if head.id == 5));
}

async fn a_group_that_was_written_is_not_written_twice(store: &dyn Store) {
    fill(store, 0..3).await;
    let again: Vec<Record> = (1..5).map(|n| record(n, "agent", "search", json!({ "answer": n }))).collect();
    let appended = store.append(&again, Attempt::Again).await.unwrap();
    assert_eq!((appended.written, appended.duplicates, appended.head.id), (2, 2, 5));
    let present = store.present(&[call_ref(4), call_ref(99), call_ref(0)]).await.unwrap();
    assert!(present.len() == 2 && present.contains(&call_ref(4)), "{present:?}");
    assert!(matches!(verify(store, None, |_| {}).await.unwrap(), Verdict::Whole { .. }));
}

async fn an_empty_store_answers(store: &dyn Store) {
    assert_eq!(store.head().await.unwrap().unwrap().id, 0);
    assert_eq!(store.list(&Filter::default(), None, 10).await.unwrap().entries.len(), 0);
    assert_eq!(store.latest(None, "x").await.unwrap(), None);
    assert!(matches!(verify(store, None, |_| {}).await.unwrap(), Verdict::Whole { head } if head.id == 0));
    assert_eq!(store.append(&[], Attempt::First).await.unwrap().written, 0);
}

async fn endpoints_are_added_once_revoked_and_added_again(store: &dyn Store) {
    let add = async |org: &str, url: &str, tier| {
        let endpoint = AddEndpoint {
            org: org.to_owned(),
            url: url.to_owned(),
            label: Some("label".into()),
            tier,
            created_by: Some("ada".into()),
        };
        store.add_endpoint(&endpoint).await
    };
    let Added::New(first) = add("acme", "HTTPS://API.example.com/v1/", Tier::Block).await.unwrap() else {
        panic!("it is new")
    };
    assert_eq!(first.normalized_url, "https://api.example.com/v1");
    assert_eq!((first.url.as_str(), first.created_by.as_deref()), ("HTTPS://API.example.com/v1/", Some("ada")));
    let Added::Active(same) = add("acme", "https://api.example.com/v1", Tier::Warn).await.unwrap() else {
        panic!("it is there already")
    };
    assert_eq!(same, first);
    assert!(matches!(add("other", "https://api.example.com/v1", Tier::Warn).await.unwrap(), Added::New(_)));
    assert!(matches!(add("acme", "https://x.example/{rest:path}", Tier::Warn).await.unwrap(), Added::New(_)));
    assert!(matches!(add("acme", " ", Tier::Block).await, Err(StoreError::Refused(_))));

    assert_eq!(store.revoke_endpoint("other", &first.id).await.unwrap(), None);
    let revoked = store.revoke_endpoint("acme", &first.id).await.unwrap().unwrap();
    assert!(revoked.revoked_at.is_some());
    // The first revocation time stays.
    assert_eq!(store.revoke_endpoint("acme", &first.id).await.unwrap().unwrap(), revoked);
    assert_eq!(store.revoke_endpoint("acme", "nothing").await.unwrap(), None);
    let active = store.active_endpoints("acme").await.unwrap();
    assert_eq!(
        active.iter().map(|one| one.normalized_url.as_str()).collect::<Vec<_>>(),
        ["https://x.example/{rest:path}"]
    );

    let Added::New(again) = add("acme", "https://api.example.com/v1", Tier::Block).await.unwrap() else {
        panic!("it was revoked")
    };
    assert_ne!(again.id, first.id);
    let all = store.endpoints("acme", None, 2).await.unwrap();
    let rest = store.endpoints("acme", all.next, 2).await.unwrap();
    let history: Vec<_> = all.entries.iter().chain(&rest.entries).map(|one| one.id.as_str()).collect();
    assert_eq!((history.len(), history[0], history[2], rest.next), (3, again.id.as_str(), first.id.as_str(), None));
    assert_eq!(store.counts().await.unwrap().active_endpoints, 3);
}

async fn audit_events_are_kept(store: &dyn Store) {
    let event = |kind: &str, n: usize| AuditEvent {
        id: 0,
        kind: kind.to_owned(),
        at: weir_store::now(),
        call_ref: Some(call_ref(n)),
        detail: json!({ "n": n }).to_string(),
    };
    store.note(&[event("trust.blocked", 1), event("trust.added", 2)]).await.unwrap();
    store.note(&[event("trust.blocked", 3)]).await.unwrap();
    let page = store.events(Some("trust.blocked"), None, 1).await.unwrap();
    assert_eq!(
        (page.entries[0].call_ref.as_deref(), page.entries[0].detail.as_str()),
        (Some(&*call_ref(3)), "{\"n\":3}")
    );
    let rest = store.events(Some("trust.blocked"), page.next, 10).await.unwrap();
    assert_eq!((rest.entries.len(), rest.next), (1, None));
    assert_eq!(store.events(None, None, 10).await.unwrap().entries.len(), 3);
    assert_eq!(store.counts().await.unwrap().audit_events, 3);
}

#[tokio::test]
async fn a_file_that_is_opened_again_goes_on() {
    let folder = Folder::new();
    opened_again_goes_on(&folder.address()).await;
}

#[tokio::test]
async fn a_database_that_is_opened_again_goes_on() {
    let Some(database) = Database::new().await else { return };
    opened_again_goes_on(&in_database(&database)).await;
    database.remove().await;
}

async fn opened_again_goes_on(address: &StoreAddress) {
    fill(&*open(address).await, 0..10).await;
    let again = open(address).await;
    fill(&*again, 10..20).await;
    let reader = open_to_read(address).await.unwrap();
    assert!(matches!(verify(&*reader, None, |_| {}).await.unwrap(), Verdict::Whole { head } if head.id == 20));
    let refused = reader.append(&[record(99, "a", "b", json!(1))], Attempt::First).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert!(reader.note(&[]).await.is_err() && reader.revoke_endpoint("a", "b").await.is_err());
}

#[test]
fn times_of_filters_are_read_in_every_usual_form() {
    for (text, expected) in [
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"),
        ("2026-01-31T12:00:00.5+02:00", "2026-01-31T10:00:00.500Z"),
        ("2026-01-31T12:00:00 02:00", "2026-01-31T10:00:00.000Z"),
        ("2026-01-31T23:30:00-01:00", "2026-02-01T00:30:00.000Z"),
    ] {
        assert_eq!(Time::parse(text).unwrap().as_str(), expected);
    }
    for text in [
        "",
        "yesterday",
        "2026-13-01",
        "12:00",
        "2026-01-31T12:00:00+2",
        "2026-01-31T12:00",
        "é".repeat(9).as_str(),
        "1969-12-31",
        "1970-01-01T00:00:00+01:00",
        "9999-12-31T23:30:00-01:00",
    ] {
        assert!(Time::parse(text).is_err(), "{text}");
    }
}
