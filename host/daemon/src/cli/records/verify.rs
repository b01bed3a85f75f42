//! `weir records verify`: the result of the chain check, and the records that Weir knows to be lost.

use serde_json::{Value, json};
use weir_record::chain::{Anchor, Break, Verdict};
use weir_store::chain::verify;
use weir_store::{Store, StoreAddress, StoreError};

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

/// A reported loss: when, why, and which records.
struct Loss {
    at: String,
    reason: String,
    call_refs: Vec<String>,
}

/// The losses that Weir has reported, newest first.
async fn lost(store: &dyn Store) -> Result<Vec<Loss>, StoreError> {
    let (mut losses, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.events(Some("records.lost"), cursor, PAGE).await?;
        losses.extend(page.entries.into_iter().map(|event| {
            let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
            let call_refs = detail["callRefs"].as_array().into_iter().flatten();
            Loss {
                at: event.at,
                reason: detail["reason"].as_str().unwrap_or_default().to_owned(),
                call_refs: call_refs.filter_map(|one| Some(one.as_str()?.to_owned())).collect(),
            }
        }));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(losses);
        }
    }
}

fn verdict_form(verdict: &Verdict, lost: &[Loss]) -> Value {
    let lost: Vec<Value> =
        lost.iter().map(|loss| json!({ "at": loss.at, "reason": loss.reason, "callRefs": loss.call_refs })).collect();
    match verdict {
        Verdict::Whole { head } => {
            json!({ "ok": true, "records": head.id, "head": { "id": head.id, "hash": head.hash }, "lost": lost })
        }
        Verdict::Broken(found) => {
            json!({ "ok": false, "error": found.to_string(), "id": place(found), "lost": lost })
        }
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

fn tell(verdict: &Verdict, lost: &[Loss], address: &StoreAddress) {
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
    for Loss { at, reason, call_refs } in lost {
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
