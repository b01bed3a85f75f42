//! The text of a stream of events, as a row holds it.
//!
//! It is the data of the events, one under the other. Where the events are the pieces in which a model's answer comes,
//! it is the text that they make up, as a caller reads it; without them nobody could hold what an agent says it was told
//! against the row. An answer that also calls tools is more than its text and is kept by its data.
//!
//! Not here: answers of models in any form but this text.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use weir_http::sse::Scanner;

/// A whole stream as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Assembled {
    /// What a model said.
    Spoken(String),
    /// The data of the events.
    Data(String),
}

/// Reads a stream to its end.
pub(super) fn assembled(stream: &[u8]) -> Assembled {
    let data = data(stream);
    spoken(&data).map_or_else(|| Assembled::Data(data.join("\n")), Assembled::Spoken)
}

fn data(stream: &[u8]) -> Vec<String> {
    let mut scanner = Scanner::new(usize::MAX);
    scanner.push(Bytes::copy_from_slice(stream));
    std::iter::from_fn(|| scanner.rest())
        .filter_map(|block| block.data())
        .map(|data| String::from_utf8_lossy(&data).into_owned())
        .collect()
}

/// What one event of a model's answer brings.
enum Piece<'a> {
    /// Text of one of the answers that were asked for.
    Text { answer: u64, text: &'a str },
    /// Something that is no text, and without which the answer is not whole.
    Other,
}

/// The text of a model's answer; `None` if this is not one, or not one of text alone.
fn spoken(data: &[String]) -> Option<String> {
    let mut answers: BTreeMap<u64, String> = BTreeMap::new();
    for event in data.iter().filter(|event| event.as_str() != "[DONE]") {
        let event: Value = serde_json::from_str(event).ok()?;
        for piece in pieces(&event) {
            match piece {
                Piece::Text { answer, text } => answers.entry(answer).or_default().push_str(text),
                Piece::Other => return None,
            }
        }
    }
    let texts: Vec<String> = answers.into_values().collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// Reads the three forms in which the two families of interfaces send pieces: chunks of a chat completion (or of a
/// completion), events of a response, blocks of a message.
fn pieces<'a>(event: &'a Value) -> Vec<Piece<'a>> {
    if !event["error"].is_null() {
        return vec![Piece::Other];
    }
    if let Some(choices) = event["choices"].as_array() {
        return choices.iter().flat_map(chosen).collect();
    }
    let text = |value: &'a Value| value.as_str().map(|text| Piece::Text { answer: 0, text });
    let piece = match event["type"].as_str().unwrap_or_default() {
        "response.output_text.delta" | "response.refusal.delta" => text(&event["delta"]),
        "content_block_delta" if event["delta"]["type"] == "text_delta" => text(&event["delta"]["text"]),
        "content_block_start" => match kind(&event["content_block"]) {
            Kind::Text => text(&event["content_block"]["text"]),
            Kind::Thought => None,
            Kind::Other => Some(Piece::Other),
        },
        "response.failed" => Some(Piece::Other),
        "response.output_item.added" if kind(&event["item"]) == Kind::Other => Some(Piece::Other),
        _ => None,
    };
    piece.into_iter().collect()
}

/// What a part of an answer is.
#[derive(PartialEq, Eq)]
enum Kind {
    Text,
    /// What a model thinks before it answers; no part of the answer.
    Thought,
    /// A call of a tool, or what we do not know.
    Other,
}

fn kind(part: &Value) -> Kind {
    match part["type"].as_str() {
        Some("text" | "message") => Kind::Text,
        Some("thinking" | "redacted_thinking" | "reasoning") => Kind::Thought,
        _ => Kind::Other,
    }
}

/// The pieces in one choice of a chunk.
fn chosen(choice: &Value) -> Vec<Piece<'_>> {
    let answer = choice["index"].as_u64().unwrap_or_default();
    let delta = &choice["delta"];
    if !delta["tool_calls"].is_null() || !delta["function_call"].is_null() || !delta["audio"].is_null() {
        return vec![Piece::Other];
    }
    [&delta["content"], &delta["refusal"], &choice["text"]]
        .into_iter()
        .filter_map(Value::as_str)
        .map(|text| Piece::Text { answer, text })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(data: &[&str]) -> Assembled {
        let stream: String = data.iter().map(|data| format!("data: {data}\n\n")).collect();
        assembled(stream.as_bytes())
    }

    fn check(data: &[&str], expected: &str) {
        assert_eq!(of(data), Assembled::Spoken(expected.to_owned()), "{data:?}");
    }

    #[test]
    fn a_models_answer_is_its_text() {
        check(
            &[
                r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"Plan "}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"the day."}}]}"#,
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                r#"{"choices":[],"usage":{"total_tokens":7}}"#,
                "[DONE]",
            ],
            "Plan the day.",
        );
        check(
            &[
                r#"{"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"ye"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"s"}}]}"#,
            ],
            "yes\nno",
        );
        check(&[r#"{"object":"text_completion","choices":[{"index":0,"text":"once"}]}"#, "[DONE]"], "once");
        check(
            &[
                r#"{"type":"message_start","message":{"role":"assistant","content":[]}}"#,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
                r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Plan "}}"#,
                r#"{"type":"ping"}"#,
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"the day."}}"#,
                r#"{"type":"message_stop"}"#,
            ],
            "Plan the day.",
        );
        check(
            &[
                r#"{"type":"response.created","response":{"output":[]}}"#,
                r#"{"type":"response.output_item.added","item":{"type":"reasoning"}}"#,
                r#"{"type":"response.output_item.added","item":{"type":"message"}}"#,
                r#"{"type":"response.output_text.delta","delta":"Plan "}"#,
                r#"{"type":"response.output_text.delta","delta":"the day."}"#,
                r#"{"type":"response.output_text.done","text":"Plan the day."}"#,
            ],
            "Plan the day.",
        );
    }

    #[test]
    fn what_is_more_than_text_is_kept_by_its_data() {
        for data in [
            [
                r#"{"choices":[{"index":0,"delta":{"content":"I look."}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}"#,
            ],
            [
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"I look."}}"#,
                r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","name":"look"}}"#,
            ],
            [
                r#"{"type":"response.output_item.added","item":{"type":"function_call","name":"look"}}"#,
                r#"{"type":"response.output_text.delta","delta":"I look."}"#,
            ],
            [r#"{"choices":[{"index":0,"delta":{"content":"half"}}]}"#, "no JSON"],
            [r#"{"choices":[{"index":0,"delta":{"content":"half"}}]}"#, r#"{"error":{"message":"overloaded"}}"#],
            [r#"{"method":"notifications/progress"}"#, r#"{"id":1,"result":{}}"#],
            ["one", "two"],
        ] {
            assert_eq!(of(&data), Assembled::Data(data.join("\n")));
        }
        let data = |text: &str| Assembled::Data(text.to_owned());
        assert_eq!(of(&[]), data(""));
        assert_eq!(
            assembled(b"data: one\n\ndata: two\ndata: three\n\n: ping\n\ndata: cut"),
            data("one\ntwo\nthree\ncut")
        );
    }
}
