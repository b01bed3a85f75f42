//! Rounds of one request: the server's questions to the client inside a result, and the client's answers inside the
//! repeated request.
//!
//! Invariants: each entry is its own event; a policy's change replaces that entry; everything else stays unchanged,
//! above all the state that the server wants back.
//!
//! The answers do not name their questions, and there is no session to remember them. Each kind of answer has a
//! mandatory member, which tells what it can be; if none is present, it is judged as every kind.

use std::sync::Arc;

use weir_core::payload::escape;
use weir_core::{Context, Event, EventName, Payload, Phase};
use weir_mcp::Envelope;
use weir_mcp::json::{self, Member};
use weir_mcp::meta;
use weir_mcp::revision::Era;

use super::question::asking;
use crate::denial::Denial;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::verdict::{Verdict, judge};

/// Most entries of one round; a person would have to answer them all.
const MAX_ENTRIES: usize = 64;

const INPUT_REQUESTS: &str = "inputRequests";
const INPUT_RESPONSES: &str = "inputResponses";

/// Kinds of answers and the mandatory member of each.
const ANSWERS: [(&str, &str); 3] =
    [("action", "elicitation/create"), ("role", "sampling/createMessage"), ("roots", "roots/list")];

/// The outcome of judging the answers in a request.
pub(super) enum Responses {
    /// The params after the policies.
    Pass(Arc<Payload>),
    Denied(Denial),
    /// Policies cannot read them.
    Unreadable,
}

/// The outcome of judging the questions in a result.
pub(super) enum Requests {
    /// The result after the policies.
    Pass(Arc<Payload>),
    Denied(Denial),
    /// Policies cannot read them.
    Unreadable,
}

/// Whether a request holds answers.
pub(super) fn has_responses(message: &Envelope) -> bool {
    let members = message.params().and_then(|params| json::members(params).ok()).unwrap_or_default();
    members.iter().any(|member| member.name == INPUT_RESPONSES)
}

/// Judges each answer in the params of a request.
pub(super) async fn responses(
    call: &McpCall,
    context: &Arc<Context>,
    params: Arc<Payload>,
) -> Result<Responses, Refusal> {
    let chain = &call.route.chain;
    let Some((text, members)) = entries(&params, INPUT_RESPONSES) else { return Ok(Responses::Unreadable) };
    let mut edits = Vec::new();
    for Member { name, value } in members {
        let Ok(original) = Payload::parse(&text[value]).map(Arc::new) else { return Ok(Responses::Unreadable) };
        let mut payload = Arc::clone(&original);
        for kind in kinds(&original).filter(|kind| chain.wants(kind, Phase::Response)) {
            let Ok(event) = EventName::new(kind) else { continue };
            let event = Event {
                name: event,
                phase: Phase::Response,
                payload: Arc::clone(&payload),
                request: None,
                context: Arc::clone(context),
            };
            match judge(call, &event).await? {
                Verdict::Unchanged => {}
                Verdict::Changed(changed) => {
                    payload = meta::keep_result(&original, &changed, Era::Session).map_err(Refusal::UnusablePayload)?;
                }
                Verdict::Denied(denial) => return Ok(Responses::Denied(denial)),
            }
        }
        if !Arc::ptr_eq(&payload, &original) {
            edits.push(meta::set(format!("/{INPUT_RESPONSES}/{}", escape(&name)), payload.text()));
        }
    }
    if edits.is_empty() {
        return Ok(Responses::Pass(params));
    }
    meta::edited(&params, &edits).map(Responses::Pass).map_err(Refusal::UnusablePayload)
}

/// Judges each question in a result, if it has any.
pub(super) async fn requests(
    call: &McpCall,
    context: &Arc<Context>,
    result: Arc<Payload>,
) -> Result<Requests, Refusal> {
    let chain = &call.route.chain;
    if result.string("/resultType") != Some("input_required") || result.get("/inputRequests").is_none() {
        return Ok(Requests::Pass(result));
    }
    let Some((text, members)) = entries(&result, INPUT_REQUESTS) else { return Ok(Requests::Unreadable) };
    let mut edits = Vec::new();
    for Member { name, value } in members {
        let entry = &text[value];
        let method = json::member(entry, "method").and_then(json::string);
        let Some(event) = method.and_then(|method| EventName::new(&method).ok()) else {
            return Ok(Requests::Unreadable);
        };
        if !chain.wants(event.as_str(), Phase::Request) {
            continue;
        }
        let Ok(original) = Payload::parse(json::member(entry, "params").unwrap_or("{}")).map(Arc::new) else {
            return Ok(Requests::Unreadable);
        };
        match judge(call, &asking(event, Arc::clone(&original), context)).await? {
            Verdict::Unchanged => {}
            Verdict::Changed(changed) => {
                let kept = meta::keep_params(&original, &changed, Era::Session).map_err(Refusal::UnusablePayload)?;
                edits.push(meta::set(format!("/{INPUT_REQUESTS}/{}/params", escape(&name)), kept.text()));
            }
            Verdict::Denied(denial) => return Ok(Requests::Denied(denial)),
        }
    }
    if edits.is_empty() {
        return Ok(Requests::Pass(result));
    }
    meta::edited(&result, &edits).map(Requests::Pass).map_err(Refusal::UnusablePayload)
}

/// The entries of a round and their text. `None` if they are not an object, or too many.
fn entries(payload: &Payload, member: &str) -> Option<(String, Vec<Member>)> {
    let text = json::member(payload.text(), member)?.to_owned();
    let members = json::members(&text).ok().filter(|members| members.len() <= MAX_ENTRIES)?;
    Some((text, members))
}

/// The kinds that an answer can be.
fn kinds(answer: &Payload) -> impl Iterator<Item = &'static str> {
    let has = |member: &str| json::member(answer.text(), member).is_some();
    let found: Vec<&'static str> = ANSWERS.iter().filter(|(member, _)| has(member)).map(|(_, kind)| *kind).collect();
    let all = ANSWERS.iter().map(|(_, kind)| *kind).filter(|_| found.is_empty()).collect::<Vec<_>>();
    found.into_iter().chain(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_what_they_can_be() {
        for (answer, expected) in [
            (r#"{"action":"accept","content":{}}"#, &["elicitation/create"][..]),
            (r#"{"role":"assistant","content":{},"model":"m"}"#, &["sampling/createMessage"]),
            (r#"{"roots":[]}"#, &["roots/list"]),
            (r#"{"roots":[],"action":"x"}"#, &["elicitation/create", "roots/list"]),
            ("{}", &["elicitation/create", "sampling/createMessage", "roots/list"]),
            ("[1]", &["elicitation/create", "sampling/createMessage", "roots/list"]),
        ] {
            assert_eq!(kinds(&Payload::parse(answer).unwrap()).collect::<Vec<_>>(), expected, "{answer}");
        }
    }
}
