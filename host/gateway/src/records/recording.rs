//! The guard over one recorded exchange: whoever holds it last makes the row.
//!
//! Invariants: it has one owner at a time, first the exchange and then its reply, so an exchange makes one row, and
//! makes it whatever ends it; the row is handed over before the last of the reply goes out, so that whoever has read a
//! reply finds its row before the row of a later call.

use std::sync::Arc;
use std::time::SystemTime;

use http::Response;
use weir_http::Body;
use weir_record::RecordMode;

use super::notes::Fate;
use super::{Exchange, Notes, Place};
use crate::call::Call;
use crate::contexts::{Carried, Inside};
use crate::reference::CallRef;
use crate::refusal::Refusal;

/// An exchange that is recorded.
pub(crate) struct Recording {
    notes: Arc<Notes>,
    place: Option<Box<dyn Place>>,
    reference: CallRef,
    inside: Option<Inside>,
    began: SystemTime,
    fate: Fate,
}

/// Lets an exchange go on, recorded if it is to be. The recording comes with the reply, for whoever sends that.
pub(crate) async fn recorded(
    call: &Call,
    exchange: impl Future<Output = Result<Response<Body>, Refusal>>,
) -> Result<(Response<Body>, Option<Recording>), Refusal> {
    let Some(mut recording) = Recording::begin(call).await? else { return Ok((exchange.await?, None)) };
    match exchange.await {
        Ok(reply) => {
            recording.fate = Fate::Replied;
            Ok((reply, Some(recording)))
        }
        Err(refusal) => {
            recording.fate = Fate::Refused;
            Err(refusal)
        }
    }
}

impl Recording {
    /// Takes a place in the queue for an exchange that is to be recorded; `None` if it is not.
    async fn begin(call: &Call) -> Result<Option<Self>, Refusal> {
        let records = &call.shared.records;
        let inside = match (records.mode(), &call.agent.carried) {
            (RecordMode::Off, _) | (RecordMode::Context, None) | (_, Some(Carried { passthrough: true, .. })) => {
                return Ok(None);
            }
            (_, carried) => carried.as_ref().map(|carried| carried.inside.clone()),
        };
        let began = SystemTime::now();
        let place = records.admit(call.reference.as_str()).await.map_err(Refusal::NotRecorded)?;
        let url = match call.route.target() {
            Some(_) => call.wanted_url().map(|url| url.to_string()).unwrap_or_default(),
            None => call.route.surface.place(&call.route.server),
        };
        let notes = Arc::new(Notes::new(url, call.method().as_str().to_owned(), records.body_limit()));
        call.agent.note_in(&notes);
        let reference = call.reference;
        Ok(Some(Self { notes, place: Some(place), reference, inside, began, fate: Fate::Left }))
    }

    /// The reply is complete.
    pub(crate) fn complete(mut self) {
        self.fate = Fate::Complete;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let (Some(place), Some(noted)) = (self.place.take(), self.notes.close()) else { return };
        let Self { reference, inside, began, fate, .. } = self;
        place.fill(Exchange { reference: *reference, inside: inside.take(), began: *began, fate: *fate, noted });
    }
}
