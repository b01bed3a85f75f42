//! Files that know each other in a circle cannot be understood one by one, so the circles are kept small.

use std::collections::BTreeMap;

use weir_tests::repository::{SourceFile, files, root, subfolders};

use super::imports::{Edges, edges};
use super::report;

/// No more files of one crate may be in one loop of imports.
const LARGEST_LOOP: usize = 20;

#[test]
fn no_loop_of_imports_is_large() {
    let mut findings = Vec::new();
    for name in subfolders("host") {
        let src = format!("host/{name}/src");
        if !root().join(&src).is_dir() {
            continue;
        }
        let loops = loops(&edges(&files(&[&src], ".rs"), &src));
        println!("{src}: the largest loop of imports has {} files", loops.first().map_or(0, Vec::len));
        findings.extend(loops.iter().filter(|files| files.len() > LARGEST_LOOP).map(|files| {
            format!(
                "{src}: {} files import one another in a loop (at most {LARGEST_LOOP}); move what several need into a \
                 file below them, or hand it in:\n    {}",
                files.len(),
                files.join("\n    ")
            )
        }));
    }
    report(findings);
}

/// Sets of files of which each reaches each other one, the largest first: Tarjan's strongly connected components.
fn loops(edges: &Edges) -> Vec<Vec<String>> {
    let mut search = Search::new(edges);
    for file in edges.keys() {
        if !search.reached.contains_key(file.as_str()) {
            search.visit(file);
        }
    }
    let mut loops = search.found;
    loops.sort_by_key(|files| std::cmp::Reverse(files.len()));
    loops
}

struct Search<'a> {
    edges: &'a Edges,
    /// When each file was reached, and the earliest one on the stack that it leads to.
    reached: BTreeMap<&'a str, (usize, usize)>,
    stack: Vec<&'a str>,
    found: Vec<Vec<String>>,
}

impl<'a> Search<'a> {
    fn new(edges: &'a Edges) -> Self {
        Self { edges, reached: BTreeMap::new(), stack: Vec::new(), found: Vec::new() }
    }

    /// Gives the earliest file on the stack that this one leads to.
    fn visit(&mut self, file: &'a str) -> usize {
        let own = self.reached.len();
        self.reached.insert(file, (own, own));
        self.stack.push(file);
        let mut earliest = own;
        for next in self.edges.get(file).into_iter().flatten() {
            match self.reached.get(next.as_str()) {
                None => earliest = earliest.min(self.visit(next)),
                Some((number, _)) if self.stack.contains(&next.as_str()) => earliest = earliest.min(*number),
                Some(_) => {}
            }
        }
        if earliest == own {
            let start = self.stack.iter().rposition(|other| *other == file).unwrap_or(0);
            let mut files: Vec<String> = self.stack.split_off(start).into_iter().map(String::from).collect();
            files.sort();
            if files.len() > 1 {
                self.found.push(files);
            }
        }
        earliest
    }
}

/// Loops of a made-up crate, without the folder.
fn loops_of(sources: &[(&str, &str)]) -> Vec<Vec<String>> {
    let file = |(path, text): &(&str, &str)| SourceFile { path: format!("x/src/{path}"), text: (*text).into() };
    let files: Vec<SourceFile> = sources.iter().map(file).collect();
    let short = |files: Vec<String>| files.iter().map(|path| path["x/src/".len()..].to_owned()).collect();
    loops(&edges(&files, "x/src")).into_iter().map(short).collect()
}

#[test]
fn loops_are_found_however_they_are_written() {
    let a_and_b = |a: &str, b: &str| {
        let lib = "mod a; mod b; mod c; pub use b::B; pub use c::*; mod inner { pub use super::b::B as D; }";
        loops_of(&[("lib.rs", lib), ("a.rs", a), ("b/mod.rs", b), ("c.rs", "use crate::a::f; pub struct C;")])
    };
    let back = "pub struct B; fn g() { crate::a::f() }";
    let ab = vec![vec!["a.rs".to_owned(), "b/mod.rs".to_owned()]];
    for a in [
        "use crate::b::B;",
        "use super::{b::{self, B}};",
        "use crate::b; fn f() -> b::B {}",
        "fn f() { super::b::B::new() }",
        // Re-exports lead to the file that defines the item.
        "use crate::B;",
        "use crate::{inner::D as E};",
        "use super::b::*;",
        "use crate::b;",
        "pub(in crate::b) fn f() {}",
        "mod m { use super::super::b::B; }",
    ] {
        assert_eq!(a_and_b(a, back), ab, "{a}");
    }
    assert_eq!(a_and_b("use crate::C;", back), [["a.rs", "c.rs"]], "through a glob");
    for a in [
        "mod b;",
        "use b::B;",
        "use ::b::B;",
        "// use crate::b::B;\nconst S: &str = \"crate::b::B\";",
        "#[cfg(test)] mod tests { use crate::b::B; }",
        "pub(super) fn f() {}",
        "use crate::a::f;",
    ] {
        assert_eq!(a_and_b(a, back), Vec::<Vec<String>>::new(), "{a}");
    }
}

#[test]
fn a_facade_is_in_a_loop_only_with_an_item_of_its_own() {
    let one = ("w/one.rs", "use super::Two; pub struct One;");
    let two = ("w/two.rs", "pub struct Two(super::Own);");
    let facade = "mod one; mod two; pub use one::One; pub use two::Two;";
    let owning = format!("{facade} pub struct Own;");
    let (pure, owning) = (("w/mod.rs", facade), ("w/mod.rs", owning.as_str()));
    assert_eq!(loops_of(&[owning, one, two]), [["w/mod.rs", "w/one.rs", "w/two.rs"]]);
    let two = ("w/two.rs", "use super::one::One; pub struct Two;");
    assert_eq!(loops_of(&[pure, one, two]), [["w/one.rs", "w/two.rs"]]);
}
