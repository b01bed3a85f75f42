//! Calls inside contexts on routes that lead to a program.

use std::sync::Arc;

use http::HeaderValue;
use serde_json::{Value, json};
use weir_core::Phase;
use weir_gateway::surface::mcp::Sharing;

use super::client::{Events, Session, call};
use super::{command, leading_to};
use crate::support::{Rows, mutator, start_recording};

#[tokio::test]
async fn what_a_program_said_is_recorded_before_policies_change_it() {
    for sharing in [Sharing::PerSession, Sharing::Shared] {
        let rows = Arc::new(Rows::new());
        let mask = mutator("tools/call", &[Phase::Response], |payload| Some(payload.replace("\"1\"", "\"masked\"")));
        let gateway = start_recording(vec![leading_to(command(sharing), vec![mask])], &rows).await;
        let session = Session::begin(gateway.address, "2025-11-25").await;
        let mut request = session.post(&call("mine", "count", json!({"by": 1})));
        request.headers_mut().insert("weir-agent-id", HeaderValue::from_static("ada"));
        request.headers_mut().insert("weir-action-name", HeaderValue::from_static("count"));
        let answer = Events::of(gateway.address, request).await.message().await;
        assert_eq!(answer["result"]["content"][0]["text"], "masked", "{answer}");
        let row = rows.wait_for(1).await.remove(0);
        let (said, sent): (Value, Value) =
            (serde_json::from_str(&row.raw_response).unwrap(), serde_json::from_str(&row.request_payload).unwrap());
        assert_eq!((&said["id"], &said["result"]["content"][0]["text"]), (&json!("mine"), &json!("1")), "{row:?}");
        assert_eq!(sent["json"]["params"]["arguments"], json!({"by": 1}));
        assert_eq!((row.source_url.as_str(), row.status.as_str()), ("stdio://upstream", "200"));
        // Neither what began the session nor a call outside of a context.
        session.call("count", json!({})).await;
        assert_eq!(rows.all().len(), 1);
    }
}
