//! `weir records`: inspect, verify and export records. Nothing here changes a store, so it can be used next to a
//! running gateway.

mod arguments;
mod export;
mod look;
mod run;
mod store;
mod verify;

pub(super) use arguments::RecordsCommand;
pub(super) use run::run;
