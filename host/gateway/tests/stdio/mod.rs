//! Routes that lead to a program: the gateway starts it and is its Streamable HTTP server.

/// A client of sessions, and what it reads.
mod client;
/// Servers that say nothing, or do not read.
mod late;
/// What policies do to messages on their way through a process.
mod policies;
/// How processes begin, fail, are counted and end.
mod processes;
/// What is recorded of calls inside contexts.
mod records;
/// Sessions: how they begin and end, their streams, resumption.
mod sessions;
/// Several sessions with one process.
mod shared;
/// Exchanges without sessions.
mod stateless;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use weir_gateway::Protocol;
use weir_gateway::surface::mcp::{Command, Sharing};

use crate::support::route::Upstream;
use crate::support::{Policy, Route, Running, route, start};

/// The server that the tests start.
fn server() -> String {
    let own = std::env::current_exe().unwrap();
    let folder: PathBuf = own.ancestors().nth(2).unwrap().join("examples");
    let path = folder.join("mcp_stdio_server");
    assert!(path.is_file(), "{} is not there; `cargo test -p weir-gateway` builds it first", path.display());
    path.display().to_string()
}

fn command(sharing: Sharing) -> Command {
    Command { sharing, ..Command::new(server()) }
}

/// A route `/r` to a program.
fn leading_to(command: Command, policies: Vec<Policy>) -> Route {
    Route {
        upstream: Upstream::Command(command),
        ..route(Protocol::Mcp, std::net::SocketAddr::from(([127, 0, 0, 1], 1)), policies)
    }
}

/// A gateway in front of the server.
async fn gateway(sharing: Sharing, policies: Vec<Policy>) -> Running {
    start(vec![leading_to(command(sharing), policies)]).await
}

/// Whether a process is there, as a zombie or otherwise.
fn is_there(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain until {what}");
}

/// Puts another route in the place of the one that serves.
fn replace(running: &Running, epoch: u64, route: Route) {
    running.replace(epoch, vec![route], Default::default());
}

/// A value that several hands change.
type Shared<T> = Arc<std::sync::Mutex<T>>;
