//! Reads the process's messages and routes them to outlets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::process::ChildStdout;
use tokio::time::Instant;
use weir_mcp::rpc;
use weir_mcp::{Message, Method, Sort};

use super::State;
use super::deliver::ToClient;
use crate::refusal::{Refusal, UPSTREAM_UNREACHABLE};
use crate::surface::mcp::stdio::answer;
use crate::surface::mcp::stdio::lines::{Line, Lines, id_of_ends};
use crate::surface::mcp::stdio::streams::GENERAL;
use crate::surface::mcp::stdio::table::{Request, Users, Way};

/// Reads the process's messages to their end.
pub(super) async fn pump(state: Arc<State>, output: ChildStdout, limit: usize, fell_silent: Arc<AtomicBool>) {
    let mut lines = Lines::new(output, limit);
    loop {
        match lines.next().await {
            Ok(Some(Line::Whole(text))) => state.on_message(text).await,
            Ok(Some(Line::TooLong { start, end })) => state.on_too_long(&start, &end).await,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(target: "weir::stdio", route = state.route, %error, "a server's output cannot be read");
                break;
            }
        }
    }
    // Set before the link is closed, since a closed link makes its owner stop the process.
    fell_silent.store(true, Ordering::Relaxed);
    state.on_exit().await;
}

impl State {
    /// Routes a message of the process.
    async fn on_message(&self, text: Bytes) {
        let Some(message) = Message::read(text) else {
            // Once: some servers write their whole log there.
            if !self.complained.swap(true, Ordering::Relaxed) {
                let route = &self.route;
                tracing::warn!(target: "weir::stdio", route, "the server wrote a line that is not a message; such lines are dropped");
            }
            return;
        };
        match message.sort {
            Sort::Answer => self.on_answer(&message).await,
            Sort::Request => self.on_request(&message).await,
            Sort::Notification => self.on_notification(&message).await,
        }
    }

    async fn on_answer(&self, message: &Message) {
        let request = message.id().parse().ok().and_then(|number| self.table().take(number));
        let Some(Request { id, outlet, since, .. }) = request else {
            tracing::debug!(target: "weir::stdio", route = self.route, "an answer without an open request");
            return;
        };
        outlet.began(since);
        let answer = message.answering(&id);
        if let Some(notes) = outlet.call.as_ref().and_then(|call| call.agent.notes()) {
            notes.answered_with(answer.text());
        }
        outlet.send(ToClient::Answer(answer, id)).await;
    }

    async fn on_request(&self, message: &Message) {
        let found = {
            let mut table = self.table();
            let listens = |party| table.outlet(party).is_some_and(|outlet| outlet.party.streams.is_read(GENERAL));
            let way = table.way(message, listens);
            match way {
                // Without a listening client the gateway answers, so a ping does not wait.
                Way::Party(party) if message.method() == Method::Ping && !listens(party) => None,
                Way::Request(number) => table.request(number).map(|request| (request.party, request.outlet.clone())),
                Way::Party(party) => table.outlet(party).map(|outlet| (party, outlet)),
                Way::Parties(_) | Way::Nobody => None,
            }
            .filter(|(party, _)| table.add_question(*party, message.id()))
        };
        match found {
            Some((_, outlet)) => outlet.send(ToClient::Other(message.in_one_line())).await,
            None if message.method() == Method::Ping => self.send(rpc::result(message.id(), "{}")).await,
            None => {
                let route = &self.route;
                tracing::warn!(target: "weir::stdio", route, method = message.method_name(), "no client can answer a request of the server");
                let reason = "No client can be asked";
                self.send(rpc::error(message.id(), rpc::INTERNAL_ERROR, reason)).await;
            }
        }
    }

    async fn on_notification(&self, message: &Message) {
        let mut outlets = Vec::new();
        let mut began = None;
        let mut text = message.in_one_line();
        {
            let mut table = self.table();
            if self.users == Users::Exchanges && message.method() == Method::Cancelled {
                // The server ends a subscription: its stream ends with the request's outlet.
                if let Some(number) = message.cancelled().and_then(|id| id.parse().ok()) {
                    table.take(number);
                }
                return;
            }
            let listens = |party| table.outlet(party).is_some_and(|outlet| outlet.party.streams.is_read(GENERAL));
            match table.way(message, listens) {
                Way::Request(number) => {
                    if let Some(request) = table.request(number) {
                        text = match (&request.token, message.subscription()) {
                            (_, Some(_)) => message.with_subscription(&request.id),
                            (Some(token), None) if message.progress().is_some() => message.with_progress(token),
                            _ => text,
                        };
                        began = request.since;
                        outlets.push(request.outlet.clone());
                    }
                }
                Way::Party(party) => {
                    if let Some(id) = message.cancelled().filter(|_| message.method() == Method::Cancelled) {
                        table.take_question(party, id, Instant::now());
                    }
                    outlets.extend(table.outlet(party));
                }
                Way::Parties(parties) => {
                    outlets = parties.into_iter().filter_map(|party| table.outlet(party)).collect()
                }
                Way::Nobody => {
                    tracing::debug!(target: "weir::stdio", route = self.route, method = message.method_name(), "a notification has no recipient");
                }
            }
        }
        for outlet in outlets {
            outlet.began(began);
            outlet.send(ToClient::Other(text.clone())).await;
        }
    }

    /// Handles a message that was too long: if it was an answer, an error replaces it.
    async fn on_too_long(&self, start: &[u8], end: &[u8]) {
        tracing::warn!(target: "weir::stdio", route = self.route, "the server wrote a line that is longer than `max_body` allows");
        let number = id_of_ends(start, end).and_then(|id| id.parse().ok());
        if let Some(Request { id, outlet, .. }) = number.and_then(|number| self.table().take(number)) {
            outlet.party.conversation.forget(&id);
            outlet.send(ToClient::Ours(answer::unreadable(&id))).await;
        }
    }

    /// The process is gone: answers all its open requests.
    async fn on_exit(&self) {
        let (requests, parties) = {
            let mut table = self.table();
            (table.close(), table.outlets())
        };
        for (_, Request { id, outlet, .. }) in requests {
            outlet.party.conversation.forget(&id);
            if let Some(call) = &outlet.call {
                call.refused(UPSTREAM_UNREACHABLE);
                if let Some(notes) = call.agent.notes() {
                    notes.unanswered(&Refusal::UpstreamUnreachable(String::new()));
                }
            }
            outlet.send(ToClient::Ours(answer::lost(&id))).await;
        }
        for outlet in parties {
            outlet.party.streams.finish(GENERAL);
        }
    }
}
