//! A surface that the gateway does not know, over real sockets: policies, rows, reports and refusals are the same for it
//! as for those that come with the gateway.

mod ports;
mod shout;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use weir_core::{Chain, ChainOptions, Change, Entry, Kind, Mutation, Outcome, Phase, Validation};
use weir_gateway::surface::Surface;
use weir_gateway::{Gateway, GatewayOptions, OnDeny, PassAuthorization, Route, RouteOptions, Routes, RunningSet};
use weir_tests::http::{Connection, Message, Upstream};

use ports::{Ports, policy};
use shout::Shout;

/// A gateway with one route of this protocol. It ends with its runtime.
struct Shouting {
    address: SocketAddr,
    ports: Arc<Ports>,
    _runtime: Runtime,
}

impl Shouting {
    /// In front of a server that says what it was told.
    fn before(upstream: &Upstream, policies: Vec<Entry>) -> Self {
        let route = Route {
            name: "loud".to_owned(),
            path: "/loud".to_owned(),
            surface: Arc::new(Shout),
            upstream: Some(format!("http://{}/up", upstream.address).parse().unwrap()),
            server: "ears".to_owned(),
            chain: Arc::new(Chain::new(policies, ChainOptions::default()).unwrap()),
            options: RouteOptions {
                chain_timeout: Duration::from_secs(5),
                max_body: 1024,
                on_deny: OnDeny::Error,
                authorization: PassAuthorization::Drop,
                principal: None,
            },
        };
        let set = RunningSet { epoch: 1, routes: Routes::new(vec![route]).unwrap(), endpoints: Vec::new() };
        let ports = Arc::new(Ports::default());
        let gateway =
            Gateway::recording(GatewayOptions::default(), Arc::clone(&ports) as _, Arc::clone(&ports) as _, set);
        let runtime = Runtime::new().unwrap();
        let listener = {
            let _inside = runtime.enter();
            weir_http::listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
        };
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { gateway.serve(listener, std::future::pending()).await });
        Self { address, ports, _runtime: runtime }
    }

    fn send(&self, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Message {
        Connection::open(self.address).unwrap().send(method, "/loud/ears", headers, body).unwrap()
    }
}

/// A server that says where and what it was told.
fn ears() -> Upstream {
    Upstream::start(|request| Message {
        start: "HTTP/1.1 200 OK".to_owned(),
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: format!("{} heard {}", request.start, request.text()).into_bytes(),
    })
}

/// A policy that denies a word, and one that takes out another.
fn policies() -> Vec<Entry> {
    let deny = policy("deny", Kind::Validation, |text| {
        Outcome::Validation(Validation { valid: !text.contains("BOMB"), ..Validation::default() })
    });
    let change = policy("change", Kind::Mutation, |text| {
        let change = Change::Replace(text.replace("SECRET", "***"));
        Outcome::Mutation(Mutation { change, info: None })
    });
    vec![deny, change]
}

#[test]
fn policies_see_change_and_deny_the_event() {
    let gateway = Shouting::before(&ears(), policies());
    for (said, status, heard) in
        [("hello", 200, "POST /UP/EARS HTTP/1.1 HEARD HELLO"), ("a secret", 200, "POST /UP/EARS HTTP/1.1 HEARD A ***")]
    {
        let answer = gateway.send("POST", &[], said.as_bytes());
        assert_eq!((answer.status(), answer.text().as_str()), (status, heard));
        assert!(answer.header("weir-call-ref").is_some(), "{answer:?}");
    }
    let denied = gateway.send("POST", &[], b"a bomb");
    assert_eq!((denied.status(), denied.header("content-type")), (403, Some("application/problem+json")));
    assert_eq!((&denied.value()["type"], &denied.value()["interceptor"]), (&"urn:weir:denied".into(), &"deny".into()));
    gateway.ports.wait_for(&[
        "exchange loud shout POST 200 -",
        "chain loud shout/text request success",
        "exchange loud shout POST 403 urn:weir:denied",
    ]);
}

#[test]
fn what_the_surface_refuses_is_a_problem() {
    let gateway = Shouting::before(&ears(), Vec::new());
    let long = "a".repeat(2000);
    for (method, body, status, kind) in [
        ("PUT", &b"text"[..], 405, "urn:weir:method-not-allowed"),
        ("POST", b"\xff", 400, "urn:weir:bad-request"),
        ("POST", long.as_bytes(), 413, "urn:weir:body-too-large"),
    ] {
        let answer = gateway.send(method, &[], body);
        assert_eq!((answer.status(), answer.header("content-type")), (status, Some("application/problem+json")));
        assert_eq!(answer.value()["type"], kind);
        gateway.ports.wait_for(&[&format!("exchange loud shout {method} {status} {kind}")]);
    }
}

#[test]
fn a_call_inside_a_context_makes_a_row() {
    let upstream = ears();
    let gateway = Shouting::before(&upstream, policies());
    gateway.send("POST", &[], b"nobody's");
    let inside = [("weir-agent-id", "ada"), ("weir-action-name", "calls")];
    let answer = gateway.send("POST", &inside, b"my secret");
    let rows = gateway.ports.rows(1);
    let row = &rows[0];
    assert_eq!(Some(row.call_ref.as_str()), answer.header("weir-call-ref"));
    assert_eq!((row.agent_id.as_deref(), row.action_name.as_deref()), (Some("ada"), Some("calls")));
    assert_eq!((&*row.source_url, &*row.method), (&*format!("http://{}/up/ears", upstream.address), "POST"));
    // What went out, after policies; what came back, before the surface.
    assert!(row.request_payload.contains("MY ***"), "{row:?}");
    assert!(row.raw_response.contains("heard MY ***"), "{row:?}");
    assert!(row.decisions.contains("shout/text"), "{row:?}");
    assert_eq!(gateway.send("POST", &inside, b"my bomb").status(), 403);
    assert!(gateway.ports.rows(2)[1].status.contains("denied"), "{:?}", gateway.ports.rows(2));
}

#[test]
fn it_says_what_it_emits() {
    for (pattern, phase, expected) in [
        ("shout/text", Phase::Request, true),
        ("shout/*", Phase::Request, true),
        ("*", Phase::Request, true),
        ("shout/text", Phase::Response, false),
        ("tools/call", Phase::Request, false),
    ] {
        assert_eq!(Shout.emits(pattern, phase), expected, "{pattern} {phase}");
    }
}
