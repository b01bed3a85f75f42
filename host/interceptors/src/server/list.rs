//! `interceptors/list`: descriptors in the order of the configuration, in pages if a page size is set.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use weir_core::{Declaration, Phase};
use weir_mcp::interceptors::Descriptor;
use weir_mcp::revision::Era;

use super::front::TTL_MS;
use super::rpc::{self, Failure, Outcome};
use super::{Interceptors, ServedPolicy};

#[derive(Deserialize)]
struct ListParams {
    event: Option<String>,
    cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    interceptors: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_scope: Option<&'static str>,
}

pub(super) fn list(interceptors: &Interceptors, epoch: u64, params: &str, era: Era) -> Outcome {
    let ListParams { event, cursor } = serde_json::from_str(params).map_err(Failure::params)?;
    let start = match cursor {
        None => 0,
        Some(cursor) => read_cursor(interceptors, epoch, &cursor)
            .ok_or_else(|| Failure::params("the cursor is unknown here; begin the list anew without one"))?,
    };
    let size = interceptors.page_size.unwrap_or(usize::MAX);
    let mut wanted = interceptors
        .served()
        .enumerate()
        .skip(start)
        .filter(|(_, served)| event.as_deref().is_none_or(|event| sees(served, event)));
    let page: Vec<Descriptor> = wanted.by_ref().take(size).map(|(_, served)| descriptor(served)).collect();
    let next_cursor = wanted.next().map(|(index, _)| write_cursor(epoch, index));
    let cached = era == Era::Stateless;
    let result = Page {
        interceptors: page,
        next_cursor,
        ttl_ms: cached.then_some(TTL_MS),
        // The list is the same for every caller.
        cache_scope: cached.then_some("public"),
    };
    rpc::complete(era, &result)
}

fn sees(served: &ServedPolicy, event: &str) -> bool {
    [Phase::Request, Phase::Response]
        .into_iter()
        .any(|phase| weir_core::matches(&served.settings.hooks.value, event, phase))
}

/// The declaration with the name and the hooks that apply here.
fn descriptor(served: &ServedPolicy) -> Descriptor {
    let ServedPolicy { settings, declaration, policy: _ } = served;
    Descriptor::of(&Declaration {
        name: settings.name.clone(),
        hooks: settings.hooks.value.clone(),
        ..declaration.clone()
    })
}

/// Encodes the running set and the index at which a page begins. Another set may have another order.
fn write_cursor(epoch: u64, index: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("{epoch}.{index}"))
}

fn read_cursor(interceptors: &Interceptors, epoch: u64, cursor: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (of, index) = text.split_once('.')?;
    let index: usize = index.parse().ok()?;
    (of.parse() == Ok(epoch) && index < interceptors.served().count()).then_some(index)
}
