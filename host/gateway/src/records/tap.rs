//! Taps on the bodies of a recorded exchange: what passes is noted.

use std::sync::Arc;

use weir_http::Tap;

use super::Notes;

/// Notes the body of a request on its way out.
pub(crate) struct RequestTap(pub(crate) Arc<Notes>);

/// Notes the body of the upstream's answer as it comes.
pub(crate) struct AnswerTap(pub(crate) Arc<Notes>);

impl Tap for RequestTap {
    fn passes(&self, data: &[u8]) {
        self.0.sent(data);
    }

    fn ends(&self) {
        self.0.sent_all();
    }

    // That the caller broke off says how far the request came, not how the upstream answered.
    fn breaks(&self) {}
}

impl Tap for AnswerTap {
    fn passes(&self, data: &[u8]) {
        self.0.came(data);
    }

    fn ends(&self) {
        self.0.came_all();
    }

    fn breaks(&self) {
        self.0.broke_off();
    }
}
