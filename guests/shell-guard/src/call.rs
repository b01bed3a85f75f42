//! Finds the commands in the arguments of a tool call.
//!
//! Invariants: every argument with a listed name is checked, however deeply nested; each finding has the pointer of its
//! text.

use serde_json::{Map, Value};
use weir_sdk::pointer;

use crate::analysis::{Analysis, Broken};
use crate::config::Config;
use crate::paths::{Layout, Place};
use crate::rule::Rule;
use crate::value::Field;

/// Names of arguments that give a command's working folder.
const FOLDERS: [&str; 8] =
    ["cwd", "workdir", "working_dir", "working_directory", "workingdirectory", "workingdir", "dir", "directory"];

/// A violation and its location.
pub type Located = (String, Broken);

/// Checks the arguments of a call; `folder` is the workspace named by the caller.
pub fn judge(config: &Config, arguments: &Value, folder: Option<&str>) -> Vec<Located> {
    let mut judge = Judge { config, folder, found: Vec::new() };
    let text;
    let arguments = match arguments {
        // Some agents pass the arguments as JSON text.
        Value::String(json) => match serde_json::from_str::<Value>(json) {
            Ok(value @ Value::Object(_)) => {
                text = value;
                &text
            }
            _ => {
                judge.script("/arguments", json, None);
                return judge.found;
            }
        },
        other => other,
    };
    judge.walk(arguments, "/arguments", 0);
    judge.found
}

struct Judge<'a> {
    config: &'a Config,
    folder: Option<&'a str>,
    found: Vec<Located>,
}

impl Judge<'_> {
    fn walk(&mut self, value: &Value, path: &str, depth: usize) {
        /// Arguments of tools are flat; this is much deeper.
        const DEEPEST: usize = 16;
        if depth > DEEPEST {
            let message = "arguments nested too deeply: the command cannot be judged".to_owned();
            return self.found.push((path.to_owned(), Broken { rule: Rule::TooComplex, message }));
        }
        match value {
            Value::Object(members) => {
                let folder = members
                    .iter()
                    .find(|(key, _)| FOLDERS.contains(&key.to_lowercase().as_str()))
                    .and_then(|(_, value)| value.as_str());
                for (key, value) in members {
                    let mut path = path.to_owned();
                    pointer::push_key(&mut path, key);
                    if self.config.arguments.matches(&key.to_lowercase()) {
                        self.command(&path, value, members, folder, depth);
                    } else {
                        self.walk(value, &path, depth + 1);
                    }
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.walk(value, &format!("{path}/{index}"), depth + 1);
                }
            }
            _ => {}
        }
    }

    /// A command as text, as a list of words, or as a list of texts.
    fn command(&mut self, path: &str, value: &Value, beside: &Map<String, Value>, folder: Option<&str>, depth: usize) {
        match value {
            Value::String(text) => match arguments_beside(beside) {
                Some(words) if !text.contains(char::is_whitespace) => {
                    let words = std::iter::once(text.as_str()).chain(words).map(Field::plain).collect();
                    self.analyse(path, folder, |analysis| analysis.words(words));
                }
                _ => self.script(path, text, folder),
            },
            Value::Array(values) if values.iter().all(Value::is_string) => {
                let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                let scripts = texts.first().is_some_and(|first| first.trim().contains(char::is_whitespace));
                if scripts || path.ends_with('s') {
                    for (index, text) in texts.iter().enumerate() {
                        self.script(&format!("{path}/{index}"), text, folder);
                    }
                } else {
                    let words = texts.iter().copied().map(Field::plain).collect();
                    self.analyse(path, folder, |analysis| analysis.words(words));
                }
            }
            other => self.walk(other, path, depth + 1),
        }
    }

    fn script(&mut self, path: &str, text: &str, folder: Option<&str>) {
        self.analyse(path, folder, |analysis| {
            analysis.script(text);
        });
    }

    fn analyse(&mut self, path: &str, folder: Option<&str>, part: impl FnOnce(&mut Analysis<'_>)) {
        let known = self.config.workspace.as_deref().or(self.folder);
        let named = folder.filter(|folder| folder.starts_with('/'));
        // If nobody says where the workspace is, use the command's working folder, unless that cannot be a workspace.
        let vital = |folder: &&str| !Layout::default().resolve(&Place::Absolute(Vec::new()), folder).is_vital();
        let settings = self.config.settings(known.or(named.filter(vital)));
        let root = Place::Workspace(Vec::new());
        let start = folder.map_or(root.clone(), |folder| settings.layout.resolve(&root, folder));
        let mut analysis = Analysis::new(&settings, start);
        part(&mut analysis);
        self.found.extend(analysis.finish().into_iter().map(|broken| (path.to_owned(), broken)));
    }
}

/// Keys of a command's arguments, next to its name.
fn arguments_beside(members: &Map<String, Value>) -> Option<Vec<&str>> {
    let values = ["args", "argv", "arguments"].iter().find_map(|name| members.get(*name)?.as_array())?;
    values.iter().map(Value::as_str).collect()
}
