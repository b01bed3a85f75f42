//! What a protocol has to do to be spoken on a route.

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

/// One protocol on one route. It owns everything that its protocol needs.
#[async_trait]
pub trait Surface: Any + Send + Sync {
    /// The word for its protocol in logs, metrics and the admin surface.
    fn protocol(&self) -> &'static str;

    /// Reads a request as far as is needed to say what it is. What cannot be read is refused.
    async fn read(&self, call: &Arc<Call>, request: Request<Incoming>) -> Result<Box<dyn Exchange>, Refusal>;

    /// Whether it emits an event of that name, or one that the pattern (`*`, `namespace/*`) covers, in that phase. A
    /// surface whose events are not in the catalogue, or not all of them, says so itself.
    fn emits(&self, pattern: &str, phase: Phase) -> bool {
        let _ = phase;
        catalogue::emits(self.protocol(), pattern)
    }

    /// Whether only pages of admitted origins may reach it. A page in a browser must not speak a protocol that no page
    /// speaks.
    fn guards_origin(&self) -> bool {
        false
    }

    /// Whether a route of it can be served; else what would be right.
    fn check(&self, route: &Route) -> Result<(), &'static str> {
        match route.upstream {
            Some(_) => Ok(()),
            None => Err("it must be an absolute URL with scheme http or https"),
        }
    }

    /// The server that it reaches by itself, for people; empty where requests go to the route's URL.
    fn server(&self) -> String {
        String::new()
    }

    /// The URL that stands in rows for a server that has none.
    fn place(&self, server: &str) -> String {
        server.to_owned()
    }

    /// What its routes keep between exchanges, if they keep anything.
    fn state(&self) -> Option<Arc<dyn SurfaceState>> {
        None
    }
}

/// One exchange that was read.
#[async_trait]
pub trait Exchange: Send {
    /// Whether it is what an agent does, and so worth a row; `false` for the housekeeping of a protocol.
    fn is_action(&self) -> bool {
        true
    }

    /// What a caller that goes away means for it.
    fn life(&self) -> Life {
        Life::Caller
    }

    /// Takes it through the policies to the upstream and back.
    async fn carry(self: Box<Self>, call: Arc<Call>) -> Result<Response<Body>, Refusal>;
}

/// How long an exchange goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// As long as its caller stays: going away cancels it.
    Caller,
    /// Up to the head of its reply, whether or not its caller stays.
    OwnAccord,
}
