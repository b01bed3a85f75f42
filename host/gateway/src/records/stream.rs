//! The text of a stream of events, as a row holds it.
//!
//! It is the data of the events, one under the other. Where the events are the pieces in which a model's answer comes,
//! it is the text that they make up, as a caller reads it; without them nobody could hold what an agent says it was told
//! against the row. An answer that also calls tools is more than its text and is kept by its data.
//!
//! Not here: answers of models in any form but this text.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use weir_http::sse::Scanner;

use super::lenient::{Lenient, Object};

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
enum Piece {
    /// Text of one of the answers that were asked for.
    Text { answer: u64, text: String },
    /// Something that is no text, and without which the answer is not whole.
    Other,
}

/// The text of a model's answer; `None` if this is not one, or not one of text alone.
fn spoken(data: &[String]) -> Option<String> {
    let mut answers: BTreeMap<u64, String> = BTreeMap::new();
    for event in data.iter().filter(|event| event.as_str() != "[DONE]") {
        if !event.trim_start().starts_with('{') {
            serde_json::from_str::<IgnoredAny>(event).ok()?;
            continue;
        }
        let event: Event = serde_json::from_str(event).ok()?;
        for piece in event.into_pieces() {
            match piece {
                Piece::Text { answer, text } => answers.entry(answer).or_default().push_str(&text),
                Piece::Other => return None,
            }
        }
    }
    let texts: Vec<String> = answers.into_values().collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// An event in one of the three forms in which the two families of interfaces send pieces: a chunk of a chat completion
/// (or of a completion), which has choices; an event of a response; a block of a message.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    error: Option<IgnoredAny>,
    choices: Lenient<Vec<Object<Choice>>>,
    #[serde(rename = "type")]
    kind: Lenient<String>,
    delta: Delta,
    content_block: Object<Part>,
    item: Object<Part>,
}

/// A text in an event of a response, a part in a block of a message.
#[derive(Default)]
struct Delta {
    text: Lenient<String>,
    part: Object<Part>,
}

/// One of the answers that were asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Choice {
    index: Lenient<u64>,
    delta: Object<ChoiceDelta>,
    text: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChoiceDelta {
    content: Lenient<String>,
    refusal: Lenient<String>,
    tool_calls: Option<IgnoredAny>,
    function_call: Option<IgnoredAny>,
    audio: Option<IgnoredAny>,
}

/// A part of an answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Part {
    #[serde(rename = "type")]
    kind: Lenient<String>,
    text: Lenient<String>,
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

impl<'de> Deserialize<'de> for Delta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = <&RawValue>::deserialize(deserializer)?;
        let text = Lenient::deserialize(written).unwrap_or_default();
        Ok(Self { text, part: Object::deserialize(written).unwrap_or_default() })
    }
}

impl Event {
    fn into_pieces(self) -> Vec<Piece> {
        let Self { error, choices, kind, delta, content_block, item } = self;
        if error.is_some() {
            return vec![Piece::Other];
        }
        if let Lenient(Some(choices)) = choices {
            return choices.into_iter().flat_map(|Object(choice)| choice.unwrap_or_default().into_pieces()).collect();
        }
        let part = |part: Object<Part>| part.0.unwrap_or_default();
        let text = |text: Lenient<String>| text.0.map(|text| Piece::Text { answer: 0, text });
        let piece = match kind.0.as_deref().unwrap_or_default() {
            "response.output_text.delta" | "response.refusal.delta" => text(delta.text),
            "content_block_delta" => {
                let delta = part(delta.part);
                if delta.kind.0.as_deref() == Some("text_delta") { text(delta.text) } else { None }
            }
            "content_block_start" => {
                let block = part(content_block);
                match block.kind() {
                    Kind::Text => text(block.text),
                    Kind::Thought => None,
                    Kind::Other => Some(Piece::Other),
                }
            }
            "response.failed" => Some(Piece::Other),
            "response.output_item.added" if part(item).kind() == Kind::Other => Some(Piece::Other),
            _ => None,
        };
        piece.into_iter().collect()
    }
}

impl Part {
    fn kind(&self) -> Kind {
        match self.kind.0.as_deref() {
            Some("text" | "message") => Kind::Text,
            Some("thinking" | "redacted_thinking" | "reasoning") => Kind::Thought,
            _ => Kind::Other,
        }
    }
}

impl Choice {
    fn into_pieces(self) -> Vec<Piece> {
        let answer = self.index.0.unwrap_or_default();
        let ChoiceDelta { content, refusal, tool_calls, function_call, audio } = self.delta.0.unwrap_or_default();
        if tool_calls.is_some() || function_call.is_some() || audio.is_some() {
            return vec![Piece::Other];
        }
        let texts = [content, refusal, self.text].into_iter().filter_map(|text| text.0);
        texts.map(|text| Piece::Text { answer, text }).collect()
    }
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
