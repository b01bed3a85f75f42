//! The gateway as a process: the real binary, real sockets, real clients and upstreams.
