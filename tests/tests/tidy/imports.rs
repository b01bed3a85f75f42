//! What the files of a crate name of one another: every path in their code, followed to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use weir_tests::repository::SourceFile;

use super::tokens::{Token, is_test, is_word, shipped, text};

/// Files, and the files that each names something of.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// Words that a named item follows.
const ITEMS: &[&str] = &["fn", "struct", "enum", "trait", "type", "const", "static", "union"];

type Path = Vec<String>;

#[derive(Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    /// What `use` brings in, public or not, by its name here.
    imports: BTreeMap<String, Path>,
    globs: Vec<Path>,
}

/// A path as it is written in a module.
struct Mention {
    module: Path,
    path: Path,
}

enum Target {
    Module(Path),
    File(String),
}

#[derive(Default)]
struct Sources {
    modules: BTreeMap<Path, Module>,
    mentions: Vec<Mention>,
}

/// The edges among the files of a crate, whose paths start with its `src` folder. A path to an item leads to the file
/// that defines it, whatever re-exports it on the way; a path to a module leads to the module's file, also in
/// `pub(in path)`. Lines with `mod` are no edges.
pub fn edges(files: &[SourceFile], src: &str) -> Edges {
    let mut sources = Sources::default();
    let has_library = files.iter().any(|file| file.path == format!("{src}/lib.rs"));
    for file in files.iter().filter(|file| !is_test(file)) {
        let Some(path) = file.path.strip_prefix(src).and_then(|path| path.strip_suffix(".rs")) else { continue };
        // Beside a library, the program is a crate of its own.
        if path == "/main" && has_library {
            continue;
        }
        let mut module: Path = path.split('/').skip(1).map(String::from).collect();
        module.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
        sources.read(&file.path, module, &shipped(&file.text));
    }
    let mut edges: Edges = sources.modules.values().map(|module| (module.file.clone(), BTreeSet::new())).collect();
    for mention in &sources.mentions {
        let from = &sources.modules[&mention.module].file;
        let to = match sources.resolve(&mention.module, &mention.path, &mut Vec::new()) {
            Some(Target::File(file)) => file,
            Some(Target::Module(module)) => sources.modules[&module].file.clone(),
            None => continue,
        };
        if *from != to {
            edges.entry(from.clone()).or_default().insert(to);
        }
    }
    edges
}

impl Sources {
    fn read(&mut self, file: &str, root: Path, tokens: &[Token]) {
        let named = |file: &str| Module { file: file.into(), ..Module::default() };
        self.modules.insert(root.clone(), named(file));
        // The module of each open block that is one, with the depth of its items.
        let mut open = vec![(root, 0)];
        let (mut depth, mut index) = (0, 0);
        while index < tokens.len() {
            let here = |offset| text(tokens, index + offset);
            let before = index.checked_sub(1).map_or("", |index| text(tokens, index));
            let (module, level) = open[open.len() - 1].clone();
            let mut next = index + 1;
            match here(0) {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    open.pop_if(|(_, level)| depth < *level);
                }
                "mod" if here(2) == "{" => {
                    depth += 1;
                    let child = [module, vec![here(1).to_owned()]].concat();
                    self.modules.insert(child.clone(), named(file));
                    open.push((child, depth));
                    next += 2;
                }
                "use" if is_word(here(1)) || ["::", "{"].contains(&here(1)) => {
                    next = self.read_use(tokens, index + 1, &module, Vec::new());
                }
                word if ITEMS.contains(&word) && depth == level => {
                    self.at(&module).items.insert(here(1).to_owned());
                }
                "macro_rules" if here(1) == "!" => {
                    self.at(&module).items.insert(here(2).to_owned());
                }
                word if is_word(word) && here(1) == "::" && !["::", "."].contains(&before) => {
                    let mut path = vec![word.to_owned()];
                    while text(tokens, next) == "::" && is_word(text(tokens, next + 1)) {
                        path.push(text(tokens, next + 1).to_owned());
                        next += 2;
                    }
                    if path.len() > 1 {
                        self.mentions.push(Mention { module, path });
                    }
                }
                _ => {}
            }
            index = next;
        }
    }

    /// Reads one tree of a `use`, after what stands before it; gives the token after it.
    fn read_use(&mut self, tokens: &[Token], mut index: usize, module: &Path, mut path: Path) -> usize {
        loop {
            let word = text(tokens, index);
            index += 1;
            match word {
                // No module has that name, so that the path is foreign.
                "::" if path.is_empty() => path.push(word.to_owned()),
                "::" => {}
                "{" => {
                    while !["}", ""].contains(&text(tokens, index)) {
                        index = self.read_use(tokens, index, module, path.clone());
                        index += usize::from(text(tokens, index) == ",");
                    }
                    return index + 1;
                }
                "*" => {
                    self.at(module).globs.push(path.clone());
                    self.mentions.push(Mention { module: module.clone(), path });
                    return index;
                }
                _ => {
                    if word != "self" || path.is_empty() {
                        path.push(word.to_owned());
                    }
                    if text(tokens, index) == "::" {
                        continue;
                    }
                    let mut name = path.last().cloned().unwrap_or_default();
                    if text(tokens, index) == "as" {
                        text(tokens, index + 1).clone_into(&mut name);
                        index += 2;
                    }
                    self.at(module).imports.insert(name, path.clone());
                    self.mentions.push(Mention { module: module.clone(), path });
                    return index;
                }
            }
        }
    }

    fn at(&mut self, module: &Path) -> &mut Module {
        self.modules.entry(module.clone()).or_default()
    }

    /// What a path means that is written in a module; `None` if it is foreign. `seen` ends circles.
    fn resolve(&self, from: &Path, path: &[String], seen: &mut Vec<(Path, String)>) -> Option<Target> {
        let (mut at, mut rest) = (from.clone(), path);
        while let [first, others @ ..] = rest {
            match first.as_str() {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                _ => break,
            }
            rest = others;
        }
        for (position, name) in rest.iter().enumerate() {
            let module = self.modules.get(&at)?;
            let is_last = position + 1 == rest.len();
            let child = [at.as_slice(), std::slice::from_ref(name)].concat();
            // Of a module and an item with one name, the item is what ends a path.
            if self.modules.contains_key(&child) && !(is_last && module.imports.contains_key(name)) {
                at = child;
                continue;
            }
            match self.look_up(&at, name, seen) {
                Some(Target::Module(module)) => at = module,
                Some(file) => return Some(file),
                // A path without a start of ours begins with a foreign crate, or with a name of its own file.
                None if rest.len() == path.len() && position == 0 && !module.items.contains(name) => return None,
                None => return Some(Target::File(module.file.clone())),
            }
        }
        self.modules.contains_key(&at).then_some(Target::Module(at))
    }

    /// What a name means that a module brings in.
    fn look_up(&self, at: &Path, name: &str, seen: &mut Vec<(Path, String)>) -> Option<Target> {
        let key = (at.clone(), name.to_owned());
        if seen.contains(&key) {
            return None;
        }
        seen.push(key);
        let module = self.modules.get(at)?;
        if let Some(path) = module.imports.get(name) {
            return self.resolve(at, path, seen);
        }
        module.globs.iter().find_map(|glob| {
            let Some(Target::Module(from)) = self.resolve(at, glob, seen) else { return None };
            let child = [from.as_slice(), &[name.to_owned()]].concat();
            match self.modules.get(&from) {
                Some(module) if module.items.contains(name) => Some(Target::File(module.file.clone())),
                _ if self.modules.contains_key(&child) => Some(Target::Module(child)),
                _ => self.look_up(&from, name, seen),
            }
        })
    }
}
