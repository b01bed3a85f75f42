//! An exchange that has ended, on its way to where it is written.

use std::time::SystemTime;

use weir_record::{Record, RecordParts};

use super::notes::{Fate, Noted};
use crate::contexts::Inside;
use crate::reference::CallRef;

/// An exchange that has ended. What was taken of it is not parsed yet, since that is nothing for the way of a reply.
#[derive(Debug)]
pub struct Exchange {
    pub(super) reference: CallRef,
    pub(super) inside: Option<Inside>,
    pub(super) began: SystemTime,
    pub(super) fate: Fate,
    pub(super) noted: Noted,
}

impl Exchange {
    /// Its reference.
    pub fn call_ref(&self) -> &str {
        self.reference.as_str()
    }

    /// How much of its bodies it holds.
    pub fn bytes(&self) -> usize {
        self.noted.bytes()
    }

    /// What is written of it. Takes time in proportion to its bodies.
    pub fn into_record(self) -> Record {
        let Self { reference, inside, began, fate, noted } = self;
        let status = noted.status(fate);
        let (request, response, decisions) = noted.into_parts();
        let (agent_id, action_name, intercept_index) = match inside {
            Some(Inside { agent_id, action_name, index }) => (Some(agent_id), Some(action_name), index),
            None => (None, None, None),
        };
        Record::new(RecordParts {
            call_ref: reference.as_str().to_owned(),
            agent_id: agent_id.map(|name| name.to_string()),
            action_name: action_name.map(|name| name.to_string()),
            intercept_index,
            request,
            response,
            status,
            decisions,
            created_at: crate::time::timestamp(began),
        })
    }
}
