//! Folders that are not right: everything is said at once, with places, and nothing binds.

use std::net::TcpListener;

use weir_tests::folder::Folder;
use weir_tests::guests::guest;
use weir_tests::weir::run;

use crate::sample::{entry, head, marking};

fn nowhere() -> std::net::SocketAddr {
    std::net::SocketAddr::from(([127, 0, 0, 1], 9))
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_right_one() {
    let folder = Folder::new();
    folder.put("weir.toml", "[gateway]\nlisten = \"127.0.0.1:0\"\nchain_timeout = 250\n");
    for command in ["check", "serve"] {
        let ended = run(&[command], folder.path());
        let said = ended.stdout + &ended.stderr;
        assert_eq!(ended.status.code(), Some(1), "{command}: {said}");
        for part in ["weir.toml:3:1", "chain_timeout", "did you mean", "chain_timeout_ms"] {
            assert!(said.contains(part), "{command} does not say {part:?}: {said}");
        }
    }
}

#[test]
fn everything_that_is_wrong_comes_together_and_nothing_binds() {
    // Held by this test: whoever tries to bind it before all is valid fails with another message.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let folder = Folder::new();
    let settings = head(nowhere()).replace("[gateway]\n", &format!("[gateway]\nlisten = \"{taken}\"\n"));
    let entries = ["mark.wasm", "truncated.wasm", "unknown-import.wasm", "empty-name.wasm"].map(entry);
    let wider = "overrides = { hooks = [{ events = [\"*\"], phase = \"response\" }] }\n";
    folder.put("weir.toml", settings + &entries.concat() + &entry("narrow.wasm") + wider);
    folder.put("mark.wasm", marking("mark", "/marked", true));
    folder.put("truncated.wasm", &guest("allow-all").bytes[..20_000]);
    folder.put("unknown-import.wasm", guest("unknown-import").bytes);
    folder.put("empty-name.wasm", guest("empty-name").bytes);
    let hooks = serde_json::json!([{ "events": ["tools/call"], "phase": "request" }]);
    let narrow =
        serde_json::json!({ "name": "narrow", "kind": "validation", "hooks": hooks, "behaviour": { "valid": true } });
    folder.put("narrow.wasm", weir_tests::guests::scripted(&narrow).bytes);

    let ended = run(&["serve"], folder.path());
    let said = ended.stdout.clone() + &ended.stderr;
    assert_eq!(ended.status.code(), Some(1), "{said}");
    for part in [
        "truncated.wasm",
        "not a valid component",
        "unknown-import.wasm",
        "weir-test:unknown/thing@1.0.0",
        "empty-name.wasm",
        "the name is empty",
        "narrow",
        "may only narrow",
    ] {
        assert!(said.contains(part), "{part:?} is not said: {said}");
    }
    assert!(!ended.stdout.contains("weir ready") && !said.contains("cannot listen"), "{said}");
}

#[test]
fn a_component_that_is_not_there_is_named_with_those_that_are() {
    let folder = Folder::new();
    folder.put("weir.toml", head(nowhere()) + &entry("mark.wasm") + &entry("marc.wasm"));
    folder.put("mark.wasm", marking("mark", "/marked", true));
    let ended = run(&["serve"], folder.path());
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    for part in ["weir.toml:", "no component \"marc.wasm\"", "mark.wasm"] {
        assert!(ended.stderr.contains(part), "{part:?} is not said: {}", ended.stderr);
    }
}

#[test]
fn a_taken_address_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new();
    folder.put("weir.toml", head(nowhere()));
    let ended = run(&["serve", "--admin-listen", "127.0.0.1:0", "--listen", &address], folder.path());
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains(&address) && ended.stderr.contains("--listen 127.0.0.1:0"), "{}", ended.stderr);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = Folder::new();
    let missing = folder.path().join("nothing-here");
    for command in ["serve", "check"] {
        let ended = run(&[command], &missing);
        assert_eq!(ended.status.code(), Some(1), "{command}");
        let said = ended.stdout + &ended.stderr;
        assert!(said.contains("nothing-here"), "{command}: {said}");
    }
}
