//! Log lines to the host, which writes them under the policy's name and limits their rate.
//!
//! They are for the operator: never log a secret or a whole payload.

use crate::bindings::wasi::logging::logging;

pub use logging::Level;

/// Writes one line with a context string for grouping related lines.
pub fn line(level: Level, context: &str, message: &str) {
    logging::log(level, context, message);
}

/// Writes a line at level debug.
pub fn debug(message: &str) {
    line(Level::Debug, "", message);
}

/// Writes a line at level info.
pub fn info(message: &str) {
    line(Level::Info, "", message);
}

/// Writes a line at level warn.
pub fn warn(message: &str) {
    line(Level::Warn, "", message);
}

/// Writes a line at level error.
pub fn error(message: &str) {
    line(Level::Error, "", message);
}
