//! Verifies the hash chain over all rows of a store.

use weir_record::chain::{Anchor, Break, Head, Verdict, Walk};

use crate::port::{RecordStore, StoreError};

/// Rows read at a time.
const PAGE: usize = 500;

/// Verifies all rows. Rows appended meanwhile are checked up to the end that was recorded at the start. `progress`
/// receives the position reached.
pub async fn verify(
    store: &dyn RecordStore,
    anchor: Option<&Anchor>,
    mut progress: impl FnMut(i64),
) -> Result<Verdict, StoreError> {
    let remembered = store.head().await?;
    let mut walk = Walk::new(anchor);
    let end = remembered.as_ref().map_or(i64::MAX, |head| head.id);
    loop {
        let rows = store.behind(walk.last().id, PAGE).await?;
        let Some(newest) = rows.last().map(|row| row.id) else { break };
        for row in &rows {
            if walk.last().id >= end {
                break;
            }
            if let Err(found) = walk.step(row) {
                return Ok(Verdict::Broken(found));
            }
        }
        progress(walk.last().id);
        if newest >= end || walk.last().id >= end {
            break;
        }
    }
    if let Err(found) = walk.ends_at(remembered.as_ref()) {
        return Ok(Verdict::Broken(found));
    }
    if let Some(found) = behind_the_mark(store).await? {
        return Ok(Verdict::Broken(found));
    }
    Ok(match walk.finish() {
        Ok(head) => Verdict::Whole { head },
        Err(found) => Verdict::Broken(found),
    })
}

/// Weir updates the mark together with the rows, so a row after the mark was written by someone else.
async fn behind_the_mark(store: &dyn RecordStore) -> Result<Option<Break>, StoreError> {
    let now = store.head().await?.unwrap_or_else(Head::empty);
    let Some(row) = store.behind(now.id, 1).await?.pop() else { return Ok(None) };
    let again = store.head().await?.unwrap_or_else(Head::empty);
    Ok((row.id > again.id).then_some(Break::End { found: row.id, remembered: again.id }))
}
