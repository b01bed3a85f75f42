//! Paths into a stored answer: `$.a.b`, `a.b`, `items[0].x`, `items.0.x`; empty or `$` for the whole.

use crate::Part;

/// Longest path, in bytes, and most steps of one.
const MAX_BYTES: usize = 1024;

/// A path that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    steps: Vec<Step>,
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a path ({reason}); give for example $.items[0].name, items.0.name, or $ for the whole")]
pub struct PathError {
    text: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// After a point: a member, or an index where the value is a list.
    Name(String),
    /// In brackets: an index.
    Index(usize),
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let error = |reason| PathError { text: text.chars().take(64).collect(), reason };
        if text.len() > MAX_BYTES {
            return Err(error("it is longer than 1024 bytes"));
        }
        let trimmed = text.trim();
        let rooted = match trimmed.strip_prefix('$') {
            // `$ref` is a name of its own.
            Some(rest) if rest.is_empty() || rest.starts_with(['.', '[']) => rest,
            _ => trimmed,
        };
        let mut steps = Vec::new();
        let mut rest = rooted;
        let mut first = rooted.len() == trimmed.len();
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (index, after) = inside.split_once(']').ok_or_else(|| error("a bracket is not closed"))?;
                let quoted = ['"', '\''].iter().find_map(|quote| index.strip_prefix(*quote)?.strip_suffix(*quote));
                steps.push(match quoted {
                    Some(name) => Step::Name(name.to_owned()),
                    None => Step::Index(position(index).ok_or_else(|| error("in brackets stands an index from 0"))?),
                });
                rest = after;
            } else {
                let name = match rest.strip_prefix('.') {
                    Some(name) if !first => name,
                    None if first => rest,
                    Some(_) => return Err(error("it begins with a point")),
                    None => return Err(error("after a bracket comes a point")),
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end == 0 {
                    return Err(error("a name is empty"));
                }
                steps.push(Step::Name(name[..end].to_owned()));
                rest = &name[end..];
            }
            first = false;
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The value at the end of the path, if there is one.
    pub fn find<'v>(&self, whole: Part<'v>) -> Option<Part<'v>> {
        self.steps.iter().try_fold(whole, |part, step| match step {
            Step::Name(name) => part.member(name).or_else(|| part.item(position(name)?)),
            Step::Index(index) => part.item(*index),
        })
    }
}

fn position(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
