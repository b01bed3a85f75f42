//! `weir:interceptor/types`: the call and the parsed payload, lent for one call.
//!
//! The handles need no table: a guest gets them as borrows, and the handle's number identifies the document.

use wasmtime::Result;
use wasmtime::component::Resource;
use weir_core::Payload;

use crate::bindings::weir::interceptor::types;
use crate::sandbox::{Declined, Sandbox};

/// The current call.
pub enum CallHandle {}

/// A document of the current call: [`PAYLOAD`] or [`REQUEST`].
pub enum DocumentHandle {}

/// The payload to inspect.
pub const PAYLOAD: u32 = 0;

/// The payload of the request, in the response phase.
pub const REQUEST: u32 = 1;

impl Sandbox {
    fn document(&mut self, handle: &Resource<DocumentHandle>) -> Result<&Payload> {
        self.enter()?;
        let call = self.call()?;
        let document = match handle.rep() {
            PAYLOAD => Some(&call.payload),
            REQUEST => call.event.request.as_ref(),
            _ => None,
        };
        document.map(|document| &**document).ok_or_else(|| Declined("no such document".into()).into())
    }
}

impl types::Host for Sandbox {}

impl types::HostCall for Sandbox {
    fn event(&mut self, _call: Resource<CallHandle>) -> Result<String> {
        self.enter()?;
        Ok(self.call()?.event.name.as_str().to_owned())
    }

    fn phase(&mut self, _call: Resource<CallHandle>) -> Result<types::Phase> {
        self.enter()?;
        Ok(self.call()?.event.phase.into())
    }

    fn attribute(&mut self, _call: Resource<CallHandle>, name: String) -> Result<Option<String>> {
        self.enter()?;
        Ok(self.call()?.event.context.attribute(&name).map(str::to_owned))
    }

    fn drop(&mut self, _call: Resource<CallHandle>) -> Result<()> {
        Ok(())
    }
}

impl types::HostDocument for Sandbox {
    fn get(&mut self, document: Resource<DocumentHandle>, pointer: String) -> Result<Option<String>> {
        Ok(self.document(&document)?.get(&pointer))
    }

    fn text(&mut self, document: Resource<DocumentHandle>, pointer: String) -> Result<Option<String>> {
        Ok(self.document(&document)?.string(&pointer).map(str::to_owned))
    }

    fn json(&mut self, document: Resource<DocumentHandle>) -> Result<String> {
        Ok(self.document(&document)?.text().to_owned())
    }

    fn size(&mut self, document: Resource<DocumentHandle>) -> Result<u32> {
        Ok(u32::try_from(self.document(&document)?.text().len()).unwrap_or(u32::MAX))
    }

    fn drop(&mut self, _document: Resource<DocumentHandle>) -> Result<()> {
        Ok(())
    }
}
