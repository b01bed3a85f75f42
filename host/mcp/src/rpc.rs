//! JSON-RPC messages of our own, and the error codes that the gateway uses.
//!
//! Invariant: an id is repeated as it was written; a text that is not JSON is answered with a null id.
//!
//! Not here: which answer is right.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

/// Not JSON.
pub const PARSE_ERROR: i32 = -32700;
/// Not a valid message.
pub const INVALID_REQUEST: i32 = -32600;
/// No such method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// Invalid params.
pub const INVALID_PARAMS: i32 = -32602;
/// An internal fault.
pub const INTERNAL_ERROR: i32 = -32603;
/// The interceptor protocol's code for a policy that took too long.
pub const TIMEOUT: i32 = -32000;
/// A code of the stateless revision. We use no other code between -32020 and -32099 but these two.
pub const HEADER_MISMATCH: i32 = -32020;
/// A revision that is not served.
pub const UNSUPPORTED_VERSION: i32 = -32022;

#[derive(Serialize)]
struct Answer<'a, T> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    #[serde(flatten)]
    outcome: T,
}

#[derive(Serialize)]
struct Failed<'a, D> {
    error: Error<'a, D>,
}

#[derive(Serialize)]
struct Error<'a, D> {
    code: i32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a D>,
}

#[derive(Serialize)]
struct Succeeded<'a> {
    result: &'a RawValue,
}

/// An answer with a result, which is JSON.
pub fn result(id: &str, result: &str) -> Bytes {
    let result = serde_json::from_str(result).unwrap_or(RawValue::NULL);
    answer(id, Succeeded { result })
}

/// An answer that is an error.
pub fn error(id: &str, code: i32, message: &str) -> Bytes {
    error_with(id, code, message, None::<&()>)
}

/// The same with optional data.
pub fn error_with<D: Serialize>(id: &str, code: i32, message: &str, data: Option<&D>) -> Bytes {
    answer(id, Failed { error: Error { code, message, data } })
}

fn answer(id: &str, outcome: impl Serialize) -> Bytes {
    let id = serde_json::from_str::<&RawValue>(id).unwrap_or(RawValue::NULL);
    to_bytes(&Answer { jsonrpc: "2.0", id, outcome })
}

#[derive(Serialize)]
struct Call<'a, I: ?Sized, P> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a I>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a P>,
}

/// A request of ours. The id is a string or a number.
pub fn request<I: Serialize + ?Sized, P: Serialize>(id: &I, method: &str, params: &P) -> Bytes {
    to_bytes(&Call { jsonrpc: "2.0", id: Some(id), method, params: Some(params) })
}

/// A notification of our own.
pub fn notification<P: Serialize>(method: &str, params: Option<&P>) -> Bytes {
    to_bytes(&Call { jsonrpc: "2.0", id: None::<&()>, method, params })
}

/// Serializing our own types does not fail.
fn to_bytes(message: &impl Serialize) -> Bytes {
    serde_json::to_vec(message).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_json() {
        let data = serde_json::json!({"a": 1});
        for (answer, expected) in [
            (
                error("\"a\"", -1, "say \"no\""),
                r#"{"jsonrpc":"2.0","id":"a","error":{"code":-1,"message":"say \"no\""}}"#,
            ),
            (
                error_with("1e0", -1, "x", Some(&data)),
                r#"{"jsonrpc":"2.0","id":1e0,"error":{"code":-1,"message":"x","data":{"a":1}}}"#,
            ),
            (error("{", -1, "x"), r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"x"}}"#),
            (result("1", "{}"), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        ] {
            assert_eq!(answer, expected);
        }
    }
}
