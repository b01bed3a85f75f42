//! What is told how a reply's body ends: the report of the exchange, and its row where it is recorded.

use weir_http::{BodyError, Observer};

use crate::call::Watch;
use crate::records::Recording;

/// The end of one reply.
pub(crate) struct ReplyEnd {
    pub(crate) watch: Watch,
    pub(crate) recording: Option<Recording>,
}

impl Observer for ReplyEnd {
    fn last(&mut self) {
        // The row is made before the last piece goes out; whether that arrives changes nothing in it.
        self.complete();
    }

    fn ended(mut self: Box<Self>) {
        self.complete();
        self.watch.finished();
    }

    fn broken(self: Box<Self>, error: &BodyError) {
        let Self { watch, recording } = *self;
        drop(recording);
        watch.broken(error.as_ref());
    }
}

impl ReplyEnd {
    fn complete(&mut self) {
        if let Some(recording) = self.recording.take() {
            recording.complete();
        }
    }
}
