//! Where `find` starts, and whether it matches everything.

use crate::value::Field;

/// Parts of the tests that filter files.
const CHOICES: [&str; 14] = [
    "name", "path", "regex", "newer", "time", "min", "size", "empty", "perm", "user", "depth", "lname", "samefile",
    "inum",
];

/// The folders where `find` starts.
pub fn starts(fields: &[Field]) -> &[Field] {
    let end = fields.iter().position(|field| field.text.starts_with(['-', '(', '!'])).unwrap_or(fields.len());
    &fields[..end]
}

/// Whether a test filters files; `-type` and `-depth` do not.
pub fn is_choosy(fields: &[Field]) -> bool {
    let tests = fields.iter().filter_map(|field| field.text.strip_prefix('-')).filter(|test| *test != "depth");
    tests.into_iter().any(|test| CHOICES.iter().any(|choice| test.contains(choice)))
}

/// Whether everything found is deleted.
pub fn deletes(fields: &[Field]) -> bool {
    fields.iter().any(|field| field.text == "-delete")
}
