//! The limit on open files, and how many connections it allows.
//!
//! Shells and service managers start programs with a soft limit of 1,024, for the sake of old programs. We raise it to
//! the hard limit. If that is still too low, we reduce the number of connections: accepting a call and then having no
//! file for its upstream is worse than letting it wait.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are not connections of calls: listeners, the admin surface, the log, the store, the code cache, watches,
/// pipes of servers.
const OTHERS: u64 = 64;

/// One to the caller, one to the upstream.
const PER_CALL: u64 = 2;

/// The minimum, however low the limit is.
const FEWEST: usize = 8;

/// Raises the limit as far as possible. Returns how many of the wanted connections fit.
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
    // None means no limit.
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
