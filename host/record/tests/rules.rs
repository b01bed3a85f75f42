//! The rules of trust, of handoffs and of records, each over cases that are data.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use serde_json::{Value, json};
use weir_record::handoff::{BuildRequest, Handoff, Missing, Path, Stored, TrustGate, build, evaluate};
use weir_record::trust::{Decision, Endpoint, Pattern, Tier, TrustIndex, normalise, untrusted_message};
use weir_record::{Body, Excerpt, Json, Record, RecordParts, RequestPayload, Row, Status};

/// The JSON form, to look into it.
fn form(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn row_form(row: &Row) -> Value {
    form(&weir_record::row_form(row))
}

fn latest_form(row: Option<&Row>) -> Value {
    form(&weir_record::latest_form(row))
}

fn data(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn urls_have_one_normal_form() {
    for case in data(include_str!("data/normalise.json")).as_array().unwrap() {
        let found = normalise(case[0].as_str().unwrap());
        assert_eq!(json!(found), case[1], "{case}");
        if let Some(found) = found {
            assert_eq!(
                normalise(&found).as_deref(),
                Some(found.as_str()),
                "the normal form of a normal form is itself"
            );
        }
    }
    assert_eq!(normalise(&format!("https://a.example/{}", "x".repeat(9000))), None);
}

#[test]
fn patterns_match_whole_urls() {
    for case in data(include_str!("data/patterns.json")).as_array().unwrap() {
        let url = case[0].as_str().unwrap();
        let index = TrustIndex::new(&[endpoint(url, Tier::Block)]);
        for (candidate, expected) in case[1].as_object().unwrap() {
            let trusted = index.decide(candidate) == Decision::Trusted;
            assert_eq!(json!(trusted), *expected, "{url} and {candidate}");
        }
    }
    assert!(Pattern::parse("https://a.example/..").is_err() && Pattern::parse(&"x".repeat(3000)).is_err());
    // Subtrees in a row cost no more than their product.
    let many = format!("https://a.example{}/end", "/{p:path}".repeat(100));
    assert!(!Pattern::parse(&many).unwrap().matches(&format!("https://a.example{}", "/x".repeat(3000))));
}

fn endpoint(url: &str, tier: Tier) -> Endpoint {
    Endpoint {
        id: url.into(),
        org: "acme".into(),
        url: url.into(),
        normalized_url: normalise(url).unwrap(),
        label: None,
        tier,
        created_at: "2026-01-01T00:00:00.000Z".into(),
        revoked_at: None,
        created_by: None,
    }
}

#[test]
fn trust_wins_over_a_warning_and_revoked_endpoints_count_for_nothing() {
    let warned = endpoint("https://a.example/{rest:path}", Tier::Warn);
    let trusted = endpoint("https://a.example/good", Tier::Block);
    let revoked =
        Endpoint { revoked_at: Some("2026-01-02T00:00:00.000Z".into()), ..endpoint("https://b.example", Tier::Block) };
    let index = TrustIndex::new(&[warned, trusted, revoked]);
    for (url, decision) in [
        ("https://a.example/other", Decision::Warn),
        ("https://a.example/good/", Decision::Trusted),
        ("https://b.example", Decision::Untrusted),
        ("not a url", Decision::Untrusted),
    ] {
        assert_eq!(index.decide(url), decision, "{url}");
    }
    assert_eq!(index.snapshot(), ["https://a.example/good", "https://a.example/{rest:path}"]);
    assert_eq!(
        untrusted_message("https://u:secret@evil.example/x?key=secret", "acme"),
        "BLOCKED: endpoint https://evil.example/x not in trusted index for org acme"
    );
    assert!(!untrusted_message("https://u:secret@evil.example/\n?key=secret", "acme").contains("secret"));
}

#[test]
fn paths_lead_into_answers() {
    let cases = data(include_str!("data/paths.json"));
    let (document, list) = (&cases["document"], |name: &str| cases[name].as_array().unwrap().clone());
    let whole = Json::from(document.clone());
    let find =
        |path: &Value| Path::parse(path.as_str().unwrap()).map(|path| path.find(whole.part()).map(|part| form(&part)));
    for case in list("found") {
        assert_eq!(find(&case[0]).unwrap(), Some(case[1].clone()), "{case}");
    }
    for path in list("root") {
        assert_eq!(find(&path).unwrap().as_ref(), Some(document), "{path}");
    }
    for path in list("missing") {
        assert_eq!(find(&path).unwrap(), None, "{path}");
    }
    for path in list("malformed") {
        let error = find(&path).unwrap_err().to_string();
        assert!(error.contains("is not a path"), "{path}: {error}");
    }
    assert!(Path::parse(&"a.".repeat(1000)).is_err());
}

/// A schema that is the name of a type; enough to see that the port is asked and its answer taken.
fn schema(schema: &str, value: &str) -> Result<Vec<String>, String> {
    let fits = match schema {
        "\"array\"" => value.starts_with('['),
        "\"string\"" => value.starts_with('"'),
        _ => return Err("no such type".into()),
    };
    Ok(if fits { Vec::new() } else { vec!["another type".into()] })
}

#[test]
fn handoffs_are_held_against_what_is_stored() {
    for case in data(include_str!("data/evaluate.json")).as_array().unwrap() {
        let handoff = match case.get("handoff") {
            Some(handoff) => handoff.clone(),
            None => {
                let named = |claim: &Value| {
                    let mut claim = claim.clone();
                    if let Some(members) = claim.as_object_mut().filter(|members| !members.is_empty()) {
                        members.insert("actionName".into(), json!("search"));
                    }
                    claim
                };
                let claims: Vec<Value> = case["claims"].as_array().unwrap().iter().map(named).collect();
                json!({ "claims": claims, "trustedSnapshot": case.get("snapshot") })
            }
        };
        let response = case.get("response").cloned();
        let response = response.unwrap_or_else(|| json!({"total": 42.5, "items": [{"n": 3, "id": "a"}], "ok": true}));
        let stored = Arc::new(Stored {
            call_ref: "ref".into(),
            source_url: case.get("url").map_or("https://api.example.com/v1", |url| url.as_str().unwrap()).into(),
            request: json!({}).into(),
            response: response.into(),
        });
        let endpoints: Option<Vec<Endpoint>> = case.get("trusted").map(|urls| {
            urls.as_array().unwrap().iter().map(|url| endpoint(url.as_str().unwrap(), Tier::Block)).collect()
        });
        let index = endpoints.map(|endpoints| TrustIndex::new(&endpoints));
        let gate = index.as_ref().map_or(TrustGate::Off, TrustGate::On);
        let evaluation = match Handoff::read(&handoff.clone().into()) {
            Err(evaluation) => evaluation,
            Ok(read) => {
                let found = |claim: &Value| claim.get("record") != Some(&json!(false));
                let claims = handoff["claims"].as_array().unwrap();
                let stored: Vec<_> = claims
                    .iter()
                    .map(|claim| if found(claim) { Ok(Arc::clone(&stored)) } else { Err(Missing::NotFound) })
                    .collect();
                evaluate(&read, &stored, gate, &schema)
            }
        };
        let form = form(&evaluation);
        assert_eq!(form["outcome"], case["outcome"], "{case}\n{form}");
        let per_claim = form["perClaim"].as_array().unwrap();
        let results: Vec<&Value> = per_claim.iter().map(|claim| &claim["result"]).collect();
        assert_eq!(json!(results), case["results"], "{case}\n{form}");
        if let Some(error) = case.get("error") {
            assert!(evaluation.errors[0].contains(error.as_str().unwrap()), "{case}\n{form}");
        }
        assert_eq!(evaluation.errors.is_empty(), case["outcome"] == "PASS", "{case}\n{form}");
        for claim in per_claim {
            let names: Vec<&String> = claim.as_object().unwrap().keys().collect();
            assert_eq!(
                names,
                ["actionName", "mode", "claimed", "path", "stored", "storedAtPath", "result", "detail", "callRef"]
            );
        }
    }
}

#[test]
fn a_handoff_is_built_from_records_and_carries_no_secret() {
    let stored = Arc::new(Stored {
        call_ref: "0190".into(),
        source_url: "https://api.example.com/v1".into(),
        request:
            json!({"url": "https://api.example.com/v1", "method": "POST", "json": {"q": "x", "api_key": "hunter2"}})
                .into(),
        response: json!({"answer": 42, "access_token": "hunter2", "password": {"type": "string"}}).into(),
    });
    let request = json!({"claims": [
        {"agentId": "a", "actionName": "search", "mode": "field_extraction", "path": "answer", "claimed": 42, "headers": "hunter2"},
        {"actionName": "gone", "mode": "verbatim", "claimed": 1},
        {"actionName": "search", "mode": "magic"},
        null,
        {"actionName": "search", "mode": "verbatim"},
        {"actionName": "search", "path": "a..b", "claimed": 1}
    ]});
    let read = BuildRequest::read(&request.into()).unwrap();
    let found: Vec<_> =
        (0..6).map(|index| if index == 1 { Err(Missing::NotFound) } else { Ok(Arc::clone(&stored)) }).collect();
    let snapshot = ["https://api.example.com/v1".to_owned()];
    let built = form(&build(&read, &found, Some("acme"), Some(&snapshot), "2026-01-01T00:00:00.000Z"));
    let errors: Vec<(u64, &str)> = built["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["index"].as_u64().unwrap(), error["error"].as_str().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            (1, "record_not_found"),
            (2, "unknown_mode"),
            (3, "malformed_claim"),
            (4, "missing_member"),
            (5, "invalid_path")
        ]
    );
    assert!(!built.to_string().contains("hunter2"), "{built}");
    let claim = &built["handoff"]["claims"][0];
    assert_eq!((&claim["callRef"], &claim["response"]["answer"]), (&json!("0190"), &json!(42)));
    assert_eq!(claim["response"]["password"], json!({"type": "string"}));
    // What was built can be evaluated as it is.
    let index = TrustIndex::new(&[endpoint("https://api.example.com/v1", Tier::Block)]);
    let read = Handoff::read(&built.clone().into()).unwrap();
    let evaluation = evaluate(&read, &[Ok(stored)], TrustGate::On(&index), &schema);
    assert_eq!(form(&evaluation)["outcome"], "PASS", "{:?}", evaluation.errors);
    assert!(BuildRequest::read(&json!({"claims": "x"}).into()).unwrap_err().contains("claims is a string"));
    let many = json!({ "claims": vec![Value::Null; 1001] });
    assert!(BuildRequest::read(&many.into()).unwrap_err().contains("at most 1000"));
}

fn record(request: RequestPayload, response: Body) -> Record {
    Record::new(RecordParts {
        call_ref: "0190".into(),
        agent_id: Some("agent\0".into()),
        action_name: Some("search".into()),
        intercept_index: Some(3),
        request,
        response,
        status: Status::Answered(200),
        decisions: Vec::new(),
        created_at: "2026-01-01T00:00:00.000Z".into(),
    })
}

#[test]
fn a_row_holds_no_credentials_of_the_request() {
    let body = Body::Json(
        json!({"q": "x", "max_tokens": 5, "deep": [{"Client-Secret": "hunter2"}], "password": "hunter2"}).into(),
    );
    let url = "https://user:hunter2@a.example/p?q=1&API_KEY=hunter2&tag=a&tag=b%20c&X-Amz-Signature=hunter2#hunter2";
    let row = record(RequestPayload::new(url, "POST", body), Body::None).into_row(1, "", |_| "hash".into());
    let form = row_form(&row);
    assert!(!format!("{row:?}").contains("hunter2"), "{form}");
    assert_eq!(
        form["sourceUrl"],
        "https://a.example/p?q=1&API_KEY=[redacted]&tag=a&tag=b%20c&X-Amz-Signature=[redacted]"
    );
    assert_eq!(form["requestPayload"]["params"]["tag"], json!(["a", "b c"]));
    assert_eq!(form["requestPayload"]["json"]["max_tokens"], 5);
    assert_eq!((&form["agentId"], &form["status"]), (&json!("agent\u{fffd}"), &json!(200)));
    let form_body = Body::Form("user=ada&password=hunter2".into());
    let row =
        record(RequestPayload::new("a.example", "POST", form_body), Body::None).into_row(1, "", |_| String::new());
    assert_eq!(row_form(&row)["requestPayload"]["data"], json!({"user": "ada", "password": "[redacted]"}));
    assert_eq!(latest_form(None), json!({"requestPayload": {}, "response": null}));
}

#[test]
fn what_is_cut_off_or_broken_holds_no_credentials_either() {
    let excerpt = |head: &str| Body::Excerpt(Excerpt { sha256: "ab".into(), length: 1 << 20, head: head.into() });
    for (body, kept) in [
        (excerpt(r#"{"q":"x","password":"hunter2","n":1,"list":["#), r#"{"q":"x","password":"[redacted]","n":1"#),
        (excerpt(r#"{"deep":{"api\u005fkey" : "hun\"hunter2"#), r#"{"deep":{"api\u005fkey" : "[redacted]""#),
        (excerpt(r#"{"authorization":["Bearer hunter2","hunter2"],"q":2"#), r#"{"authorization":"[redacted]","q":2"#),
        (excerpt("user=ada&pass%77ord=hunter2&code=hunter2"), "user=ada&pass%77ord=[redacted]&code=[redacted]"),
        (
            Body::Text(r#"{"token":"hunter2","token":7,"password":{"type":"string"}}"#.into()),
            r#""password":{"type":"string"}"#,
        ),
        (
            Body::Text(r#"it's 5" wide: "token": "hunter2", "max_tokens": 5"#.into()),
            r#"it's 5" wide: "token": "[redacted]", "max_tokens": 5"#,
        ),
        (Body::Text("say = \"token\", 1 + 1".into()), "say = \"token\", 1 + 1"),
        (Body::Json(json!({"headers": {"Authorization": ["Bearer hunter2"], "x": ["y"]}}).into()), r#""x":["y"]"#),
    ] {
        let row = record(RequestPayload::new("https://a.example/?to%6ben=hunter2", "POST", body), Body::None).into_row(
            1,
            "",
            |_| String::new(),
        );
        let (text, data) = (format!("{row:?}"), &row_form(&row)["requestPayload"]);
        assert!(!text.contains("hunter2"), "{text}");
        let held = [&data["data"]["truncated"]["head"], &data["data"]].into_iter().find_map(Value::as_str);
        let held = held.map_or_else(|| data["json"].to_string(), str::to_owned);
        assert!(held.contains(kept), "{held}");
    }
    // Linear, whatever is in it.
    let quotes = "\"\\".repeat(200_000);
    let row = record(RequestPayload::new("https://a.example", "POST", Body::Text(quotes.clone())), Body::None)
        .into_row(1, "", |_| String::new());
    assert_eq!(row_form(&row)["requestPayload"]["data"], json!(quotes));
    // What the upstream said stays as it said it.
    let row = record(
        RequestPayload::new("https://a.example", "GET", Body::None),
        Body::Json(json!({"token": "given"}).into()),
    )
    .into_row(1, "", |_| String::new());
    assert_eq!(row_form(&row)["rawResponse"]["token"], "given");
}

#[test]
fn bodies_have_their_forms_and_the_chained_text_covers_every_column() {
    let excerpt = Excerpt { sha256: "ab".into(), length: 9, head: "he".into() };
    for (body, form) in [
        (Body::None, json!(null)),
        (Body::Json(json!([1]).into()), json!([1])),
        (Body::Text("hi".into()), json!({"text": "hi"})),
        (Body::Excerpt(excerpt), json!({"truncated": {"sha256": "ab", "length": 9, "head": "he"}})),
    ] {
        let row =
            record(RequestPayload::new("https://a.example", "GET", Body::None), body)
                .into_row(7, "before", |text| format!("<{}>", text.len()));
        assert_eq!(row_form(&row)["rawResponse"], form);
        assert_eq!(latest_form(Some(&row))["response"], form);
        let text = row.chained_text();
        let form = row_form(&row);
        for name in form.as_object().unwrap().keys().filter(|name| *name != "hash") {
            let column: String = name
                .chars()
                .flat_map(|c| if c.is_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] })
                .collect();
            assert!(text.contains(&format!("\n{column}:")), "{column} is not chained:\n{text}");
        }
    }
}
