//! The HTTP echo: returns each request as JSON.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::answer;

/// The request as it arrived, after the policies.
pub fn answer(request: &Request<Bytes>) -> Response<Bytes> {
    let mut headers = Map::new();
    for (name, value) in request.headers() {
        // Several fields with one name form a list, as in RFC 9110.
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match headers.get_mut(name.as_str()) {
            Some(Value::String(all)) => {
                all.push_str(", ");
                all.push_str(&value);
            }
            _ => {
                headers.insert(name.as_str().to_owned(), Value::String(value));
            }
        }
    }
    let echo = json!({
        "method": request.method().as_str(),
        "path": request.uri().path(),
        "query": request.uri().query(),
        "headers": headers,
        "body": body(request),
    });
    answer::json(StatusCode::OK, &echo)
}

/// JSON as JSON, text as text, anything else as its length.
fn body(request: &Request<Bytes>) -> Value {
    let bytes = request.body();
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("json"));
    match std::str::from_utf8(bytes) {
        _ if bytes.is_empty() => Value::Null,
        Ok(text) if is_json => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        Ok(text) => Value::from(text),
        Err(_) => Value::from(format!("{} bytes that are not text", bytes.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_comes_back() {
        let request = Request::post("/a/b?c=d")
            .header("content-type", "application/json")
            .header("x-one", "1")
            .header("x-one", "2")
            .body(Bytes::from_static(b"{\"n\":1.00}"))
            .unwrap();
        let response = answer(&request);
        assert_eq!(
            std::str::from_utf8(response.body()).unwrap(),
            r#"{"method":"POST","path":"/a/b","query":"c=d","headers":{"content-type":"application/json","x-one":"1, 2"},"body":{"n":1.00}}"#
        );
    }
}
