//! Determines how to talk to a server: without a handshake if possible, else with one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_mcp::headers::SESSION_ID;
use weir_mcp::revision::{Era, Revision};

use super::server::{CallError, ClientInfo, Link, Nothing, Server, shorten};

/// Longest session id that is accepted. It is sent back in a header of each request.
const MAX_SESSION_ID: usize = 1024;

/// The params of the handshake.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hello {
    protocol_version: &'static str,
    capabilities: Nothing,
    client_info: ClientInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Discovered {
    supported_versions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Initialized {
    protocol_version: String,
}

impl Server {
    /// The link to the server, determined if not known.
    pub(super) async fn linked(&self) -> Result<Arc<Link>, CallError> {
        if let Some(link) = self.known_link() {
            return Ok(link);
        }
        let _turn = self.linking.lock().await;
        if let Some(link) = self.known_link() {
            return Ok(link);
        }
        let link = Arc::new(self.find_link().await?);
        self.set_link(Arc::clone(&link));
        Ok(link)
    }

    async fn find_link(&self) -> Result<Link, CallError> {
        let first = match self.exchange(&Link::Stateless, "server/discover", &Nothing {}).await {
            Ok(answer) => {
                let discovered: Discovered = serde_json::from_str(&answer.result)
                    .map_err(|error| CallError::Garbage(format!("server/discover: {error}")))?;
                let modern = Revision::V2026_07_28.as_str();
                if discovered.supported_versions.iter().any(|version| version == modern) {
                    return Ok(Link::Stateless);
                }
                "it does not support 2026-07-28".to_owned()
            }
            // Unreachable or not authorized: a handshake would fail the same way.
            Err(error @ CallError::Unreachable(_)) => return Err(error),
            Err(CallError::Status(status)) if matches!(status.as_u16(), 401 | 403) || status.is_server_error() => {
                return Err(CallError::Status(status));
            }
            Err(other) => other.to_string(),
        };
        self.begin_session().await.map_err(|error| match error {
            CallError::Unreachable(_) => error,
            other => CallError::Garbage(format!("neither server/discover ({first}) nor initialize works ({other})")),
        })
    }

    async fn begin_session(&self) -> Result<Link, CallError> {
        let link = Link::Session { id: None, revision: Revision::V2025_11_25 };
        let hello = Hello {
            protocol_version: Revision::V2025_11_25.as_str(),
            capabilities: Nothing {},
            client_info: ClientInfo::WEIR,
        };
        let answer = self.exchange(&link, "initialize", &hello).await?;
        let initialized: Initialized =
            serde_json::from_str(&answer.result).map_err(|error| CallError::Garbage(format!("initialize: {error}")))?;
        let agreed = Revision::parse(&initialized.protocol_version)
            .filter(|revision| *revision >= Revision::V2025_03_26 && revision.era() == Era::Session);
        let revision = agreed.ok_or_else(|| {
            CallError::Garbage(format!("it wants revision {:?}", shorten(&initialized.protocol_version)))
        })?;
        let id = answer.headers.get(&SESSION_ID).cloned();
        if id.as_ref().is_some_and(|id| id.len() > MAX_SESSION_ID) {
            return Err(CallError::Garbage("its session id is too long".to_owned()));
        }
        let link = Link::Session { id, revision };
        if let Err(error) = self.notify(&link, "notifications/initialized").await {
            self.end_session(&link);
            return Err(error);
        }
        Ok(link)
    }
}
