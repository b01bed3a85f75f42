//! The traits that a protocol implements.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, Response};
use weir_core::{Phase, catalogue};
use weir_http::{Body, Incoming};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::routes::Route;
use crate::surface_state::SurfaceState;

/// One protocol on one route. It owns everything the protocol needs.
#[async_trait]
pub trait Surface: Any + Send + Sync {
    /// The protocol's name in logs, metrics and the admin API.
    fn protocol(&self) -> &'static str;

    /// Reads a request far enough to classify it. An unreadable request is refused.
    async fn read(&self, call: &Arc<Call>, request: Request<Incoming>) -> Result<Box<dyn Exchange>, Refusal>;

    /// Whether it emits an event of that name, or one that the pattern (`*`, `namespace/*`) covers, in that phase. A
    /// surface whose events are not in the catalogue, or not all of them, says so itself.
    fn emits(&self, pattern: &str, phase: Phase) -> bool {
        let _ = phase;
        catalogue::emits(self.protocol(), pattern)
    }

    /// Whether only pages of allowed origins may reach it. For protocols that web pages do not use.
    fn guards_origin(&self) -> bool {
        false
    }

    /// Checks a route of this protocol; the error says what is required.
    fn check(&self, route: &Route) -> Result<(), &'static str> {
        match route.upstream {
            Some(_) => Ok(()),
            None => Err("it must be an absolute URL with scheme http or https"),
        }
    }

    /// The server that it reaches itself, for people; empty if requests go to the route's URL.
    fn server(&self) -> String {
        String::new()
    }

    /// The URL in rows for a server that has none.
    fn place(&self, server: &str) -> String {
        server.to_owned()
    }

    /// The state its routes share between exchanges, if any.
    fn state(&self) -> Option<Arc<dyn SurfaceState>> {
        None
    }
}

/// One exchange that was read.
#[async_trait]
pub trait Exchange: Send {
    /// Whether it is an agent's action, and so recorded; `false` for the housekeeping of a protocol.
    fn is_action(&self) -> bool {
        true
    }

    /// What happens when the caller goes away.
    fn life(&self) -> Life {
        Life::Caller
    }

    /// Carries it through the policies to the upstream and back.
    async fn carry(self: Box<Self>, call: Arc<Call>) -> Result<Response<Body>, Refusal>;
}

/// How long an exchange lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// As long as its caller stays: a disconnect cancels it.
    Caller,
    /// Until the head of its reply, whether or not its caller stays.
    OwnAccord,
}
