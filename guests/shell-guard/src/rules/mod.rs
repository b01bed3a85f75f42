//! The rules for single commands, by what they protect.

mod delete;
mod disk;
pub mod find;
mod git;
mod network;
mod permission;
pub mod process;
pub mod write;

use crate::analysis::Analysis;
use crate::value::Field;

/// Applies every rule to a command.
pub fn check(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    delete::check(analysis, name, fields);
    disk::check(analysis, name, fields);
    git::check(analysis, name, fields);
    network::check(analysis, name, fields);
    permission::check(analysis, name, fields);
    process::check(analysis, name, fields);
    write::check(analysis, name, fields);
}
