//! What a dollar sign may start: variables, command substitutions, arithmetic and `$'…'`.

use super::Piece;
use super::lex::{Input, push_text, until};

/// Reads what starts at a `$`.
pub fn dollar(input: &mut Input, quoted: bool, pieces: &mut Vec<Piece>) {
    input.position += 1;
    match input.peek() {
        Some('(') if input.ahead(1) == Some('(') => {
            input.position += 1;
            balanced_after_open(input);
            pieces.push(Piece::Variable { name: String::new(), fallback: None, quoted });
        }
        Some('(') => {
            input.position += 1;
            let source = balanced(input);
            pieces.push(Piece::Substitution { source, quoted });
        }
        Some('{') => {
            input.position += 1;
            pieces.push(braced(&until(input, '}'), quoted));
        }
        Some('\'') if !quoted => {
            input.position += 1;
            pieces.push(Piece::Text { text: ansi_c(input), quoted: true });
        }
        Some('"') if !quoted => {}
        Some(first) if first.is_ascii_alphabetic() || first == '_' => {
            let mut name = String::new();
            while let Some(next) = input.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
                name.push(next);
                input.position += 1;
            }
            pieces.push(Piece::Variable { name, fallback: None, quoted });
        }
        Some(special) if special.is_ascii_digit() || "@*#?-$!".contains(special) => {
            input.position += 1;
            pieces.push(Piece::Variable { name: special.into(), fallback: None, quoted });
        }
        _ => push_text(pieces, '$', quoted),
    }
}

/// The inside of `${…}`: a name, and a fallback if one is given. Other operators make the value unknown.
fn braced(inside: &str, quoted: bool) -> Piece {
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    let (name, operator) = inside.split_at(end);
    let fallback = [":-", ":=", "-", "="].iter().find_map(|start| operator.strip_prefix(start));
    let known = operator.is_empty() || fallback.is_some() || operator.starts_with(":?") || operator.starts_with('?');
    Piece::Variable {
        name: if known { name.to_owned() } else { String::new() },
        fallback: fallback.map(str::to_owned),
        quoted,
    }
}

/// Skips `((…))` from its first parenthesis on.
fn balanced_after_open(input: &mut Input) {
    input.position += 1;
    let _expression = balanced(input);
    input.accept(')');
}

/// Takes the source up to the closing parenthesis, minding quotes and nesting.
pub fn balanced(input: &mut Input) -> String {
    /// Beyond any sensible nesting; bounds the recursion on hostile text.
    const LEVELS: usize = 24;
    balanced_within(input, LEVELS)
}

fn balanced_within(input: &mut Input, levels: usize) -> String {
    let mut source = String::new();
    let mut depth = 1_usize;
    let mut quote = None;
    while let Some(character) = input.take() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                source.push(character);
                source.extend(input.take());
                continue;
            }
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            // A substitution inside of double quotes has quotes of its own.
            (Some('"'), '$') if levels > 0 && input.peek() == Some('(') => {
                input.position += 1;
                source.push_str("$(");
                source.push_str(&balanced_within(input, levels - 1));
                source.push(')');
                continue;
            }
            _ => {}
        }
        source.push(character);
    }
    source
}

/// The text of `$'…'` with its escapes.
fn ansi_c(input: &mut Input) -> String {
    let mut text = String::new();
    while let Some(character) = input.take() {
        match character {
            '\'' => break,
            '\\' => match input.take() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('x') => text.extend(code(input, 16, 2)),
                Some('u') => text.extend(code(input, 16, 4)),
                Some('U') => text.extend(code(input, 16, 8)),
                Some(digit @ '0'..='7') => {
                    input.position -= 1;
                    text.extend(code(input, 8, 3).or(Some(digit)));
                }
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    text
}

/// A character given by at most `most` digits.
fn code(input: &mut Input, radix: u32, most: usize) -> Option<char> {
    let mut value = 0_u32;
    for _ in 0..most {
        let Some(digit) = input.peek().and_then(|c| c.to_digit(radix)) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        input.position += 1;
    }
    char::from_u32(value).filter(|c| *c != '\0')
}
