//! The headers of a request to the upstream.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use weir_mcp::Era;
use weir_mcp::headers::SESSION_ID;

use crate::headers;
use crate::routes::PassAuthorization;
use crate::surface::mcp::call::McpCall;

/// Removes headers for the gateway itself, and those that the upstream must not see.
pub(super) fn request(call: &McpCall, headers: &mut HeaderMap, era: Era) {
    headers::clean_request(headers);
    if era == Era::Stateless {
        headers.remove(SESSION_ID);
    }
    match call.route.options.authorization {
        PassAuthorization::Pass => {}
        PassAuthorization::Drop => {
            headers.remove(AUTHORIZATION);
        }
    }
}
