//! What the admin surface answers, and to whom.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use weir_admin::{
    AdminSource, ChainRequest, ChainRequestError, ChainResponse, Policy, PolicyList, PolicyLoad, PolicyStats,
    RecordSource, Reload, RouteList,
};
use weir_core::chain::ChainError;
use weir_core::{Chain, Event, Phase};
use weir_gateway::contexts::Contexts;
use weir_gateway::surface::mcp::Mcp;
use weir_gateway::{Protocol, Routes};
use weir_mcp::interceptors::Settings;

use crate::support::{Answer, chain, deny_if, get, mutator, post, route, send};

/// An admin surface over one route with two policies.
struct Source {
    routes: Routes,
    contexts: Arc<Contexts>,
}

#[async_trait::async_trait]
impl AdminSource for Source {
    fn ready(&self) -> Result<(), String> {
        Err("policy guard is still being compiled".to_owned())
    }
    fn metrics(&self) -> String {
        "weir_up 1\n# EOF\n".to_owned()
    }
    fn policies(&self) -> PolicyList {
        let entry = &self.chain().entries()[0];
        let policy = Policy {
            settings: Settings::of(&entry.settings),
            component: Some("guard.wasm".to_owned()),
            remote: None,
            version: None,
            description: None,
            digest: Some("00".to_owned()),
            routes: vec!["r".to_owned()],
            load: Some(PolicyLoad {
                configured: "snapshot".to_owned(),
                code: "cache".to_owned(),
                load_time_ms: 1.5,
                imports: vec![],
                initial_memory: 65536,
                component_bytes: 1,
                warnings: vec![],
            }),
            stats: PolicyStats {
                calls: 0,
                faults: Default::default(),
                in_flight: 0,
                quarantined: false,
                quarantines: 0,
                denied_capabilities: 0,
                log_lines_dropped: 0,
            },
        };
        let reload = Reload { epoch: 1, loaded_at: "2026-01-01T00:00:00Z".to_owned(), errors: vec![], failed_at: None };
        PolicyList { entries: vec![policy], next_cursor: None, reload }
    }
    fn routes(&self) -> RouteList {
        RouteList::of(&self.routes)
    }
    fn contexts(&self) -> Arc<Contexts> {
        Arc::clone(&self.contexts)
    }
    fn records(&self) -> Option<Arc<dyn RecordSource>> {
        None
    }
    async fn run_chain(&self, request: ChainRequest) -> Result<ChainResponse, ChainRequestError> {
        let ChainRequest { event, phase, payload, request, context, route, interceptors, timeout: _ } = request;
        if let Some(name) = route.filter(|name| self.routes.by_name(name).is_none()) {
            return Err(ChainRequestError::UnknownRoute(name));
        }
        let event = Event { name: event, phase, payload, request, context: Arc::new(context) };
        let result = match interceptors {
            None => Ok(self.chain().run(&event, None).await),
            Some(names) => self.chain().run_only(&names, &event, None).await,
        };
        match result {
            Ok(result) => Ok(ChainResponse { result, elapsed: Duration::from_micros(1500) }),
            Err(ChainError::UnknownName(name) | ChainError::DuplicateName(name)) => {
                Err(ChainRequestError::UnknownInterceptor(name.to_string()))
            }
        }
    }
}

impl Source {
    fn chain(&self) -> &Chain {
        &self.routes.by_name("r").unwrap().chain
    }
}

struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(token: Option<&str>) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut route = route(Protocol::Mcp, address, vec![]);
    route.chain = chain(vec![
        deny_if("*", &[Phase::Request], "bad"),
        mutator("tools/call", &[Phase::Request, Phase::Response], |text| Some(text.replace("secret", "-"))),
    ]);
    let source =
        Arc::new(Source { routes: crate::support::route::routes(vec![route], &Mcp::new()), contexts: Arc::default() });
    let token = token.map(str::to_owned);
    let task = tokio::spawn(async move { weir_admin::serve(listener, source, token, std::future::pending()).await });
    Serving { address, task }
}

#[tokio::test]
async fn each_path_answers() {
    let admin = serve(None).await;
    let health = get(admin.address, "/healthz").await;
    assert_eq!((health.status.as_u16(), health.text()), (200, "ok\n"));
    let ready = get(admin.address, "/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.problem().as_str()), (503, "urn:weir:not-ready"));
    assert_eq!(ready.json()["detail"], "policy guard is still being compiled");
    let metrics = get(admin.address, "/metrics").await;
    assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert_eq!(metrics.text(), "weir_up 1\n# EOF\n");

    let policies = get(admin.address, "/v1/policies").await.json();
    assert_eq!(policies["nextCursor"], Value::Null);
    assert_eq!(policies["reload"]["epoch"], 1);
    let policy = &policies["entries"][0];
    assert_eq!(
        (&policy["name"], &policy["type"], &policy["load"]["loadTimeMs"]),
        (&json!("guard"), &json!("validation"), &json!(1.5))
    );
    assert_eq!(policy["mode"], json!({"value": "active", "origin": "default"}));
    assert_eq!(policy["hooks"], json!({"value": [{"events": ["*"], "phase": "request"}], "origin": "declared"}));

    let routes = get(admin.address, "/v1/routes").await.json();
    let expected = json!({
        "name": "r", "path": "/r", "protocol": "mcp", "upstream": format!("http://{}/up", admin.address),
        "server": "upstream", "posture": "client", "revalidate": false, "chainTimeoutMs": 5000.0, "maxBody": 65536,
        "onDeny": "error", "authorization": "drop",
        "chain": {"request": ["editor", "guard"], "response": ["editor"]},
    });
    assert_eq!(routes, json!({"entries": [expected], "nextCursor": null}));
}

#[tokio::test]
async fn a_chain_can_be_run() {
    let admin = serve(None).await;
    let run = async |body: Value| post(admin.address, "/v1/chain", "application/json", body.to_string()).await;
    let answer =
        run(json!({"event": "tools/call", "phase": "request", "payload": {"a": "secret"}, "route": "r"})).await;
    let mut result = answer.json();
    assert_eq!(answer.status, 200);
    for entry in result["results"].as_array_mut().unwrap() {
        assert!(entry["durationMs"].take().is_number());
    }
    let expected = json!({
        "status": "success", "event": "tools/call", "phase": "request",
        "results": [
            {"interceptor": "editor", "type": "mutation", "phase": "request", "durationMs": null, "effect": "apply",
             "modified": true, "payload": {"a": "-"}},
            {"interceptor": "guard", "type": "validation", "phase": "request", "durationMs": null, "effect": "pass",
             "valid": true},
        ],
        "finalPayload": {"a": "-"}, "validationSummary": {"errors": 0, "warnings": 0, "infos": 0}, "totalDurationMs": 1.5,
    });
    assert_eq!(result, expected);

    let denied =
        run(json!({"event": "x/y", "phase": "request", "payload": ["bad"], "interceptors": ["guard"]})).await.json();
    assert_eq!(denied["status"], "validation_failed");
    assert_eq!(denied["abortedAt"], json!({"interceptor": "guard", "reason": "found bad", "type": "validation"}));
    assert_eq!(denied["results"][0]["messages"], json!([{"path": "/x", "message": "found bad", "severity": "error"}]));
    assert!(denied.get("finalPayload").is_none());

    for (body, status, kind) in [
        (json!({"event": "e", "phase": "request", "payload": 1, "route": "x"}), 404, "urn:weir:not-found"),
        (json!({"event": "e", "phase": "request", "payload": 1, "interceptors": ["x"]}), 404, "urn:weir:not-found"),
        (json!({"event": "e", "phase": "sideways", "payload": 1}), 400, "urn:weir:bad-request"),
        (json!({"event": "e", "phase": "request", "payload": 1, "extra": 1}), 400, "urn:weir:bad-request"),
        (json!([]), 400, "urn:weir:bad-request"),
    ] {
        let answer = run(body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, kind), "{body}");
    }
    let large = post(admin.address, "/v1/chain", "application/json", vec![b' '; 8 * 1024 * 1024 + 1]).await;
    assert_eq!((large.status.as_u16(), large.problem().as_str()), (413, "urn:weir:body-too-large"));
}

#[tokio::test]
async fn what_there_is_not_is_named_so() {
    let admin = serve(None).await;
    for path in ["/", "/v1", "/v1/policies/", "/metrics/x"] {
        assert_eq!(get(admin.address, path).await.problem(), "urn:weir:not-found", "{path}");
    }
    for (method, path, allow) in
        [("POST", "/v1/policies", "GET, HEAD"), ("GET", "/v1/chain", "POST"), ("DELETE", "/metrics", "GET, HEAD")]
    {
        let answer = send(admin.address, Request::builder().method(method).uri(path).body("").unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (405, "urn:weir:method-not-allowed"));
        assert_eq!(answer.headers["allow"], allow);
    }
}

#[tokio::test]
async fn a_token_is_wanted_for_all_but_probes() {
    let admin = serve(Some("s3cret")).await;
    let ask = async |path: &str, token: &str| -> Answer {
        send(admin.address, Request::get(path).header("authorization", token).body("").unwrap()).await
    };
    for path in ["/metrics", "/v1/policies", "/v1/routes", "/v1/chain", "/nothing"] {
        for token in ["", "Bearer wrong", "Basic s3cret"] {
            let answer = ask(path, token).await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem().as_str()),
                (401, "urn:weir:unauthorized"),
                "{path} {token}"
            );
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
        assert_ne!(ask(path, "Bearer s3cret").await.status.as_u16(), 401, "{path}");
    }
    assert_eq!(get(admin.address, "/healthz").await.status, 200);
    assert_eq!(get(admin.address, "/readyz").await.status, 503);
}

#[tokio::test]
async fn pages_cannot_reach_it() {
    let admin = serve(None).await;
    let own = format!("http://{}", admin.address);
    for (header, value, status) in [
        ("origin", "http://evil.example", 403),
        ("origin", "http://localhost:1", 403),
        ("origin", "null", 403),
        ("host", "evil.example", 403),
        ("origin", own.as_str(), 200),
    ] {
        let answer = send(admin.address, Request::get("/healthz").header(header, value).body("").unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{header}: {value}");
    }
}
