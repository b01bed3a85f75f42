//! Rust source as a row of tokens, without comments, strings and what is compiled for tests only.

use weir_tests::repository::SourceFile;

/// A word, `::`, or one mark. A literal in quotes is the mark `"`, a lifetime the mark `'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// The tokens of a file as it is shipped.
pub fn shipped(text: &str) -> Vec<Token> {
    without_tests(tokens(text))
}

/// Whether a file as a whole is compiled for tests only.
pub fn is_test(file: &SourceFile) -> bool {
    file.path.ends_with("/tests.rs") || file.path.contains("/tests/")
}

/// The text of a token, empty after the last one.
pub fn text(tokens: &[Token], index: usize) -> &str {
    tokens.get(index).map_or("", |token| token.text.as_str())
}

/// Whether a token is a name or a keyword.
pub fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first == '_' || first.is_alphabetic())
}

fn tokens(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let at = |index: usize| text.get(index).copied().unwrap_or('\0');
    let in_word = |index: usize| at(index) == '_' || at(index).is_alphanumeric();
    let (mut found, mut index, mut line) = (Vec::new(), 0, 1);
    while index < text.len() {
        let start = index;
        let mut token = String::new();
        if in_word(index) {
            while in_word(index) {
                index += 1;
            }
            token.extend(&text[start..index]);
            let hashes = (index..).take_while(|index| at(*index) == '#').count();
            let quoted = at(index + hashes) == '"';
            if ["r", "br", "cr"].contains(&token.as_str()) && quoted {
                index = after_raw(&text, index + hashes + 1, hashes);
                token = "\"".into();
            } else if token == "r" && hashes == 1 {
                // The word follows.
                index += 1;
                token.clear();
            } else if ["b", "c"].contains(&token.as_str()) && ['"', '\''].contains(&at(index)) {
                token.clear();
            }
        } else if at(index) == '/' && at(index + 1) == '/' {
            while index < text.len() && at(index) != '\n' {
                index += 1;
            }
        } else if at(index) == '/' && at(index + 1) == '*' {
            index = after_comment(&text, index);
        } else if at(index) == '"' || (at(index) == '\'' && (at(index + 1) == '\\' || at(index + 2) == '\'')) {
            index = after_quoted(&text, index);
            token = "\"".into();
        } else if at(index) == '\'' {
            index += 1;
            while in_word(index) {
                index += 1;
            }
            token = "'".into();
        } else if at(index) == ':' && at(index + 1) == ':' {
            index += 2;
            token = "::".into();
        } else {
            index += 1;
            if !at(start).is_whitespace() {
                token.push(at(start));
            }
        }
        if !token.is_empty() {
            found.push(Token { text: token, line });
        }
        line += text[start..index].iter().filter(|one| **one == '\n').count();
    }
    found
}

fn after_quoted(text: &[char], start: usize) -> usize {
    let mut index = start + 1;
    while index < text.len() && text[index] != text[start] {
        index += if text[index] == '\\' { 2 } else { 1 };
    }
    text.len().min(index + 1)
}

fn after_raw(text: &[char], start: usize, hashes: usize) -> usize {
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let length = text[start..].windows(end.len()).position(|window| window == end);
    length.map_or(text.len(), |length| start + length + end.len())
}

/// Comments of this kind may stand in one another.
fn after_comment(text: &[char], start: usize) -> usize {
    let (mut index, mut depth) = (start, 0_usize);
    while index < text.len() {
        let pair = (text[index], text.get(index + 1).copied().unwrap_or('\0'));
        match pair {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                index += 1;
                continue;
            }
        }
        index += 2;
        if depth == 0 {
            break;
        }
    }
    text.len().min(index)
}

fn without_tests(all: Vec<Token>) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut index = 0;
    while index < all.len() {
        let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
        if attribute.iter().enumerate().all(|(offset, mark)| text(&all, index + offset) == *mark) {
            index = after_item(&all, index + attribute.len());
        } else {
            kept.push(all[index].clone());
            index += 1;
        }
    }
    kept
}

/// The token after an item: it ends with its block, or with `;` outside of all brackets.
fn after_item(all: &[Token], mut index: usize) -> usize {
    let mut depth = 0_usize;
    while index < all.len() {
        match text(all, index) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" => {
                depth = depth.saturating_sub(1);
                // The list of a `use` is not its end.
                if depth == 0 && text(all, index + 1) != ";" {
                    return index + 1;
                }
            }
            ";" if depth == 0 => return index + 1,
            _ => {}
        }
        index += 1;
    }
    index
}

#[test]
fn comments_strings_and_tests_are_no_tokens() {
    let source = "a::b('x', b'\\'', \"c \\\" d\", r#\"e \" f\"#, br\"g\"); // h\n/* i /* j */ k */ fn l<'m>(r#type: n) {}\n\
                  #[cfg(test)]\n#[allow(o)]\nmod p { fn q() { r; } }\n#[cfg(test)]\nuse s::{t, u};\nv";
    let found = shipped(source);
    let texts: Vec<&str> = found.iter().map(|token| token.text.as_str()).collect();
    let expected = "a :: b ( \" , \" , \" , \" , \" ) ; fn l < ' > ( type : n ) { } v";
    assert_eq!(texts.join(" "), expected);
    assert_eq!((found[2].line, found.last().map(|token| token.line)), (1, Some(8)));
}
