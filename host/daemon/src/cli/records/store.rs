//! Opens the store for a command, and parses its conditions.

use std::path::Path;
use std::sync::Arc;

use weir_store::{Access, Filter, Store, StoreAddress, StoreError, Time};

use super::arguments::Selection;
use crate::cli::ended::{Ended, usage};
use crate::config::records::StoreChoice;
use crate::config::{Folder, Upstreams};
use crate::output::{self, Paint};

/// Rows read at a time.
pub(super) const PAGE: usize = 500;

/// A folder's store and its address.
pub(super) async fn open(folder: &Path) -> Result<(Arc<dyn Store>, StoreAddress), Ended> {
    let folder = Folder::new(folder);
    let (config, report) = folder.config(Upstreams::AsWritten);
    let Some(config) = config.filter(|_| !report.has_errors()) else {
        output::complaint(&output::problems(&report.into_sorted(), Paint::stderr()));
        return Err(Ended::NotRight);
    };
    let address = config.records.store.address().clone();
    match (&config.records.store, &address) {
        (StoreChoice::Usual(_), StoreAddress::Sqlite(path)) if !path.exists() => {
            output::problem(&format!(
                "nothing was recorded yet: there is no file {}; the folder's weir.toml names no store in [records]",
                path.display()
            ));
            return Err(Ended::NotRight);
        }
        _ => {}
    }
    match weir_store::open(&address, Access::Read, config.records.options).await {
        Ok(store) => Ok((store, address)),
        Err(error) => Err(failed(&address, &error)),
    }
}

/// Reports a store error.
pub(super) fn failed(address: &StoreAddress, error: &StoreError) -> Ended {
    output::problem(&format!("{address}: {error}"));
    Ended::NotRight
}

/// The conditions, and the folder's store with its address.
pub(super) async fn select(
    selection: Selection,
    folder: &Path,
) -> Result<(Filter, Arc<dyn Store>, StoreAddress), Ended> {
    let Selection { agent_id, action_name, call_ref, from, to } = selection;
    let time = |option: &str, text: Option<String>| {
        text.map(|text| Time::parse(&text).map_err(|error| usage(&format!("{option}: {error}")))).transpose()
    };
    let filter = Filter { agent_id, action_name, call_ref, from: time("--from", from)?, to: time("--to", to)? };
    let (store, address) = open(folder).await?;
    Ok((filter, store, address))
}
