//! What holds for the text of this repository. Each failure says what to do.

/// WIT: every item is documented.
mod contract;
/// Which crate may name which.
mod edges;
/// Which surface emits which event.
mod emitters;
/// Guests: what each needs beside its code.
mod guests;
/// What the files of a crate name of one another.
mod imports;
/// How many files import one another in a loop.
mod loops;
/// What serves every protocol names none.
mod names;
/// Rust files: sizes, heads, panics, markers.
mod sources;
/// Rust source as a row of tokens.
mod tokens;
/// JSON without a type stays at the edges.
mod untyped;
/// The walks in ARCHITECTURE.md.
mod walks;

/// Fails with all findings, if there are any.
fn report(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
