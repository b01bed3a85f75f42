//! All processes of a gateway, by route.
//!
//! Invariants: a process belongs to a route of the current set; if the route is removed or changes its command, its
//! processes end; none outlives the gateway.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use weir_http::tasks::OwnedTasks;

use super::answer;
use super::bridge::Bridge;
use crate::refusal::Refusal;
use crate::routes::{Route, Routes};
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::command::Command;

/// Time for processes to exit on shutdown: more than the longest graceful shutdown.
const END: Duration = Duration::from_secs(7);

/// Shortest and longest interval between searches for idle sessions.
const SWEEP: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// Returns the command of a route, if it has one.
type CommandOf = for<'r> fn(&'r Route) -> Option<&'r Command>;

/// The processes of all routes.
#[derive(Default)]
pub(crate) struct Servers {
    bridges: Mutex<HashMap<String, Arc<Bridge>>>,
    supervisors: OwnedTasks,
    /// Told of every further route: its sessions may be idle sooner than those of the others.
    more: Notify,
}

impl Servers {
    /// The processes of a call's route, which has this command. `command_of` returns that of any route.
    pub(crate) fn bridge(
        &self,
        call: &McpCall,
        command: &Command,
        command_of: CommandOf,
    ) -> Result<Arc<Bridge>, Refusal> {
        let name = call.route_name();
        let mut bridges = self.bridges();
        // Checked under the lock: a call from before a reload must not restart what the reload ended.
        let current = call.shared.current();
        if current.routes.by_name(name).and_then(command_of) != Some(command) {
            let text = "The route has changed; start again";
            return Err(answer::refuse(StatusCode::SERVICE_UNAVAILABLE, "null", text).into());
        }
        let bridge = bridges.entry(name.to_owned()).or_insert_with(|| {
            self.more.notify_one();
            Arc::new(Bridge::new(name, command, self.supervisors.clone()))
        });
        Ok(Arc::clone(bridge))
    }

    /// Ends processes that a new set does not use.
    pub(crate) fn replaced(&self, routes: &Routes, command_of: CommandOf) {
        self.bridges().retain(|name, bridge| {
            let stays = routes.by_name(name).and_then(command_of) == Some(&bridge.command);
            if !stays {
                tracing::info!(target: "weir::stdio", route = name, "the route has changed: stopping its servers");
                bridge.end();
            }
            stays
        });
    }

    /// Ends idle sessions and processes while it is polled.
    pub(crate) async fn tend(&self) {
        loop {
            let bridges: Vec<Arc<Bridge>> = self.bridges().values().map(Arc::clone).collect();
            let shortest = bridges.iter().map(|bridge| bridge.command.idle_timeout / 4).min();
            tokio::select! {
                () = sleep(shortest.unwrap_or(SWEEP.1).clamp(SWEEP.0, SWEEP.1)) => {}
                () = self.more.notified() => continue,
            }
            for bridge in bridges {
                bridge.sweep().await;
            }
        }
    }

    /// No new calls will arrive. Streams that only listen end, so the drain waits only for calls in flight.
    pub(crate) fn drain(&self) {
        self.bridges().values().for_each(|bridge| bridge.drain());
    }

    /// Ends all processes and waits for them.
    pub(crate) async fn end(&self) {
        self.stop();
        if timeout(END, self.supervisors.finished()).await.is_err() {
            tracing::warn!(target: "weir::stdio", "some servers did not exit in time; killing them");
        }
    }

    /// Ends all processes without waiting.
    pub(crate) fn stop(&self) {
        std::mem::take(&mut *self.bridges()).values().for_each(|bridge| bridge.end());
    }

    fn bridges(&self) -> MutexGuard<'_, HashMap<String, Arc<Bridge>>> {
        self.bridges.lock()
    }
}
