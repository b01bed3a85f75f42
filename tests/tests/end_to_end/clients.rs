//! Clients of other makers against `weir demo`: curl, and the MCP client of PyPI.

use std::process::Command;

use serde_json::Value;
use weir_tests::python::python;
use weir_tests::skip::skip;
use weir_tests::weir::Weir;

use crate::sample::shipped;

/// The commands that `weir demo` prints for a newcomer, run as they stand.
#[test]
fn the_commands_that_the_demo_prints_show_what_they_promise() {
    if !curl_is_there() {
        return;
    }
    let folder = shipped();
    let weir = Weir::demo(folder.path());
    weir.wait_until("the welcome is printed", |weir| weir.printed().contains("/v1/policies"));
    let answers: Vec<String> = commands(&weir.printed()).iter().map(|command| shell(command)).collect();
    let [destructive, token, people, plain, ..] = &answers[..] else { panic!("{answers:?}") };

    let denied: Value = serde_json::from_str(destructive).unwrap();
    assert_eq!(denied["error"]["code"], -32602, "{denied}");
    assert_eq!(denied["error"]["data"]["validationErrors"][0]["interceptor"], "shell-guard", "{denied}");

    assert!(token.contains("[REDACTED:github_pat]") && !token.contains("ghp_"), "{token}");
    assert!(people.contains("Ingrid Solberg") && people.contains("[REDACTED:email]"), "{people}");
    assert!(!people.contains('@'), "{people}");

    let refused: Value = serde_json::from_str(plain).unwrap();
    assert_eq!((&refused["type"], &refused["interceptor"]), (&"urn:weir:denied".into(), &"secret-scan".into()));
    assert!(!plain.contains("ghp_"), "the secret itself must not be repeated: {plain}");

    // Audited: every call that was made, denied or not, is in the log with its reference and without its payload.
    let reference = refused["callRef"].as_str().unwrap();
    weir.wait_until("the audit log tells of the denied call", |weir| {
        weir.log().lines().any(|line| line.contains("audit-log") && line.contains(reference))
    });
    let log = weir.log();
    assert!(
        log.contains("\"tool\":\"read_file\"") && !log.contains("ghp_") && !log.contains("--no-preserve-root\""),
        "{log}"
    );

    for (series, least) in [
        ("weir_policy_effects_total{policy=\"shell-guard\",effect=\"block\"}", 1.0),
        ("weir_policy_effects_total{policy=\"secret-scan\",effect=\"block\"}", 1.0),
        ("weir_policy_effects_total{policy=\"secret-redact\",effect=\"apply\"}", 1.0),
        ("weir_policy_effects_total{policy=\"pii-redact\",effect=\"apply\"}", 1.0),
        ("weir_policy_calls_total{policy=\"audit-log\"}", 4.0),
    ] {
        let value = weir.metric(series);
        assert!(value.is_some_and(|value| value >= least), "{series} is {value:?}, not at least {least}");
    }
}

#[test]
fn http_2_is_spoken_too() {
    if !curl_is_there() {
        return;
    }
    let folder = shipped();
    let weir = Weir::demo(folder.path());
    let url = format!("http://{}/http/anything?x=1", weir.gateway);
    let answer =
        shell(&format!("curl -s --http2-prior-knowledge -w '\\n%{{http_version}} %{{http_code}}' '{url}' -d hello"));
    assert!(answer.ends_with("\n2 200") && answer.contains("hello"), "{answer}");
    let denied = shell(&format!(
        "curl -s --http2-prior-knowledge -w '\\n%{{http_version}} %{{http_code}}' '{url}' \
                                 -d 'token=ghp_x7Kq2mVd9RtB4nWc8ZsY1pLf6HgJ3uEa5TQo'"
    ));
    assert!(denied.ends_with("\n2 403") && denied.contains("urn:weir:denied"), "{denied}");
}

#[test]
fn the_public_mcp_client_works_through_the_gateway() {
    let Some(python) = python() else { return };
    let folder = shipped();
    let weir = Weir::demo(folder.path());
    let output = python.run("mcp_client.py", &[&format!("http://{}/mcp", weir.gateway)]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}\n{}", String::from_utf8_lossy(&output.stderr), weir.log());
    let report: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"));

    assert!(report["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool == "query_sql")), "{report}");
    let redacted = report["redacted"]["text"].as_str().unwrap();
    assert!(redacted.contains("[REDACTED:github_pat]") && !redacted.contains("ghp_"), "{report}");
    let people = report["people"]["text"].as_str().unwrap();
    assert!(people.contains("[REDACTED:email]") && !people.contains('@'), "{report}");
    // A refusal is an error of this one call; the session goes on.
    assert_eq!(report["denied"]["error"], "Interceptor validation failed", "{report}");
    assert!(report["after"]["text"].as_str().is_some_and(|text| text.contains("Ingrid Solberg")), "{report}");
}

/// The commands in a text: lines that start with `curl`, each with the lines that it goes on in.
fn commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines().map(str::trim) {
        if goes_on {
            commands.last_mut().unwrap().push_str(line.trim_end_matches('\\'));
        } else if line.starts_with("curl ") {
            commands.push(line.trim_end_matches('\\').to_owned());
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

fn curl_is_there() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        skip("there is no curl", "install curl from your system's packages");
    }
    there
}

fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
