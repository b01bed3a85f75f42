//! A client for the daemon's own calls: one connection pool, the same limits as for upstreams.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, StatusCode, Uri};

use crate::body::{RequestBody, Whole};
use crate::client::{Client, Patience};
use crate::options::{ClientOptions, ListenerOptions};
use crate::read;

/// Most bytes of a response that are read. The content is ignored; reading it lets the connection be reused.
const MAX_ANSWER: usize = 64 * 1024;

/// Calls URLs.
pub struct Caller {
    client: Client,
}

impl Default for Caller {
    fn default() -> Self {
        Self::new()
    }
}

impl Caller {
    /// A caller with the usual bounds.
    pub fn new() -> Self {
        Self { client: Client::new(&ClientOptions::default()) }
    }

    /// Sends JSON by POST and returns the status. The error is for the log.
    pub async fn post_json(&self, url: Uri, json: Bytes) -> Result<StatusCode, String> {
        let mut request = Request::new(RequestBody::whole(Whole::new(json, None)));
        *request.method_mut() = Method::POST;
        if let Some(host) = url.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
            request.headers_mut().insert(http::header::HOST, host);
        }
        *request.uri_mut() = url;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = self.client.send(request, Patience::Limited).await.map_err(|error| error.to_string())?;
        let status = response.status();
        // Only the status counts.
        let _ = read::whole(response.into_body(), MAX_ANSWER, ListenerOptions::default().body_read_timeout).await;
        Ok(status)
    }
}
