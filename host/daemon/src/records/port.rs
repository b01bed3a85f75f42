//! The gateway's port to records and trust.

use std::sync::Arc;

use async_trait::async_trait;
use weir_gateway::records::{Exchange, NotAdmitted, Place, Records, Trust, Wanted};
use weir_record::RecordMode;
use weir_store::{Admission, Permit};

use super::kept::Kept;
use super::settle::Settler;

/// A gateway that has no store: calls inside a context are refused, since they could not be recorded.
#[derive(Debug, Clone, Copy)]
pub struct Unkept;

/// The port over what is kept, if anything is.
pub fn gateway_port(kept: Option<Arc<Kept>>) -> Arc<dyn Records> {
    match kept {
        Some(kept) => kept,
        None => Arc::new(Unkept),
    }
}

struct Held {
    permit: Option<Permit>,
    settler: Settler,
}

#[async_trait]
impl Records for Kept {
    fn mode(&self) -> RecordMode {
        self.recorder.mode()
    }

    fn body_limit(&self) -> usize {
        self.body_limit
    }

    async fn admit(&self, call_ref: &str) -> Result<Box<dyn Place>, NotAdmitted> {
        if !self.settler.has_room().await {
            return Err(NotAdmitted::Full);
        }
        match self.recorder.admit(call_ref).await {
            Ok(permit) => Ok(Box::new(Held { permit: Some(permit), settler: self.settler.clone() })),
            // References are made here and never twice.
            Err(Admission::Full | Admission::Twice) => Err(NotAdmitted::Full),
            Err(Admission::Closed) => Err(NotAdmitted::Closed),
        }
    }

    async fn trust(&self, wanted: &Wanted<'_>) -> Trust {
        self.trust.check(wanted)
    }
}

impl Place for Held {
    fn fill(mut self: Box<Self>, exchange: Exchange) {
        if let Some(permit) = self.permit.take() {
            self.settler.settle(permit, exchange);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            permit.release();
        }
    }
}

#[async_trait]
impl Records for Unkept {
    fn mode(&self) -> RecordMode {
        RecordMode::Context
    }

    fn body_limit(&self) -> usize {
        0
    }

    async fn admit(&self, _: &str) -> Result<Box<dyn Place>, NotAdmitted> {
        Err(NotAdmitted::NoStore)
    }

    async fn trust(&self, _: &Wanted<'_>) -> Trust {
        Trust::Trusted
    }
}
