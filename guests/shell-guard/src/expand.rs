//! Expands words to fields: variables, command substitutions, braces, `~` and splitting, as far as known.
//!
//! Invariants: unknown text becomes [`UNKNOWN`] and is never guessed; the number of fields is limited.

use crate::analysis::Analysis;
use crate::paths::{HOME, UNKNOWN};
use crate::shell::{Piece, Word};
use crate::value::{Field, Origin, Output};

/// Maximum fields of one word; the rest is dropped and the command counts as too complex.
const MOST_FIELDS: usize = 256;

/// The fields of a word being expanded: the finished ones, and the alternatives of the last one.
struct Fields {
    finished: Vec<Field>,
    last: Vec<Field>,
    /// Whether the last one exists even if empty.
    started: bool,
    overflow: bool,
}

impl Analysis<'_> {
    /// Expands words in order.
    pub fn expand_all(&mut self, words: &[Word]) -> Vec<Field> {
        words.iter().flat_map(|word| self.expand(word)).collect()
    }

    /// Expands one word to any number of fields.
    pub fn expand(&mut self, word: &Word) -> Vec<Field> {
        let mut fields = Fields { finished: Vec::new(), last: vec![Field::default()], started: false, overflow: false };
        for (index, piece) in word.pieces.iter().enumerate() {
            match piece {
                Piece::Text { text, quoted: true } => fields.append(std::slice::from_ref(text), false, Origin::Plain),
                Piece::Text { text, quoted: false } => {
                    let text = if index == 0 { tilde(text, word.pieces.len() == 1) } else { text.clone() };
                    fields.append(&braces(&text, 0), true, Origin::Plain);
                }
                Piece::Variable { name, operand, quoted } => {
                    let (values, origin) = self.variable(name, operand.as_ref());
                    fields.value(&values, *quoted, origin);
                }
                Piece::Substitution { source, quoted } => {
                    let output = self.inside(|analysis| analysis.script(source));
                    let text = output.text.map_or(UNKNOWN.to_string(), |text| text.trim_end_matches('\n').to_owned());
                    fields.value(&[text], *quoted, output.origin);
                }
                Piece::Process(source) => {
                    let output = self.inside(|analysis| analysis.script(source));
                    fields.append(&["/dev/fd/63".to_owned()], false, output.origin);
                    for field in &mut fields.last {
                        field.content = Some(output.clone());
                    }
                }
            }
        }
        if fields.overflow {
            self.too_complex("a word stands for too many");
        }
        fields.finish()
    }

    /// The text of a word without splitting and file name matching, such as a here-document.
    pub fn text(&mut self, word: &Word) -> Output {
        let fields = self.expand(word);
        let origin = fields.iter().map(|field| field.origin).max().unwrap_or_default();
        let texts: Vec<_> = fields.into_iter().map(|field| field.text).collect();
        Output { text: Some(texts.join(" ")), origin }
    }

    /// The possible values of a variable. Commands in its operand are always analysed.
    fn variable(&mut self, name: &str, operand: Option<&Word>) -> (Vec<String>, Origin) {
        let fallback = operand.map(|word| self.text(word)).filter(|_| !name.is_empty());
        if let Some(value) = self.variables.get(name) {
            let empty = value.texts.iter().all(String::is_empty);
            return match fallback.filter(|_| empty) {
                Some(fallback) => known(fallback),
                None => (value.texts.clone(), value.origin),
            };
        }
        let text = match name {
            "HOME" => HOME.to_owned(),
            "PWD" => ".".to_owned(),
            "TMPDIR" => "/tmp".to_owned(),
            "IFS" => " ".to_owned(),
            // Outside functions there are no arguments.
            "@" | "*" => String::new(),
            digit if digit.len() == 1 && ("1"..="9").contains(&digit) && !self.in_function => String::new(),
            // A fallback is probably the value that is used.
            _ => return fallback.map_or((vec![UNKNOWN.to_string()], Origin::Plain), known),
        };
        (vec![text], Origin::Plain)
    }
}

fn known(output: Output) -> (Vec<String>, Origin) {
    (vec![output.text.unwrap_or_default()], output.origin)
}

impl Fields {
    /// Appends text to every alternative of the last field.
    fn append(&mut self, ways: &[String], pattern: bool, origin: Origin) {
        self.started = true;
        let before = std::mem::take(&mut self.last);
        for field in &before {
            for way in ways {
                if self.last.len() + self.finished.len() >= MOST_FIELDS {
                    self.overflow = true;
                    return;
                }
                let mut field = field.clone();
                field.text.push_str(way);
                field.pattern |= pattern && way.contains(['*', '?', '[']);
                field.origin = field.origin.max(origin);
                self.last.push(field);
            }
        }
    }

    /// Appends a value, split at white space unless quoted.
    fn value(&mut self, values: &[String], quoted: bool, origin: Origin) {
        if quoted {
            return self.append(values, false, origin);
        }
        let [value] = values else { return self.append(values, true, origin) };
        for (index, part) in value.split([' ', '\t', '\n']).enumerate() {
            if index > 0 {
                self.end_field();
            }
            if !part.is_empty() {
                self.append(&[part.to_owned()], true, origin);
            }
        }
    }

    fn end_field(&mut self) {
        let last = std::mem::replace(&mut self.last, vec![Field::default()]);
        if self.started {
            self.finished.extend(last);
        }
        self.started = false;
        if self.finished.len() >= MOST_FIELDS {
            self.overflow = true;
            self.finished.truncate(MOST_FIELDS);
        }
    }

    fn finish(mut self) -> Vec<Field> {
        self.end_field();
        self.finished
    }
}

/// `~` and `~name` at the start of a word; `whole` says that the word is nothing else.
fn tilde(text: &str, whole: bool) -> String {
    let Some(rest) = text.strip_prefix('~') else { return text.to_owned() };
    let (user, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match user {
        "" => format!("{HOME}{path}"),
        "root" => format!("/root{path}"),
        name if whole || !path.is_empty() => format!("/home/{name}{path}"),
        _ => text.to_owned(),
    }
}

/// `a{b,c}d` becomes `abd` and `acd`; braces without a comma stay.
fn braces(text: &str, depth: usize) -> Vec<String> {
    const DEEPEST: usize = 16;
    let Some((start, end, commas)) = brace(text).filter(|_| depth < DEEPEST) else { return vec![text.to_owned()] };
    let mut edges = vec![start];
    edges.extend(commas);
    edges.push(end);
    let tails = braces(&text[end + 1..], depth + 1);
    let mut ways = Vec::new();
    for pair in edges.windows(2) {
        for middle in braces(&text[pair[0] + 1..pair[1]], depth + 1) {
            for tail in &tails {
                if ways.len() <= MOST_FIELDS {
                    ways.push(format!("{}{middle}{tail}", &text[..start]));
                }
            }
        }
    }
    ways
}

/// The first pair of braces that contains a comma, and the positions of its commas.
fn brace(text: &str) -> Option<(usize, usize, Vec<usize>)> {
    let start = text.find('{')?;
    let mut depth = 0_usize;
    let mut commas = Vec::new();
    for (index, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            b'{' => depth += 1,
            b',' if depth == 1 => commas.push(index),
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return (!commas.is_empty()).then_some((start, index, commas));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_multiplied_out() {
        assert_eq!(braces("a{b,c}d{e,}", 0), ["abde", "abd", "acde", "acd"]);
        assert_eq!(braces("{a,{b,c}}", 0), ["a", "b", "c"]);
        assert_eq!(braces("{a}{b", 0), ["{a}{b"]);
        assert!(braces(&"{a,b}".repeat(40), 0).len() <= MOST_FIELDS + 1);
    }

    #[test]
    fn home_folders_are_known_by_their_sign() {
        assert_eq!(tilde("~/x", true), "/home/~/x");
        assert_eq!(tilde("~root", true), "/root");
        assert_eq!(tilde("~bob/x", true), "/home/bob/x");
        assert_eq!(tilde("a~", true), "a~");
    }
}
