//! The headers that say what a message of the stateless revision says: checked, learned, written anew.

use serde_json::{Value, json};

use crate::support::mcp::{BOTH, Client, Heard, REQUEST, STATELESS, Script, gateway, result, tools};
use crate::support::{mutator, respond, send, validator};

/// Sends a POST whose headers are set (or, without a value, removed) and waits for what becomes of it: `None` if it
/// reached the server, else the status and the code.
async fn outcome(
    script: &Script,
    client: &Client,
    message: &Value,
    headers: &[(&str, Option<&str>)],
) -> Option<(u16, i64)> {
    let mut request = client.post(message);
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        match value {
            Some(value) => request.headers_mut().insert(name, value.parse().unwrap()),
            None => request.headers_mut().remove(name),
        };
    }
    let address = client.address;
    let mut sending = tokio::spawn(async move { send(address, request).await });
    tokio::select! {
        answer = &mut sending => {
            let answer = answer.unwrap();
            let said = answer.json();
            assert_eq!(said["id"], message["id"], "{said}");
            return Some((answer.status.as_u16(), said["error"]["code"].as_i64().unwrap()));
        }
        heard = script.next() => {
            assert_eq!(heard.body, message.to_string());
            heard.answer(result(message["id"].clone(), json!({})));
        }
    }
    sending.await.unwrap();
    None
}

#[tokio::test]
async fn headers_must_say_what_the_message_says() {
    let script = Script::start().await;
    let gateway = gateway(&script, vec![]).await;
    let client = Client::stateless(&gateway);
    let call = client.request(1, "tools/call", json!({"name": "héllo", "arguments": {}}));
    let read = client.request("r", "resources/read", json!({"uri": "file:///a b"}));
    let list = client.request(2, "tools/list", json!({}));
    let nameless = client.request(3, "prompts/get", json!({}));
    let task = client.request(6, "tasks/get", json!({"taskId": "t"}));
    let bare = json!({"jsonrpc": "2.0", "id": 4, "method": "tools/list", "params": {}});
    let mut future = client.request(5, "tools/list", json!({}));
    future["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2027-01-01");
    const MISMATCH: Option<(u16, i64)> = Some((400, -32020));
    let encoded = ("mcp-name", Some("=?base64?aMOpbGxv?="));
    for (message, headers, expected) in [
        (&call, &[encoded][..], None),
        (&call, &[("mcp-name", Some("\t =?base64?aMOpbGxv?=  "))], None),
        (&call, &[("mcp-name", Some("=?BASE64?aMOpbGxv?="))], MISMATCH),
        (&call, &[("mcp-name", Some("=?base64?aMOpbGx?="))], MISMATCH),
        (&call, &[("mcp-name", Some("hello"))], MISMATCH),
        (&call, &[("mcp-name", None)], MISMATCH),
        (&call, &[encoded, ("mcp-method", Some("tools/list"))], MISMATCH),
        (&call, &[encoded, ("mcp-method", Some("TOOLS/CALL"))], MISMATCH),
        (&call, &[encoded, ("mcp-method", None)], MISMATCH),
        (&call, &[encoded, ("mcp-protocol-version", None)], MISMATCH),
        (&call, &[encoded, ("mcp-protocol-version", Some("2025-11-25"))], MISMATCH),
        (&call, &[encoded, ("mcp-param-unknown", Some("x"))], None),
        (&read, &[], None),
        (&read, &[("mcp-name", Some("file:///other"))], MISMATCH),
        (&list, &[], None),
        (&list, &[("mcp-name", Some("whatever"))], None),
        (&nameless, &[], None),
        (&nameless, &[("mcp-name", Some("x"))], MISMATCH),
        (&task, &[], None),
        (&task, &[("mcp-name", Some("t"))], None),
        (&task, &[("mcp-name", Some("u"))], MISMATCH),
        (&bare, &[], Some((400, -32602))),
        (&future, &[("mcp-protocol-version", Some("2027-01-01"))], Some((400, -32022))),
        (&future, &[], MISMATCH),
    ] {
        assert_eq!(outcome(&script, &client, message, headers).await, expected, "{message} {headers:?}");
    }
    let mut request = client.post(&future);
    request.headers_mut().insert("mcp-protocol-version", "2027-01-01".parse().unwrap());
    let said = send(gateway.address, request).await.json();
    assert_eq!(said["error"]["data"], json!({"supported": [STATELESS], "requested": "2027-01-01"}));
}

/// Which arguments are mirrored is learned from every list that passes, whatever policies there are and however it
/// comes.
#[tokio::test]
async fn mirrored_arguments_are_learned_and_checked() {
    for (policies, streams) in [(false, false), (false, true), (true, false), (true, true)] {
        let script = Script::start().await;
        let allow = || validator("tools/call", BOTH, |_| None);
        let gateway = gateway(&script, if policies { vec![allow()] } else { vec![] }).await;
        let client = Client::stateless(&gateway);
        let call = |arguments: Value| client.request(1, "tools/call", json!({"name": "sql", "arguments": arguments}));
        let full = call(json!({"region": "über", "limit": {"rows": 42}}));
        let region = ("mcp-param-region", Some("=?base64?w7xiZXI=?="));
        assert_eq!(outcome(&script, &client, &full, &[]).await, None, "nothing is known yet");

        let list = client.request(2, "tools/list", json!({}));
        let listed = client.send(&list);
        let heard = script.next().await;
        let answer = result(2, tools());
        if streams {
            heard.respond(respond("text/event-stream", format!(": x\n\ndata: {answer}\n\n")));
        } else {
            heard.answer(answer.clone());
        }
        assert!(listed.await.unwrap().text().contains(&answer));

        const MISMATCH: Option<(u16, i64)> = Some((400, -32020));
        for (message, headers, expected) in [
            (&full, &[region, ("Mcp-Param-ROWS", Some("42.0"))][..], None),
            (&full, &[region], MISMATCH),
            (&full, &[region, ("mcp-param-rows", Some("43"))], MISMATCH),
            (&full, &[region, ("mcp-param-rows", Some("x"))], MISMATCH),
            (&full, &[("mcp-param-region", Some("uber")), ("mcp-param-rows", Some("42"))], MISMATCH),
            (&call(json!({"region": null})), &[], None),
            (&call(json!({})), &[], None),
        ] {
            let got = outcome(&script, &client, message, headers).await;
            assert_eq!(got, expected, "{policies} {streams} {message} {headers:?}");
        }
    }
}

fn assert_headers(heard: &Heard, expected: &[(&str, Option<&str>)]) {
    for (name, value) in expected {
        assert_eq!(heard.header(name), *value, "{name}: {:?}", heard.headers);
    }
}

#[tokio::test]
async fn headers_follow_what_a_policy_changed() {
    let script = Script::start().await;
    let change = mutator("*", REQUEST, |params| {
        Some(params.replace("secret", "geändert").replace("\"rows\":1", "\"rows\":2").replace("file:///a", "file:///b"))
    });
    let gateway = gateway(&script, vec![change]).await;
    let client = Client::stateless(&gateway);
    let read = client.request(1, "resources/read", json!({"uri": "file:///a"}));
    let reading = client.send(&read);
    let heard = script.next().await;
    assert_headers(&heard, &[("mcp-name", Some("file:///b")), ("mcp-method", Some("resources/read"))]);
    heard.answer(result(1, json!({})));
    reading.await.unwrap();

    let params = json!({"name": "sql", "arguments": {"region": "secret", "limit": {"rows": 1}}});
    let call = client.request(1, "tools/call", params);
    let request = || {
        let mut request = client.post(&call);
        request.headers_mut().insert("mcp-param-region", "secret".parse().unwrap());
        request.headers_mut().insert("mcp-param-rows", "1".parse().unwrap());
        request.headers_mut().insert("mcp-param-other", "kept".parse().unwrap());
        request
    };
    let address = gateway.address;
    // The server that does not say what is mirrored gets nothing that may be wrong.
    let calling = tokio::spawn(send(address, request()));
    let heard = script.next().await;
    assert_headers(&heard, &[("mcp-method", Some("tools/list")), ("mcp-name", None), ("mcp-param-region", None)]);
    heard.answer(r#"{"jsonrpc":"2.0","id":"x","error":{"code":-32601,"message":"no"}}"#);
    let heard = script.next().await;
    assert_headers(&heard, &[("mcp-name", Some("sql")), ("mcp-param-region", None), ("mcp-param-rows", None)]);
    heard.answer(result(1, json!({})));
    calling.await.unwrap();

    // The tool is on the second page.
    let calling = tokio::spawn(send(address, request()));
    let heard = script.next().await;
    assert_eq!(heard.json()["params"]["_meta"], call["params"]["_meta"]);
    heard.answer(result("x", json!({"tools": [], "nextCursor": "p\"2"})));
    let heard = script.next().await;
    assert_eq!(heard.json()["params"]["cursor"], "p\"2");
    heard.respond(respond("text/event-stream", format!("data: {}\n\n", result("x", tools()))));
    // Once it is known, nobody is asked again.
    for calling in [calling, tokio::spawn(send(address, request()))] {
        let heard = script.next().await;
        assert_eq!(heard.json()["params"]["arguments"], json!({"region": "geändert", "limit": {"rows": 2}}));
        let region = Some("=?base64?Z2XDpG5kZXJ0?=");
        assert_headers(&heard, &[("mcp-param-region", region), ("mcp-param-rows", Some("2"))]);
        assert_headers(&heard, &[("mcp-param-other", Some("kept")), ("mcp-name", Some("sql"))]);
        heard.answer(result(1, json!({})));
        assert_eq!(calling.await.unwrap().status, 200);
    }
}
