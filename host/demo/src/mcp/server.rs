//! The MCP server: handles one HTTP request.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use super::rpc::{self, Message, RpcError};
use super::sessions::Sessions;
use super::tools::{self, Tools};

/// Header with the session id.
const SESSION: &str = "mcp-session-id";

/// Header with the negotiated revision.
const REVISION: &str = "mcp-protocol-version";

/// The id in an answer to a message without one that could be read.
const NOBODY: &str = "null";

/// The revisions that are served, newest first.
const REVISIONS: [&str; 2] = ["2025-11-25", "2025-06-18"];

/// The server.
pub struct McpServer {
    sessions: Sessions,
    tools: Tools,
}

impl McpServer {
    /// A server without sessions and notes.
    pub fn new() -> rusqlite::Result<Self> {
        Ok(Self { sessions: Sessions::default(), tools: Tools::new()? })
    }

    /// Answers one HTTP request.
    pub fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let session = header_text(request, SESSION);
        match *request.method() {
            Method::POST => {}
            Method::DELETE => {
                let known = session.is_some_and(|session| self.sessions.end(session));
                return empty(if known { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND });
            }
            _ => {
                let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, DELETE"));
                return response;
            }
        }
        if let Some(revision) = header_text(request, REVISION)
            && !REVISIONS.contains(&revision)
        {
            let message = format!("protocol revision {revision:?} is not served; use {}", REVISIONS.join(" or "));
            return rpc::failure(StatusCode::BAD_REQUEST, NOBODY, &RpcError::new(rpc::INVALID_REQUEST, message));
        }
        let message = match rpc::read(request.body()) {
            Ok(message) => message,
            Err(rejection) => return rpc::refused(rejection),
        };
        if session.is_some_and(|session| !self.sessions.is_known(session)) {
            let error = RpcError::new(rpc::INVALID_REQUEST, "the session is not known; initialize again");
            return rpc::failure(StatusCode::NOT_FOUND, NOBODY, &error);
        }
        match message {
            Message::Notification => empty(StatusCode::ACCEPTED),
            Message::Request { id, method, params } if method == "initialize" => self.initialize(&id, &params),
            Message::Request { id, method, params } => match self.call(&method, &params) {
                Ok(result) => rpc::success(&id, &result),
                Err(error) => rpc::failure(StatusCode::OK, &id, &error),
            },
        }
    }

    fn initialize(&self, id: &str, params: &Value) -> Response<Bytes> {
        // A revision that is not served is answered with the newest that is; the client decides.
        let wanted = params["protocolVersion"].as_str().unwrap_or_default();
        let revision = REVISIONS.into_iter().find(|revision| *revision == wanted).unwrap_or(REVISIONS[0]);
        let result = json!({
            "protocolVersion": revision,
            "capabilities": {"tools": {"listChanged": false}},
            "serverInfo": {"name": "weir-demo", "title": "Weir demo", "version": env!("CARGO_PKG_VERSION")},
            "instructions": "Tools over invented sample data. Nothing here touches a file, a network or a process.",
        });
        let mut response = rpc::success(id, &result);
        if let Ok(session) = HeaderValue::from_str(&self.sessions.begin()) {
            response.headers_mut().insert(SESSION, session);
        }
        response
    }

    fn call(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        match method {
            "ping" => Ok(json!({})),
            "tools/list" => Ok(json!({"tools": tools::list()})),
            "tools/call" => {
                let name = params["name"]
                    .as_str()
                    .ok_or_else(|| RpcError::new(rpc::INVALID_PARAMS, "params.name is missing; name a tool"))?;
                self.tools.call(name, &params["arguments"])
            }
            other => {
                let shown: String = other.chars().take(64).collect();
                Err(RpcError::new(rpc::METHOD_NOT_FOUND, format!("method {shown:?} is not served here")))
            }
        }
    }
}

fn header_text<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(server: &McpServer, session: Option<&str>, body: &Value) -> (Response<Bytes>, Value) {
        let mut request = Request::post("/mcp").body(Bytes::from(body.to_string())).unwrap();
        if let Some(session) = session {
            request.headers_mut().insert(SESSION, session.parse().unwrap());
        }
        let response = server.answer(&request);
        let value = serde_json::from_slice(response.body()).unwrap_or_default();
        (response, value)
    }

    fn call(server: &McpServer, name: &str, arguments: Value) -> Value {
        let params = json!({"name": name, "arguments": arguments});
        post(server, None, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})).1
    }

    #[test]
    fn a_session_lives_from_initialize_to_delete() {
        let server = McpServer::new().unwrap();
        let initialize =
            json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}});
        let (response, value) = post(&server, None, &initialize);
        assert_eq!(value["result"]["protocolVersion"], "2025-06-18");
        let session = response.headers()[SESSION].to_str().unwrap().to_owned();
        let (response, _) =
            post(&server, Some(&session), &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        assert_eq!((response.status(), response.body().len()), (StatusCode::ACCEPTED, 0));
        let ping = json!({"jsonrpc": "2.0", "id": "p", "method": "ping"});
        assert_eq!(post(&server, Some(&session), &ping).1, json!({"jsonrpc": "2.0", "id": "p", "result": {}}));

        let mut end = Request::delete("/mcp").body(Bytes::new()).unwrap();
        end.headers_mut().insert(SESSION, session.parse().unwrap());
        assert_eq!(server.answer(&end).status(), StatusCode::NO_CONTENT);
        assert_eq!(post(&server, Some(&session), &ping).0.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn every_listed_tool_answers() {
        let server = McpServer::new().unwrap();
        let (_, listed) = post(&server, None, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
        let names: Vec<&str> =
            listed["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["read_file", "write_note", "query_sql", "fetch_url", "run_command"]);
        for (name, arguments, part) in [
            ("read_file", json!({"path": "deploy.env"}), "ghp_"),
            ("read_file", json!({"path": "nothing"}), "customers.csv"),
            ("query_sql", json!({"sql": "SELECT name FROM customers WHERE city = 'Oslo'"}), "Ingrid"),
            ("query_sql", json!({"sql": "DROP TABLE customers"}), "SELECT"),
            ("fetch_url", json!({"url": "https://intranet.example/status"}), "All systems"),
            ("fetch_url", json!({"url": "https://elsewhere.example/"}), "intranet.example"),
            ("run_command", json!({"command": "rm -rf /"}), "would run"),
            ("write_note", json!({"title": "t", "text": "hello"}), "notes/t"),
            ("read_file", json!({"path": "notes/t"}), "hello"),
        ] {
            let answer = call(&server, name, arguments.clone());
            let text = answer["result"]["content"][0]["text"].as_str().unwrap();
            assert!(text.contains(part), "{name} {arguments}: {answer}");
        }
    }

    #[test]
    fn malformed_requests_are_answered_as_the_protocol_says() {
        let server = McpServer::new().unwrap();
        for (body, status, code) in [
            ("{", 400, -32700),
            ("[]", 400, -32600),
            (r#"{"id":1,"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#, 200, -32601),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, 200, -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing"}}"#, 200, -32602),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":3}}}"#,
                200,
                -32602,
            ),
        ] {
            let response = server.answer(&Request::post("/mcp").body(Bytes::from(body)).unwrap());
            let value: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!((response.status().as_u16(), value["error"]["code"].as_i64()), (status, Some(code)), "{body}");
        }
        assert_eq!(server.answer(&Request::get("/mcp").body(Bytes::new()).unwrap()).status(), 405);
        let old = Request::post("/mcp").header(REVISION, "2024-11-05").body(Bytes::from("{}")).unwrap();
        assert_eq!(server.answer(&old).status(), 400);
    }
}
