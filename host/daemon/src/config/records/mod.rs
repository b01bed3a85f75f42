//! `[records]`, `[records.preprocess]` and `[trust]`: as written, as resolved, and the step between.

mod queue;
mod resolve;
mod resolved;
mod written;

pub(super) use resolve::{resolve_records, resolve_trust};
pub use resolved::{PreprocessConfig, PreprocessHook, RecordsConfig, StoreChoice, TrustConfig};
pub use written::organisation;
pub(super) use written::{WrittenRecords, WrittenTrust, records, trust};
