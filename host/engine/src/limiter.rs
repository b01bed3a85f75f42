//! Limits on a guest's memory and tables. Remembers that a limit was hit, so that the fault is named correctly however
//! the guest reacts.

use wasmtime::{ResourceLimiter, Result};

/// The limits of one call.
#[derive(Debug, Default)]
pub struct Limiter {
    memory_left: usize,
    table_elements_left: usize,
    exceeded: Option<String>,
}

/// Stops a guest that exceeded a limit.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Exceeded(String);

impl Limiter {
    /// Limits over all memories and all tables of an instance.
    pub fn new(memory: usize, table_elements: usize) -> Self {
        Self { memory_left: memory, table_elements_left: table_elements, exceeded: None }
    }

    /// What was exceeded, if anything.
    pub fn exceeded(&self) -> Option<&str> {
        self.exceeded.as_deref()
    }

    fn exceed(&mut self, message: String) -> wasmtime::Error {
        self.exceeded = Some(message.clone());
        Exceeded(message).into()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let more = desired.saturating_sub(current);
        match self.memory_left.checked_sub(more) {
            Some(left) => {
                self.memory_left = left;
                Ok(true)
            }
            None => Err(self.exceed(format!(
                "it wanted {desired} bytes of memory, which is {} more than allowed",
                more - self.memory_left
            ))),
        }
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let more = desired.saturating_sub(current);
        match self.table_elements_left.checked_sub(more) {
            Some(left) => {
                self.table_elements_left = left;
                Ok(true)
            }
            None => Err(self.exceed(format!(
                "it wanted a table of {desired} elements, which is {} more than allowed",
                more - self.table_elements_left
            ))),
        }
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        Err(self.exceed(format!("its memory could not grow: {error:#}")))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        Err(self.exceed(format!("its table could not grow: {error:#}")))
    }
}
