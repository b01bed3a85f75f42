//! Whose a session is, where the route knows principals.

use http::{Request, Response};
use serde_json::{Value, json};
use weir_core::PrincipalKind;
use weir_gateway::{PrincipalSource, Protocol};

use crate::support::mcp::{BOTH, Client, SESSIONS, Script, result};
use crate::support::{Answer, Policy, Route, Running, full, respond, route, send, start, validator};

const WHO: &str = "x-forwarded-user";

async fn gateway(script: &Script, policies: Vec<Policy>) -> Running {
    let principal = Some(PrincipalSource { header: WHO.parse().unwrap(), kind: PrincipalKind::User });
    start(vec![Route { principal, ..route(Protocol::Mcp, script.upstream.address, policies) }]).await
}

fn by(who: Option<&str>, mut request: Request<String>) -> Request<String> {
    if let Some(who) = who {
        request.headers_mut().insert(WHO, who.parse().unwrap());
    }
    request
}

/// What a caller sends in a session.
fn requests(client: &Client) -> [Request<String>; 6] {
    let in_session = |method: &str| {
        let request = Request::builder().method(method).uri("/r").header("mcp-session-id", &client.session);
        request.header("accept", "text/event-stream").body(String::new()).unwrap()
    };
    [
        client.post(&client.request(1, "tools/list", json!({}))),
        client.post(&client.request(2, "initialize", json!({}))),
        client.post(&json!({"jsonrpc": "2.0", "method": "notifications/x"})),
        client.post(&json!({"jsonrpc": "2.0", "id": 3, "result": {}})),
        in_session("GET"),
        in_session("DELETE"),
    ]
}

async fn passes(script: &Script, gateway: &Running, request: Request<String>, answer: Value) {
    let address = gateway.address;
    let sending = tokio::spawn(async move { send(address, request).await });
    script.next().await.answer(answer.to_string());
    assert_eq!(sending.await.unwrap().status, 200);
}

fn assert_no_session(answer: &Answer, about: &str) {
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (404, &json!(-32600)), "{about}");
}

#[tokio::test]
async fn a_session_is_of_whoever_began_it() {
    for policies in [vec![], vec![validator("*", BOTH, |_| None)]] {
        let script = Script::start().await;
        let gateway = gateway(&script, policies).await;
        let client = Client::new(gateway.address, SESSIONS[1]);
        let mut hello = by(Some("ada"), client.post(&client.request(0, "initialize", json!({}))));
        hello.headers_mut().remove("mcp-session-id");
        let greeting = tokio::spawn(send(gateway.address, hello));
        let mut reply = respond("application/json", result(0, json!({"protocolVersion": SESSIONS[1]})));
        reply.headers_mut().insert("mcp-session-id", client.session.parse().unwrap());
        script.next().await.respond(reply);
        assert_eq!(greeting.await.unwrap().headers["mcp-session-id"], client.session.as_str());

        for who in [Some("eve"), None] {
            for request in requests(&client) {
                let about = format!("{who:?} {} {}", request.method(), request.body());
                assert_no_session(&send(gateway.address, by(who, request)).await, &about);
            }
        }
        script.hears_nothing().await;
        let list = || by(Some("ada"), client.post(&client.request(1, "tools/list", json!({}))));
        passes(&script, &gateway, list(), json!({"jsonrpc": "2.0", "id": 1, "result": {}})).await;

        // When it has ended the id means nothing any more.
        let end = Request::delete("/r").header("mcp-session-id", &client.session).body(String::new()).unwrap();
        let ending = tokio::spawn(send(gateway.address, by(Some("ada"), end)));
        script.next().await.respond(Response::builder().status(204).body(full("")).unwrap());
        assert_eq!(ending.await.unwrap().status, 204);
        let asking = tokio::spawn(send(
            gateway.address,
            by(Some("eve"), client.post(&client.request(1, "tools/list", json!({})))),
        ));
        script.next().await.respond(Response::builder().status(404).body(full("")).unwrap());
        assert_eq!(asking.await.unwrap().status, 404);
    }
}

/// A session that began before the gateway did is of the first for whom its server knows it.
#[tokio::test]
async fn a_session_that_was_there_before_is_of_the_first_whom_its_server_answers() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![]).await;
    let client = Client::new(gateway.address, SESSIONS[0]);
    let list = |who| by(Some(who), client.post(&client.request(1, "tools/list", json!({}))));
    let refused = tokio::spawn(send(gateway.address, list("eve")));
    script.next().await.respond(Response::builder().status(403).body(full("")).unwrap());
    assert_eq!(refused.await.unwrap().status, 403);
    passes(&script, &gateway, list("ada"), json!({"jsonrpc": "2.0", "id": 1, "result": {}})).await;
    assert_no_session(&send(gateway.address, list("eve")).await, "eve");
    passes(&script, &gateway, list("ada"), json!({"jsonrpc": "2.0", "id": 1, "result": {}})).await;
}
