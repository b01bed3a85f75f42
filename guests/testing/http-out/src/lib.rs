//! Makes one outbound GET request and reports the result: `{"status": 200, "body": "…"}` or `{"error": "…"}`.
//! Configuration: `url` (`http://127.0.0.1:1/`); the payload's `/url` takes precedence.

use serde::Deserialize;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, IncomingResponse, OutgoingRequest, Scheme};
use weir_sdk::json::Object;
use weir_sdk::{Call, Declaration, Document, Outcome, Policy, config, declare, outcome};

/// Maximum bytes read of a response body.
const MOST: u64 = 64 * 1024;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HttpOut {
    url: String,
}

impl Default for HttpOut {
    fn default() -> Self {
        Self { url: "http://127.0.0.1:1/".to_owned() }
    }
}

impl Policy for HttpOut {
    fn describe() -> Declaration {
        declare::validator("http-out").on_both(["*"]).build()
    }

    fn configure(text: &str) -> Result<Self, String> {
        config::parse(text)
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        let url = payload.text("/url").unwrap_or_else(|| self.url.clone());
        let info = match get(&url) {
            Ok(response) => {
                let info = Object::new().number("status", response.status().into());
                info.text("body", &String::from_utf8_lossy(&body(&response)))
            }
            Err(error) => Object::new().text("error", &error),
        };
        Ok(outcome::valid().with_info(info.finish()))
    }
}

fn get(url: &str) -> Result<IncomingResponse, String> {
    let (scheme, rest) = url.split_once("://").ok_or("the URL needs a scheme")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |start| rest.split_at(start));
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let request = OutgoingRequest::new(Fields::new());
    let accepted = request
        .set_scheme(Some(&scheme))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)));
    accepted.map_err(|()| "the URL is not one".to_owned())?;
    let words = |code: ErrorCode| format!("{code:?}");
    let future = outgoing_handler::handle(request, None).map_err(words)?;
    loop {
        match future.get() {
            Some(answer) => return answer.map_err(|()| "the answer was taken twice".to_owned())?.map_err(words),
            None => future.subscribe().block(),
        }
    }
}

/// The start of the body; unreadable parts are left out.
fn body(response: &IncomingResponse) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Ok(incoming) = response.consume() else { return bytes };
    let Ok(stream) = incoming.stream() else { return bytes };
    while let Ok(chunk) = stream.blocking_read(MOST) {
        bytes.extend(chunk);
        if bytes.len() as u64 >= MOST {
            break;
        }
    }
    bytes
}

weir_sdk::export_policy!(HttpOut);
