//! A TOML document that knows the location of every value, and a reader that collects all errors.
//!
//! A derived deserializer would stop at the first error and not know its location. Here each read names its key, so the
//! keys read are exactly the known keys; any other key is unknown.
//!
//! Not here: checks across values; see `resolve`.

use std::cell::RefCell;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::{Location, Problem};
use super::{json, size};

/// Longest duration a key may have: a day. More is probably the wrong unit.
const MAX_MILLISECONDS: u64 = 24 * 60 * 60 * 1000;

/// A value with its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// What was written.
    pub value: T,
    /// Where it was written.
    pub location: Location,
}

/// A configuration file: its text, its name in messages, and the problems found so far.
pub struct Source<'a> {
    name: &'a str,
    text: &'a str,
    lines: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
}

/// A table being read. Call [`Table::finish`] at the end: it reports unknown keys.
pub struct Table<'a> {
    source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    /// Where the table begins; used for missing keys.
    pub location: Location,
    title: String,
    known: RefCell<Vec<&'static str>>,
}

/// The written value, or the default.
pub fn or<T>(written: Option<At<T>>, default: T) -> T {
    written.map_or(default, |at| at.value)
}

impl<'a> Source<'a> {
    /// Wraps a file's text.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        Self { name, text, lines, problems: RefCell::default() }
    }

    /// Parses the text; malformed parts are reported and skipped.
    pub fn parse(&self) -> Spanned<DeTable<'a>> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let location = self.location(error.span().map_or(0, |span| span.start));
            self.error(location, format!("not valid TOML: {}", error.message().replace('\n', ", ")));
        }
        document
    }

    /// The top-level table.
    pub fn root(&'a self, document: &'a Spanned<DeTable<'a>>) -> Table<'a> {
        Table::new(self, document.get_ref(), Location { line: 1, column: 1 }, "the file".to_owned())
    }

    /// Reports an error.
    pub fn error(&self, location: Location, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem::error(self.name, Some(location), message));
    }

    /// The problems found.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    fn location(&self, offset: usize) -> Location {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines[line - 1];
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Location { line: count(line), column: count(column + 1) }
    }
}

impl<'a> Table<'a> {
    fn new(source: &'a Source<'a>, table: &'a DeTable<'a>, location: Location, title: String) -> Self {
        Self { source, table, location, title, known: RefCell::default() }
    }

    /// Reports an error in this table.
    pub fn error(&self, location: Location, message: impl Into<String>) {
        self.source.error(location, message);
    }

    /// The value of a key, with its location.
    pub fn value(&self, key: &'static str) -> Option<(&'a DeValue<'a>, Location)> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        drop(known);
        let value = self.table.get(key)?;
        Some((value.get_ref(), self.source.location(value.span().start)))
    }

    fn read<T>(&self, key: &'static str, read: impl FnOnce(&'a DeValue<'a>) -> Result<T, String>) -> Option<At<T>> {
        let (value, location) = self.value(key)?;
        match read(value) {
            Ok(value) => Some(At { value, location }),
            Err(reason) => {
                self.error(location, format!("{key} in {}: {reason}", self.title));
                None
            }
        }
    }

    /// A string, unchanged.
    pub fn text(&self, key: &'static str) -> Option<At<String>> {
        self.parsed(key, "a string", |text| Ok(text.to_owned()))
    }

    /// A string that is parsed; `form` describes a valid value in messages.
    pub fn parsed<T>(
        &self,
        key: &'static str,
        form: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        self.read(key, |value| match value {
            DeValue::String(text) => parse(text),
            other => Err(format!("it is {}; give {form}", kind(other))),
        })
    }

    /// One of a fixed set of words.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<At<T>> {
        let listed: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        let form = format!("one of {}", listed.join(", "));
        self.parsed(key, &form, |text| match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(*value),
            None => {
                let close = closest(text, words.iter().map(|(word, _)| *word));
                let hint = close.map(|word| format!("; did you mean {word:?}?")).unwrap_or_default();
                Err(format!("{text:?} is not known; give {form}{hint}"))
            }
        })
    }

    /// A boolean.
    pub fn boolean(&self, key: &'static str) -> Option<At<bool>> {
        self.read(key, |value| value.as_bool().ok_or_else(|| format!("it is {}; give true or false", kind(value))))
    }

    /// An integer within bounds.
    pub fn integer<T: TryFrom<i128>>(&self, key: &'static str, low: i128, high: i128) -> Option<At<T>> {
        self.read(key, |value| {
            let form = format!("give a whole number from {low} to {high}");
            let DeValue::Integer(integer) = value else { return Err(format!("it is {}; {form}", kind(value))) };
            i128::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .filter(|number| (low..=high).contains(number))
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| format!("{integer} is out of range; {form}"))
        })
    }

    /// A duration in milliseconds, at least one.
    pub fn milliseconds(&self, key: &'static str) -> Option<At<Duration>> {
        let number = self.integer::<u64>(key, 1, i128::from(MAX_MILLISECONDS))?;
        Some(At { value: Duration::from_millis(number.value), location: number.location })
    }

    /// A size with a unit, at least one byte.
    pub fn size(&self, key: &'static str) -> Option<At<usize>> {
        self.read(key, |value| match value {
            DeValue::String(text) => match size::parse(text)? {
                0 => Err("a size of 0 lets nothing through; leave the key out or give at least \"1B\"".to_owned()),
                bytes => Ok(bytes),
            },
            DeValue::Integer(number) => {
                Err(format!("sizes are strings with a unit; write \"{number}\" for bytes, or for example \"4MiB\""))
            }
            other => Err(format!("it is {}; {}", kind(other), size::FORM)),
        })
    }

    /// A list of strings, each with its location.
    pub fn texts(&self, key: &'static str) -> Option<At<Vec<At<String>>>> {
        let (value, location) = self.value(key)?;
        let form = "give a list of strings, such as [\"one\", \"two\"]";
        let DeValue::Array(array) = value else {
            self.error(location, format!("{key} in {}: it is {}; {form}", self.title, kind(value)));
            return None;
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            let location = self.source.location(item.span().start);
            match item.get_ref() {
                DeValue::String(text) => texts.push(At { value: text.to_string(), location }),
                other => self.error(location, format!("{key} in {}: an item is {}; {form}", self.title, kind(other))),
            }
        }
        Some(At { value: texts, location })
    }

    /// A table of strings with arbitrary keys. The values may be secrets, so messages never repeat them.
    pub fn named_texts(&self, key: &'static str) -> Vec<(At<String>, String)> {
        let Some(table) = self.table(key) else { return Vec::new() };
        let mut texts = Vec::new();
        for (name, value) in table.table.iter() {
            let location = self.source.location(name.span().start);
            match value.get_ref() {
                DeValue::String(text) => {
                    texts.push((At { value: name.get_ref().to_string(), location }, text.to_string()))
                }
                other => self.error(location, format!("{}: an entry is {}; give a string", table.title, kind(other))),
            }
        }
        texts
    }

    /// Any value, as the text of JSON.
    pub fn json(&self, key: &'static str) -> Option<At<String>> {
        self.read(key, json::from_toml)
    }

    /// A table under a key.
    pub fn table(&self, key: &'static str) -> Option<Table<'a>> {
        let (value, location) = self.value(key)?;
        let title = if self.title == "the file" { format!("[{key}]") } else { format!("{key} of {}", self.title) };
        match value {
            DeValue::Table(table) => Some(Table::new(self.source, table, location, title)),
            other => {
                self.error(location, format!("{key} in {}: it is {}; give a table", self.title, kind(other)));
                None
            }
        }
    }

    /// The tables of an array under a key.
    pub fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some((value, location)) = self.value(key) else { return Vec::new() };
        let title = if self.title == "the file" { format!("[[{key}]]") } else { format!("{key} of {}", self.title) };
        let DeValue::Array(array) = value else {
            let form = if self.title == "the file" {
                format!("write its header as [[{key}]]")
            } else {
                "give a list of tables".to_owned()
            };
            self.error(location, format!("{key} in {}: it is {}; {form}", self.title, kind(value)));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array.iter() {
            let location = self.source.location(item.span().start);
            match item.get_ref() {
                DeValue::Table(table) => tables.push(Table::new(self.source, table, location, title.clone())),
                other => self.error(location, format!("{title}: an item is {}; give a table", kind(other))),
            }
        }
        tables
    }

    /// Whether a key is present, whatever its type.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Reports a required key that is missing.
    pub fn missing(&self, key: &str, example: &str) {
        // A present but invalid value has already been reported.
        if !self.has(key) {
            self.error(self.location, format!("{} lacks {key}; give for example {key} = {example}", self.title));
        }
    }

    /// Reports every unknown key. `elsewhere` may give better advice for a key.
    pub fn finish(self, elsewhere: impl Fn(&str) -> Option<String>) {
        let known = self.known.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let advice = elsewhere(name)
                .or_else(|| closest(name, known.iter().copied()).map(|known| format!("did you mean {known:?}?")))
                .unwrap_or_else(|| format!("it knows {}", known.join(", ")));
            let shown: String = name.chars().take(64).collect();
            let location = self.source.location(key.span().start);
            self.source.error(location, format!("unknown key {shown:?} in {}; {advice}", self.title));
        }
    }
}

/// The closest known name, if any is close enough.
pub fn closest<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Jaro-Winkler favours a common prefix, as typos usually keep it. Below 0.8 it is a guess.
    const NEAR: f64 = 0.8;
    let text: String = text.chars().take(64).collect::<String>().replace('-', "_");
    names
        .map(|name| (strsim::jaro_winkler(&text, &name.replace('-', "_")), name))
        .filter(|(nearness, _)| *nearness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// The type of a value, with its article, for messages.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
