//! The JSON of contexts: the body that opens one, and the entry that describes one.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use weir_gateway::contexts::{ContextError, Field, OpenContext, Opened, Standing, checked};
use weir_gateway::timestamp;

use crate::answer::object;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ContextBody {
    agent_id: Option<String>,
    action_name: Option<String>,
    index: Option<i64>,
    ttl_ms: Option<u64>,
    parent: Option<String>,
}

/// One context.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContextEntry {
    /// Only in the reply to the request that opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The call reference of its first call.
    call_ref: String,
    agent_id: String,
    action_name: String,
    index: Option<i64>,
    parent_call_ref: Option<String>,
    ttl_ms: u64,
    created_at: String,
    expires_at: String,
}

/// A list of contexts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContextList {
    pub(crate) entries: Vec<ContextEntry>,
    pub(crate) next_cursor: Option<String>,
}

/// Reads the body of `POST /v1/contexts`. The error is for the client.
pub(crate) fn open_context(body: &[u8]) -> Result<OpenContext, String> {
    let ContextBody { agent_id, action_name, index, ttl_ms, parent } = object(body)?;
    let half = |present, missing| Err(ContextError::Half { present, missing }.to_string());
    let (agent_id, action_name) = match (agent_id, action_name) {
        (Some(agent), Some(action)) => (agent, action),
        (Some(_), None) => return half(Field::AgentMember, Field::ActionMember),
        (None, Some(_)) => return half(Field::ActionMember, Field::AgentMember),
        (None, None) => return Err("agentId and actionName are missing; a context has both".to_owned()),
    };
    if ttl_ms == Some(0) {
        return Err("ttlMs must be at least 1".to_owned());
    }
    Ok(OpenContext {
        agent_id: checked(Field::AgentMember, &agent_id).map_err(|error| error.to_string())?,
        action_name: checked(Field::ActionMember, &action_name).map_err(|error| error.to_string())?,
        index,
        ttl: ttl_ms.map(Duration::from_millis),
        parent,
    })
}

impl ContextEntry {
    /// The entry for the client that opened the context, with its token.
    pub(crate) fn opened(opened: Opened) -> Self {
        let Opened { token, standing } = opened;
        Self { token: Some(token), ..Self::listed(standing) }
    }

    /// The entry without the token.
    pub(crate) fn listed(standing: Standing) -> Self {
        let Standing { call_ref, agent_id, action_name, index, parent_call_ref, created_at, expires_at, ttl } =
            standing;
        Self {
            token: None,
            call_ref,
            agent_id: agent_id.to_string(),
            action_name: action_name.to_string(),
            index,
            parent_call_ref,
            // Rounded up, so 1 ms is not shown as 0.
            ttl_ms: u64::try_from(ttl.as_micros().div_ceil(1000)).unwrap_or(u64::MAX),
            created_at: timestamp(created_at),
            expires_at: timestamp(expires_at),
        }
    }

    /// Where the page after this entry begins.
    pub(crate) fn cursor(&self) -> &str {
        &self.call_ref
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_whole_or_refused() {
        let good = br#"{"agentId":" ada ","actionName":"search","index":-2,"ttlMs":1500,"parent":"t"}"#;
        let read = open_context(good).unwrap();
        assert_eq!((&*read.agent_id, &*read.action_name, read.index), ("ada", "search", Some(-2)));
        assert_eq!((read.ttl, read.parent.as_deref()), (Some(Duration::from_millis(1500)), Some("t")));
        let long = format!(r#"{{"agentId":"{}","actionName":"b"}}"#, "é".repeat(256));
        for (body, part) in [
            ("", "body"),
            ("[]", "body: it must be a JSON object"),
            (r#"["a","b",null,null,null]"#, "body: it must be a JSON object"),
            ("{}", "agentId and actionName are missing"),
            (r#"{"agentId":"a"}"#, "agentId is given without actionName"),
            (r#"{"agentId":null,"actionName":"b"}"#, "actionName is given without agentId"),
            (r#"{"agentId":"","actionName":"b"}"#, "agentId is empty"),
            (r#"{"agentId":"a","actionName":"  "}"#, "actionName is empty"),
            (&long, "agentId has 256 characters"),
            (r#"{"agentId":"a\nb","actionName":"b"}"#, "control characters"),
            (r#"{"agentId":"a","actionName":"b","index":1.5}"#, "body"),
            (r#"{"agentId":"a","actionName":"b","index":"1"}"#, "body"),
            (r#"{"agentId":"a","actionName":"b","ttlMs":0}"#, "ttlMs"),
            (r#"{"agentId":"a","actionName":"b","ttlMs":-1}"#, "body"),
            (r#"{"agentId":"a","actionName":"b","ttl":1}"#, "unknown field `ttl`"),
        ] {
            let error = open_context(body.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{body}: {error}");
        }
    }
}
