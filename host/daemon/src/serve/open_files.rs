//! How many files the process may have open, and what that leaves for connections.
//!
//! Shells and service managers start programs with a soft limit of 1,024, far below what the system allows, so that
//! old programs do not break; this one takes what it is allowed. What is still too little bounds the connections:
//! a call that was accepted and then finds no file for its upstream is worse than one that waits to be accepted.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are not connections of calls: listeners, the admin surface, the log, the store, the code cache, watches,
/// the pipes of servers.
const OTHERS: u64 = 64;

/// One from the caller, one to the upstream.
const PER_CALL: u64 = 2;

/// What even the smallest limit leaves.
const FEWEST: usize = 8;

/// Raises the limit as far as is allowed. Gives the connections to take, of those that are wanted.
pub fn connections(wanted: usize) -> usize {
    let limit = raised();
    let most = connections_within(limit);
    if most < wanted {
        tracing::warn!(
            target: "weir::serve",
            open_files = limit,
            max_connections = wanted,
            "the system allows too few open files (ulimit -n) for max_connections, so at most {most} are taken"
        );
    }
    most.min(wanted)
}

fn raised() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // None is no limit.
    if current.is_some()
        && current != maximum
        && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok()
    {
        return maximum.unwrap_or(u64::MAX);
    }
    current.unwrap_or(u64::MAX)
}

fn connections_within(open_files: u64) -> usize {
    let most = open_files.saturating_sub(OTHERS) / PER_CALL;
    usize::try_from(most).unwrap_or(usize::MAX).max(FEWEST)
}

#[cfg(test)]
mod tests {
    #[test]
    fn few_files_leave_few_connections_but_some() {
        for (open_files, connections) in [(0, 8), (64, 8), (1024, 480), (10_000, 4968)] {
            assert_eq!(super::connections_within(open_files), connections);
        }
    }
}
