//! Handles the end of a reply's body: reports the exchange, and completes its row if it is recorded.

use weir_http::{BodyError, Observer};

use crate::call::Watch;
use crate::records::Recording;

/// What to complete at the end of a reply.
pub(crate) struct ReplyEnd {
    pub(crate) watch: Watch,
    pub(crate) recording: Option<Recording>,
}

impl Observer for ReplyEnd {
    fn last(&mut self) {
        // The row is completed before the last frame goes out; whether that frame arrives does not change the row.
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
