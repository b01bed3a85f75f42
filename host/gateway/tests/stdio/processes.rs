//! How processes begin, fail, are counted and end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use weir_gateway::GatewayOptions;
use weir_gateway::surface::mcp::{Command, Sharing};

use super::client::{Session, call, initialize, post, text};
use super::{Shared, command, gateway, is_there, leading_to, replace, server, until};
use crate::support::{Route, Running, send, start, start_with};

#[tokio::test]
async fn a_process_gets_what_its_route_says_and_little_else() {
    let folder = std::env::temp_dir().canonicalize().unwrap();
    let mut command = command(Sharing::PerSession);
    command.environment.insert("GIVEN".to_owned(), "by the route".to_owned());
    command.directory = Some(folder.clone());
    let gateway = start(vec![leading_to(command, vec![])]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let variable = async |name: &str| text(&session.call("variable", json!({"name": name})).await).to_owned();
    assert_eq!(variable("GIVEN").await, "by the route");
    assert_eq!(variable("PATH").await, std::env::var("PATH").unwrap());
    // Cargo sets it for this process.
    assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
    assert_eq!(variable("CARGO_MANIFEST_DIR").await, "(none)");
    assert_eq!(text(&session.call("directory", json!({})).await), folder.display().to_string());
}

#[tokio::test]
async fn a_process_that_ends_answers_what_it_was_asked_and_begins_again_after_a_pause() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let mut session = Session::begin(gateway.address, "2025-06-18").await;
    let mut refused = 0;
    for _ in 0..2 {
        let mut slow = session.open(&call("slow", "slow", json!({"steps": 1000, "ms": 10}))).await;
        let answer = session.ask(&call("crash", "crash", json!({}))).await;
        for (answer, id) in [(answer, "crash"), (slow.message().await, "slow")] {
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32603)), "{answer}");
        }
        assert_eq!(slow.next().await, None);
        let answer = send(gateway.address, session.post(&call(1, "pid", json!({})))).await;
        assert_eq!(answer.status, 404, "{}", answer.text());
        // The next session has to wait once it is known how the process ended.
        let before;
        (session, before) = begin_again(&gateway).await;
        refused += before;
    }
    assert!(refused > 0);
    assert_eq!(text(&session.call("count", json!({})).await), "1");
}

#[tokio::test]
async fn nothing_of_a_process_is_left() {
    let gateway = gateway(Sharing::PerSession, vec![]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let pid = session.pid().await;
    // What it started itself ends with it, also where it ends by itself.
    let child: u32 = text(&session.call("child", json!({})).await).parse().unwrap();
    assert!(is_there(child));
    session.call("crash", json!({})).await;
    until("the process is reaped and its child is gone", || !is_there(pid) && !is_running(child)).await;
    drop(session);

    let (session, _) = begin_again(&gateway).await;
    let pid = session.pid().await;
    let child: u32 = text(&session.call("child", json!({})).await).parse().unwrap();
    session.end().await;
    until("the same in order", || !is_there(pid) && !is_running(child)).await;
}

/// Begins a session as soon as a process may be started again; says how often that was refused before.
async fn begin_again(gateway: &Running) -> (Session, u32) {
    for refused in 0..1000 {
        let answer = send(gateway.address, post(None, None, &initialize("2025-06-18"))).await;
        if answer.status == 200 {
            return (Session::of(gateway.address, "2025-06-18", answer).await, refused);
        }
        assert_eq!(answer.status, 503);
        // It is told for how long it has to wait, where that is known.
        let wait = answer.json()["error"]["data"]["retryAfterMs"].as_u64().unwrap_or(10);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    panic!("no process was started again");
}

/// A child of a process that is gone belongs to somebody else, who may not have reaped it yet.
fn is_running(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn who_does_not_end_is_made_to() {
    let stubborn = Command { arguments: vec!["--stubborn".to_owned()], ..command(Sharing::PerSession) };
    // Neither the end of its input nor SIGTERM ends this one.
    let script = format!("trap '' TERM; '{}' --stubborn; sleep 600", server());
    let deaf = Command { arguments: vec!["-c".to_owned(), script], ..Command::new("sh") };
    futures_util::future::join_all([stubborn, deaf].map(async |command| {
        let gateway = start(vec![leading_to(command, vec![])]).await;
        let session = Session::begin(gateway.address, "2025-06-18").await;
        let pid = session.pid().await;
        assert_eq!(session.end().await.status, 204);
        assert!(is_there(pid));
        until("it is gone", || !is_there(pid) && !is_running(pid)).await;
    }))
    .await;
}

#[tokio::test]
async fn processes_are_counted() {
    let command = Command { max_processes: 2, ..command(Sharing::PerSession) };
    let gateway = start(vec![leading_to(command, vec![])]).await;
    let one = Session::begin(gateway.address, "2025-06-18").await;
    let _two = Session::begin(gateway.address, "2025-06-18").await;
    let refused = send(gateway.address, post(None, None, &initialize("2025-06-18"))).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["id"]), (503, &json!("init")));
    gateway.telemetry.wait_for("exchange r POST 503 urn:weir:upstream-unreachable").await;
    let pid = one.pid().await;
    one.end().await;
    until("the first has ended", || !is_there(pid)).await;
    begin_again(&gateway).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_said_to_be_unavailable() {
    let gateway = start(vec![leading_to(Command::new("/no/such/program"), vec![])]).await;
    let answer = send(gateway.address, post(None, None, &initialize("2025-06-18"))).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.text().contains("no/such"), "{}", answer.text());
}

#[tokio::test]
async fn lines_that_are_no_messages_are_dropped_and_long_ones_answered() {
    let route = Route { max_body: 20_000, ..leading_to(command(Sharing::PerSession), vec![]) };
    let gateway = start(vec![route]).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    assert_eq!(session.open(&call(1, "noise", json!({}))).await.messages().await.len(), 1);
    let large = session.ask(&call("large", "large", json!({"bytes": 10_000_000}))).await;
    assert_eq!((&large["id"], &large["error"]["code"]), (&json!("large"), &json!(-32603)));
    assert_eq!(text(&session.call("large", json!({"bytes": 50_000})).await).len(), 50_000);
    let body = call(1, "echo", json!({"text": "x".repeat(30_000)}));
    assert_eq!(send(gateway.address, session.post(&body)).await.status, 413);
    // A message that is written over several lines arrives in one.
    let mut request = session.post(&json!({}));
    *request.body_mut() = serde_json::to_string_pretty(&call(1, "echo", json!({"text": "a\nb"}))).unwrap();
    let answer = send(gateway.address, request).await;
    assert!(answer.text().contains("a\\nb"), "{}", answer.text());
}

#[tokio::test]
async fn processes_end_with_the_gateway_and_with_their_route() {
    let options = GatewayOptions { drain_timeout: Duration::from_secs(20), ..GatewayOptions::default() };
    let mut gateway = start_with(vec![leading_to(command(Sharing::PerSession), vec![])], options).await;
    let session = Session::begin(gateway.address, "2025-06-18").await;
    let pid = session.pid().await;
    // The same command with another chain: sessions go on.
    replace(&gateway, 2, leading_to(command(Sharing::PerSession), vec![crate::support::deny_if("*", &[], "")]));
    assert_eq!(session.pid().await, pid);
    let changed = Command { environment: [("A".to_owned(), "b".to_owned())].into(), ..command(Sharing::PerSession) };
    replace(&gateway, 3, leading_to(changed, vec![]));
    until("the process of the route before has ended", || !is_there(pid)).await;
    assert_eq!(send(gateway.address, session.post(&call(1, "pid", json!({})))).await.status, 404);

    let session = Session::begin(gateway.address, "2025-06-18").await;
    let pid = session.pid().await;
    let mut listening = session.listen(None).await;
    let working = session.open(&call(9, "slow", json!({"steps": 20, "ms": 20}))).await;
    let drained = gateway.stop();
    // Who only listens does not hold it up; what is worked on is finished.
    let working = tokio::spawn(async move {
        let mut working = working;
        working.messages().await
    });
    assert_eq!(listening.next().await, None);
    assert_eq!(text(&working.await.unwrap()[0]), "20 steps ");
    drop(listening);
    assert_eq!(drained.await.unwrap(), weir_gateway::Drained::Finished);
    assert!(!is_there(pid));
}

#[tokio::test]
async fn many_sessions_at_one_time_lose_and_mix_up_nothing() {
    for (sharing, sessions) in [(Sharing::PerSession, 40), (Sharing::Shared, 200)] {
        let gateway = gateway(sharing, vec![]).await;
        let wrong: Shared<Vec<String>> = Arc::default();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..sessions {
            let (address, wrong) = (gateway.address, Arc::clone(&wrong));
            tasks.spawn(async move {
                let session = Session::begin(address, "2025-11-25").await;
                let mut open = Vec::new();
                for id in 0..4 {
                    let name = format!("{number}/{id}");
                    let mut message = call(id, "slow", json!({"steps": 10, "ms": 5, "text": name}));
                    message["params"]["_meta"] = json!({"progressToken": id});
                    open.push((id, name, session.open(&message).await));
                }
                for (id, name, mut events) in open {
                    let messages = events.messages().await;
                    let progress: Vec<_> = messages
                        .iter()
                        .filter(|message| message["params"]["progressToken"] == id)
                        .filter_map(|message| message["params"]["progress"].as_i64())
                        .collect();
                    let right = progress == (1..=10).collect::<Vec<_>>()
                        && messages.len() == 11
                        && messages[10]["id"] == id
                        && text(&messages[10]) == format!("10 steps {name}");
                    if !right {
                        wrong.lock().unwrap().push(format!("{name}: {messages:?}"));
                    }
                }
                session.end().await;
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        assert_eq!(*wrong.lock().unwrap(), Vec::<String>::new());
    }
}
