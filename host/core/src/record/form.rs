//! The JSON forms of rows: the same in the admin surface, on the command line and in exports.

use serde_json::{Value, json};

use super::Row;

/// A row with camelCase names. A column of JSON that was damaged in its store comes as the text that it is.
pub fn row_form(row: &Row) -> Value {
    let Row {
        id,
        call_ref,
        agent_id,
        action_name,
        intercept_index,
        source_url,
        method,
        request_payload,
        raw_response,
        response_hash,
        status,
        decisions,
        created_at,
        previous_hash,
        hash,
    } = row;
    json!({
        "id": id,
        "callRef": call_ref,
        "agentId": agent_id,
        "actionName": action_name,
        "interceptIndex": intercept_index,
        "sourceUrl": source_url,
        "method": method,
        "requestPayload": parsed(request_payload),
        "rawResponse": parsed(raw_response),
        "responseHash": response_hash,
        "status": status.parse::<u16>().map_or_else(|_| json!(status), |number| json!(number)),
        "decisions": parsed(decisions),
        "createdAt": created_at,
        "previousHash": previous_hash,
        "hash": hash,
    })
}

/// What is answered about the latest call of an action: `requestPayload` and `response` beside the rest of the row;
/// an empty request and no response where there is none.
pub fn latest_form(row: Option<&Row>) -> Value {
    let Some(row) = row else { return json!({ "requestPayload": {}, "response": null }) };
    let mut form = row_form(row);
    if let Value::Object(members) = &mut form {
        let response = members.shift_remove("rawResponse").unwrap_or_default();
        members.insert("response".into(), response);
    }
    form
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
