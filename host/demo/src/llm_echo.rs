//! The LLM echo: answers `POST …/chat/completions` by repeating the user's last message.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::answer;

/// A completion, or an error in the usual form of such services.
pub fn answer(request: &Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path();
    if !path.ends_with("/chat/completions") && !path.ends_with("/models") {
        return error(StatusCode::NOT_FOUND, "only /v1/chat/completions and /v1/models are served here");
    }
    if path.ends_with("/models") {
        let model = json!({"id": "echo", "object": "model", "created": 0, "owned_by": "weir-demo"});
        return answer::json(StatusCode::OK, &json!({"object": "list", "data": [model]}));
    }
    if request.method() != Method::POST {
        return error(StatusCode::METHOD_NOT_ALLOWED, "use POST");
    }
    let Ok(body) = serde_json::from_slice::<Value>(request.body()) else {
        return error(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    if body["stream"] == Value::Bool(true) {
        return error(StatusCode::BAD_REQUEST, "this echo does not stream; leave \"stream\" out");
    }
    let Some(messages) = body["messages"].as_array() else {
        return error(StatusCode::BAD_REQUEST, "the body has no \"messages\"");
    };
    let last = messages.iter().rev().find(|message| message["role"] == "user").map(|message| text(&message["content"]));
    let Some(prompt) = last else {
        return error(StatusCode::BAD_REQUEST, "no message has the role \"user\"");
    };
    let (before, after) = (words(messages.iter().map(|message| text(&message["content"]))), words([prompt.clone()]));
    let completion = json!({
        "id": "chatcmpl-demo",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"].as_str().unwrap_or("echo"),
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": format!("You said: {prompt}")},
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": before, "completion_tokens": after, "total_tokens": before + after},
    });
    answer::json(StatusCode::OK, &completion)
}

/// Content is a text, or a list of parts of which only the texts count.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

fn words(texts: impl IntoIterator<Item = String>) -> usize {
    texts.into_iter().map(|text| text.split_whitespace().count()).sum()
}

fn error(status: StatusCode, message: &str) -> Response<Bytes> {
    answer::json(status, &json!({"error": {"message": message, "type": "invalid_request_error"}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(body: &'static str) -> (StatusCode, Value) {
        let request = Request::post("/v1/chat/completions").body(Bytes::from_static(body.as_bytes())).unwrap();
        let response = answer(&request);
        (response.status(), serde_json::from_slice(response.body()).unwrap())
    }

    #[test]
    fn the_last_prompt_is_repeated() {
        let (status, body) = post(
            r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
                {"role":"user","content":[{"type":"text","text":"c d"}]}]}"#,
        );
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["choices"][0]["message"]["content"], "You said: c d");
        assert_eq!(body["usage"]["total_tokens"], 6);
    }

    #[test]
    fn what_is_missing_is_said() {
        for (body, part) in [("{", "not JSON"), ("{}", "messages"), (r#"{"messages":[]}"#, "role")] {
            let (status, answer) = post(body);
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert!(answer["error"]["message"].as_str().unwrap().contains(part), "{body}");
        }
    }
}
