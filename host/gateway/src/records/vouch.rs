//! Whether a call inside a context may go where it wants to.

use http::Uri;

use super::{Trust, Wanted};
use crate::call::Call;
use crate::contexts::{Carried, Inside};
use crate::refusal::Refusal;

/// Refuses a call inside a context that may not go there. Asked before policies run, since these may send something
/// out, too, and again if a policy led the call to another place.
pub(crate) async fn vouch(call: &Call, url: &Uri) -> Result<(), Refusal> {
    let Some(Carried { inside, passthrough: false, promised: _ }) = &call.agent.carried else { return Ok(()) };
    if call.agent.vouched.get() == Some(url) {
        return Ok(());
    }
    let Inside { agent_id, action_name, index: _ } = inside;
    let text = url.to_string();
    let wanted = Wanted { url: &text, agent_id, action_name, call_ref: call.reference.as_str() };
    match call.shared.records.trust(&wanted).await {
        Trust::Trusted => {
            let _ = call.agent.vouched.set(url.clone());
            Ok(())
        }
        Trust::Untrusted { message } => Err(Refusal::Untrusted(message)),
    }
}
