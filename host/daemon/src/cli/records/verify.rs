//! `weir records verify`: the result of the chain check, and the records that Weir knows to be lost.

use serde::Serialize;
use weir_record::chain::{Anchor, Break, Verdict};
use weir_store::chain::verify;
use weir_store::{Loss, Store, StoreAddress, StoreError};

use super::arguments::VerifyArguments;
use super::store::{PAGE, failed, open};
use crate::cli::ended::{Ended, usage};
use crate::output::{self, Paint, printable};

/// Maximum lost calls listed one by one.
const MAX_LISTED: usize = 20;

/// Checks, reports, and exits with the result.
pub(super) async fn check(arguments: VerifyArguments) -> Ended {
    let VerifyArguments { anchor, json, folder } = arguments;
    let anchor = match anchor.as_deref().map(read_anchor).transpose() {
        Ok(anchor) => anchor,
        Err(message) => return usage(&message),
    };
    let (store, address) = match open(&folder).await {
        Ok(opened) => opened,
        Err(ended) => return ended,
    };
    let outcome = async {
        let verdict = verify(&*store, anchor.as_ref(), |_| {}).await?;
        let lost = lost(&*store).await?;
        Ok::<_, StoreError>((verdict, lost))
    };
    let (verdict, lost) = match outcome.await {
        Ok(outcome) => outcome,
        Err(error) => return failed(&address, &error),
    };
    let ended = if matches!(verdict, Verdict::Whole { .. }) { Ended::Done } else { Ended::NotRight };
    if json {
        output::result(&output::json(&verdict_form(&verdict, &lost)));
    } else {
        tell(&verdict, &lost, &address);
    }
    ended
}

fn read_anchor(text: &str) -> Result<Anchor, String> {
    let wrong = || format!("--anchor {text:?}: give the number of a record and its hash, as in 42:9f86d0…");
    let (id, hash) = text.split_once(':').ok_or_else(wrong)?;
    let id = id.parse().ok().filter(|id| *id > 0).ok_or_else(wrong)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| Anchor { id, hash: hash.to_ascii_lowercase() }).ok_or_else(wrong)
}

/// A time at which records were lost, why, and which.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimedLoss {
    at: String,
    reason: String,
    call_refs: Vec<String>,
}

/// What Weir itself has told of losses, newest first.
async fn lost(store: &dyn Store) -> Result<Vec<TimedLoss>, StoreError> {
    let (mut losses, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.events(Some("records.lost"), cursor, PAGE).await?;
        losses.extend(page.entries.into_iter().map(|event| {
            let Loss { reason, call_refs, .. } = serde_json::from_str(&event.detail).unwrap_or_default();
            TimedLoss { at: event.at, reason, call_refs }
        }));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(losses);
        }
    }
}

/// The verdict as JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum VerdictForm<'v> {
    Whole { ok: bool, records: i64, head: HeadForm<'v>, lost: &'v [TimedLoss] },
    Broken { ok: bool, error: String, id: Option<i64>, lost: &'v [TimedLoss] },
}

#[derive(Serialize)]
struct HeadForm<'v> {
    id: i64,
    hash: &'v str,
}

fn verdict_form<'v>(verdict: &'v Verdict, lost: &'v [TimedLoss]) -> VerdictForm<'v> {
    match verdict {
        Verdict::Whole { head } => {
            let form = HeadForm { id: head.id, hash: &head.hash };
            VerdictForm::Whole { ok: true, records: head.id, head: form, lost }
        }
        Verdict::Broken(found) => VerdictForm::Broken { ok: false, error: found.to_string(), id: place(found), lost },
    }
}

/// The first bad record.
const fn place(found: &Break) -> Option<i64> {
    match found {
        Break::Altered { id, .. } | Break::Response { id, .. } | Break::Link { id, .. } | Break::Anchor { id } => {
            Some(*id)
        }
        Break::Missing { from, .. } | Break::Truncated { from, .. } => Some(*from),
        Break::End { found, .. } => Some(*found),
        Break::NoHead => None,
    }
}

fn tell(verdict: &Verdict, lost: &[TimedLoss], address: &StoreAddress) {
    let paint = Paint::stdout();
    let mut lines = Vec::new();
    match verdict {
        Verdict::Whole { head } if head.id == 0 => lines.push(paint.good("ok: there are no records yet")),
        Verdict::Whole { head } => {
            lines.push(paint.good(&format!("ok: {} records, none altered, missing, added or moved", head.id)));
            lines.push(format!("the last is {}:{}", head.id, head.hash));
            lines.push(
                paint.dim("keep that elsewhere and give it as --anchor later: it shows if everything was written anew"),
            );
        }
        Verdict::Broken(found) => {
            lines.push(paint.bad(&printable(&format!("BROKEN: {found}"))));
            let before = match found {
                Break::Altered { .. } | Break::Response { .. } | Break::Link { .. } => {
                    "what comes before it is as it was written; "
                }
                Break::Missing { .. } | Break::Truncated { .. } => "what comes before them is as it was written; ",
                Break::End { .. } | Break::NoHead | Break::Anchor { .. } => "",
            };
            lines.push(format!("{before}keep a copy of {address} as it is now before anything else"));
        }
    }
    for TimedLoss { at, reason, call_refs } in lost {
        let count = call_refs.len();
        lines.push(paint.warn(&printable(&format!(
            "lost: {count} {}, told at {at} ({reason}):",
            if count == 1 { "call" } else { "calls" }
        ))));
        lines.extend(call_refs.iter().take(MAX_LISTED).map(|call_ref| format!("  {}", printable(call_ref))));
        if count > MAX_LISTED {
            lines.push(format!("  and {} more; --json lists all", count - MAX_LISTED));
        }
    }
    output::result(&lines.join("\n"));
}
