//! Records that are kept: through a crash, on either store, and as `weir records` shows them afterwards.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use weir_tests::weir::{Weir, run};

use crate::contexts::{JSON, ask, folder, inside, parrot, rows};
use crate::database::Database;

#[test]
fn a_killed_gateway_loses_the_last_group_at_most_and_says_what() {
    kill_and_look("");
}

#[test]
fn a_killed_gateway_with_a_server_loses_the_last_group_at_most_and_says_what() {
    with_database(|url, _| kill_and_look(&on(url)));
}

/// Two gateways that share a database write one chain, and know one registry.
#[test]
fn gateways_share_a_server() {
    with_database(|url, execute| {
        let upstream = parrot();
        let trust = "[trust]\norg = \"acme\"\nenabled = true";
        let folders = [(); 2].map(|()| folder(upstream.address, &format!("{}\n{trust}", on(url))));
        let mut weirs = folders.each_ref().map(|folder| Weir::serve(folder.path()));
        let [one, other] = &weirs;
        let endpoint = json!({"url": format!("http://{}/v1/{{rest:path}}", upstream.address), "label": "a\u{0}b"});
        assert_eq!(ask(one, "POST", "/v1/trust/endpoints", &endpoint).status(), 201);
        // It is there already, and with that it is known here.
        let again = ask(other, "POST", "/v1/trust/endpoints", &endpoint);
        assert_eq!((again.status(), &again.value()["label"]), (200, &json!("a\u{fffd}b")));
        std::thread::scope(|scope| {
            for (weir, agent) in [(one, "one"), (other, "other")] {
                scope.spawn(move || {
                    for _ in 0..50 {
                        assert_eq!(inside(weir, "/api/x", agent, "act", &json!({})).status(), 200);
                    }
                });
            }
        });
        assert_eq!(rows(one, 100), rows(other, 100));
        for path in ["/v1/records?callRef=%00", "/v1/records/latest?actionName=%00", "/audit/events?event=%00"] {
            assert_eq!(one.admin(path).status(), 200, "{path}");
        }
        let odd = json!({"claims": [{"callRef": "\u{0}", "actionName": "\u{0}", "claimed": 1}]});
        let odd = ask(one, "POST", "/v1/handoffs/evaluate", &odd);
        assert_eq!((odd.status(), &odd.value()["outcome"]), (200, &json!("ERROR")));
        for (weir, folder) in weirs.iter_mut().zip(&folders) {
            weir.terminate();
            assert!(weir.wait().success(), "{}", weir.log());
            let verified = run(&["records", "verify"], folder.path());
            assert!(verified.status.success(), "{}{}", verified.stdout, verified.stderr);
        }
        execute("UPDATE records SET agent_id = 'another' WHERE id = 70");
        let verified = run(&["records", "verify"], folders[0].path());
        assert!(verified.status.code() == Some(1) && verified.stdout.contains("record 70 "), "{}", verified.stdout);
    });
}

/// Whoever wants every call recorded would not notice that none is.
#[test]
fn a_gateway_that_is_to_record_everything_does_not_start_without_a_store() {
    for (mode, starts) in [("all", false), ("context", true)] {
        let folder = folder(parrot().address, &format!("[records]\nmode = \"{mode}\""));
        std::fs::create_dir(folder.path().join("weir.db")).unwrap();
        if starts {
            let weir = Weir::serve(folder.path());
            assert_eq!(inside(&weir, "/api/x", "ada", "act", &json!({})).status(), 503);
            assert_eq!(weir.connect().post("/api/x", &json!({})).unwrap().status(), 200);
        } else {
            let ended = run(&["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"], folder.path());
            assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
            assert!(ended.stderr.contains("the records cannot be kept"), "{}", ended.stderr);
        }
    }
}

fn on(url: &str) -> String {
    format!("[records]\nstore = \"{url}\"")
}

/// Does something with a database of its own, if there is a server: with its URL, and a way to change it behind Weir.
fn with_database(work: impl FnOnce(&str, &dyn Fn(&str))) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Some(database) = runtime.block_on(Database::new()) else { return };
    work(&database.url(), &|sql| runtime.block_on(database.execute(sql)));
    runtime.block_on(database.remove());
}

fn kill_and_look(records: &str) {
    let upstream = parrot();
    let folder = folder(upstream.address, records);
    let mut answered = Vec::new();
    {
        let mut weir = Weir::serve(folder.path());
        let stop = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let (mut connection, stop) = (weir.connect(), Arc::clone(&stop));
                std::thread::spawn(move || {
                    let (agent, mut refs) = (format!("agent{caller}"), Vec::new());
                    while !stop.load(Ordering::SeqCst) {
                        let headers = [JSON, ("weir-agent-id", agent.as_str()), ("weir-action-name", "act")];
                        let Ok(answer) = connection.send("POST", "/api/x", &headers, b"{}") else { break };
                        refs.push(answer.header("weir-call-ref").unwrap().to_owned());
                    }
                    refs
                })
            })
            .collect();
        weir.wait_until("rows are written", |weir| {
            weir.admin("/v1/records/summary").value()["rows"].as_u64() >= Some(300)
        });
        // In the middle of it.
        weir.kill();
        stop.store(true, Ordering::SeqCst);
        callers.into_iter().for_each(|caller| answered.extend(caller.join().unwrap()));
    }
    let verified = run(&["records", "verify"], folder.path());
    assert!(verified.status.success(), "{}{}", verified.stdout, verified.stderr);
    let mut weir = Weir::serve(folder.path());
    let mut known = std::collections::HashSet::new();
    let mut cursor = String::new();
    loop {
        let page = weir.admin(&format!("/v1/records?limit=500{cursor}")).value();
        let entries = page["entries"].as_array().unwrap();
        known.extend(entries.iter().map(|row| row["callRef"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let events = weir.admin("/audit/events?event=records.lost").value();
    for event in events["entries"].as_array().unwrap() {
        let lost = event["callRefs"].as_array().unwrap().iter();
        known.extend(lost.map(|call_ref| call_ref.as_str().unwrap().to_owned()));
    }
    let missing: Vec<&String> = answered.iter().filter(|call_ref| !known.contains(*call_ref)).collect();
    assert!(missing.is_empty(), "{} of {} calls are neither written nor told of", missing.len(), answered.len());
    inside(&weir, "/api/after", "ada", "after", &json!({"n": 1.50}));
    weir.terminate();
    assert!(weir.wait().success(), "{}", weir.log());
    look(folder.path());
}

/// What the command line shows of it.
fn look(folder: &Path) {
    let weir = |arguments: &[&str]| {
        let ended = run(&[&["records"], arguments].concat(), folder);
        assert!(ended.status.success(), "{arguments:?}: {}{}", ended.stdout, ended.stderr);
        ended.stdout
    };
    assert!(weir(&["verify"]).starts_with("ok: "));
    let verified: Value = serde_json::from_str(&weir(&["verify", "--json"])).unwrap();
    let listed: Value = serde_json::from_str(&weir(&["list", "--json", "--limit", "1"])).unwrap();
    let newest = &listed["entries"][0];
    assert_eq!((&newest["actionName"], &newest["hash"]), (&json!("after"), &verified["head"]["hash"]));
    assert_eq!(newest["requestPayload"]["json"].to_string(), "{\"n\":1.5}");
    let shown: Value = serde_json::from_str(&weir(&["show", "--json", newest["callRef"].as_str().unwrap()])).unwrap();
    assert_eq!(shown, *newest);
    let exported = weir(&["export"]);
    let rows: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len() as u64, verified["records"].as_u64().unwrap());
    assert!(rows.windows(2).all(|pair| pair[1]["previousHash"] == pair[0]["hash"]));
    assert_eq!(weir(&["export", "--action-name", "after"]).lines().count(), 1);
}
