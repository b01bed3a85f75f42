//! `weir records`: looking at what was recorded, checking it, taking it elsewhere. Nothing here changes a store, so it
//! may be used beside a gateway that runs.

mod arguments;
mod export;
mod look;
mod run;
mod store;
mod verify;

pub(super) use arguments::RecordsCommand;
pub(super) use run::run;
