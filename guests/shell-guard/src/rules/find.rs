//! What `find` starts from, and whether it takes all that it meets.

use crate::value::Field;

/// Parts of the tests that choose among what is met.
const CHOICES: [&str; 14] = [
    "name", "path", "regex", "newer", "time", "min", "size", "empty", "perm", "user", "depth", "lname", "samefile",
    "inum",
];

/// The folders that `find` starts from.
pub fn starts(fields: &[Field]) -> &[Field] {
    let end = fields.iter().position(|field| field.text.starts_with(['-', '(', '!'])).unwrap_or(fields.len());
    &fields[..end]
}

/// Whether a test chooses among what is met; `-type` and `-depth` do not.
pub fn is_choosy(fields: &[Field]) -> bool {
    let tests = fields.iter().filter_map(|field| field.text.strip_prefix('-')).filter(|test| *test != "depth");
    tests.into_iter().any(|test| CHOICES.iter().any(|choice| test.contains(choice)))
}

/// Whether everything that is found is deleted.
pub fn deletes(fields: &[Field]) -> bool {
    fields.iter().any(|field| field.text == "-delete")
}
