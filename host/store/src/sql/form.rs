//! Converts table rows into their types.

use weir_record::Row;
use weir_record::chain::Head;
use weir_record::trust::{Endpoint, Tier};

use crate::port::{AuditEvent, Counts, StoreError};

/// One row of a result, from either database. Columns are counted from 0.
pub(crate) trait Columns {
    fn text(&self, column: usize) -> Result<String, StoreError>;
    fn optional_text(&self, column: usize) -> Result<Option<String>, StoreError>;
    fn number(&self, column: usize) -> Result<i64, StoreError>;
    fn optional_number(&self, column: usize) -> Result<Option<i64>, StoreError>;
    /// Whether these columns hold integers and all others text or NULL. Only SQLite can have it otherwise.
    fn keep_to_their_types(&self, _numbers: &[usize]) -> bool {
        true
    }
}

/// Reads a row whatever it contains: a tampered row must reach `verify`, not disappear behind an error. A value of the
/// wrong type is read as its original text, but no list condition matches it; so such a row gets no hash, which
/// `verify` reports.
pub(crate) fn row(columns: &dyn Columns) -> Result<Row, StoreError> {
    Ok(Row {
        id: columns.number(0)?,
        call_ref: columns.text(1)?,
        agent_id: columns.optional_text(2)?,
        action_name: columns.optional_text(3)?,
        intercept_index: columns.optional_number(4)?,
        source_url: columns.text(5)?,
        method: columns.text(6)?,
        request_payload: columns.text(7)?,
        raw_response: columns.text(8)?,
        response_hash: columns.text(9)?,
        status: columns.text(10)?,
        decisions: columns.text(11)?,
        created_at: columns.text(12)?,
        previous_hash: columns.text(13)?,
        hash: if columns.keep_to_their_types(&[0, 4]) { columns.text(14)? } else { String::new() },
    })
}

/// A mark at 0 is an empty chain, whatever its hash.
pub(crate) fn head(columns: &dyn Columns) -> Result<Head, StoreError> {
    match columns.number(0)? {
        0 => Ok(Head::empty()),
        id => Ok(Head { id, hash: columns.text(1)? }),
    }
}

pub(crate) fn call_ref(columns: &dyn Columns) -> Result<String, StoreError> {
    columns.text(0)
}

pub(crate) fn counts(columns: &dyn Columns) -> Result<Counts, StoreError> {
    Ok(Counts {
        records: columns.optional_number(0)?.unwrap_or_default(),
        audit_events: columns.number(1)?,
        active_endpoints: columns.number(2)?,
    })
}

/// An endpoint with its number.
pub(crate) fn endpoint(columns: &dyn Columns) -> Result<(i64, Endpoint), StoreError> {
    let endpoint = Endpoint {
        id: columns.text(1)?,
        org: columns.text(2)?,
        url: columns.text(3)?,
        normalized_url: columns.text(4)?,
        label: columns.optional_text(5)?,
        // An unknown tier gets the weaker trust.
        tier: Tier::parse(&columns.text(6)?).unwrap_or(Tier::Warn),
        created_at: columns.text(7)?,
        revoked_at: columns.optional_text(8)?,
        created_by: columns.optional_text(9)?,
    };
    Ok((columns.number(0)?, endpoint))
}

pub(crate) fn event(columns: &dyn Columns) -> Result<AuditEvent, StoreError> {
    Ok(AuditEvent {
        id: columns.number(0)?,
        kind: columns.text(1)?,
        at: columns.text(2)?,
        call_ref: columns.optional_text(3)?,
        detail: columns.text(4)?,
    })
}
