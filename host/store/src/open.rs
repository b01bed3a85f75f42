//! Opens a store at any kind of address.

use std::sync::Arc;

use crate::address::StoreAddress;
use crate::options::{Access, StoreOptions};
use crate::port::{Store, StoreError};
use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;

/// Opens a store.
pub async fn open(address: &StoreAddress, access: Access, options: StoreOptions) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match address {
        StoreAddress::Sqlite(path) => Arc::new(SqliteStore::open(path, access, options).await?),
        StoreAddress::Postgres(url) => Arc::new(PostgresStore::open(url, access, options).await?),
    })
}
