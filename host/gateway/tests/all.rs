//! The gateway over real sockets, with closures for policies.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// Gateways, upstreams, clients and policies for the tests.
mod support;

/// What the admin surface answers, and to whom.
mod admin;
/// How connections begin, are bounded, drain and are cancelled.
mod connections;
/// Calls inside contexts, and what is recorded of them.
mod contexts;
/// What an HTTP route does with messages that policies see.
mod http_policies;
/// What passes a route untouched.
mod http_streaming;
/// What the interceptor server answers: cases as data.
mod interceptors;
/// What an MCP route does with messages: cases as data.
mod mcp;
/// Headers that say what a message says, in the revision that has them.
mod mcp_headers;
/// Whose a session is, where the route knows principals.
mod mcp_owners;
/// What every revision of MCP must do, each in its own way.
mod mcp_revisions;
/// Sessions: requests of the server, GET streams, resumption, cancellation, many sessions at a time.
mod mcp_sessions;
/// The revision without sessions: rounds, what no policy may change.
mod mcp_stateless;
/// What goes wrong towards callers and upstreams, and what is answered then.
mod refusals;
/// Policies on other interceptor servers, good and hostile ones.
mod remote;
/// Routes that lead to a program.
mod stdio;
