//! What `$` can start: variables, command substitutions, arithmetic and `$'…'`.

use super::Piece;
use super::lex::{Input, push_text, text};

/// Deeper than any sensible nesting; limits the recursion on hostile text.
const LEVELS: usize = 24;

/// Parses what starts at a `$`.
pub fn dollar(input: &mut Input, quoted: bool, pieces: &mut Vec<Piece>) {
    input.position += 1;
    match input.peek() {
        Some('(') => {
            input.position += 1;
            let arithmetic = input.peek() == Some('(');
            pieces.push(Piece::Substitution { source: balanced(input), quoted });
            // `$((…))` may be arithmetic or a subshell command. It is read as the latter, which is harmless for
            // arithmetic; its value is unknown.
            if arithmetic {
                pieces.push(Piece::Variable { name: String::new(), operand: None, quoted });
            }
        }
        Some('{') => {
            input.position += 1;
            pieces.push(braced(&enclosed(input, '}', LEVELS), quoted));
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
            pieces.push(Piece::Variable { name, operand: None, quoted });
        }
        Some(special) if special.is_ascii_digit() || "@*#?-$!".contains(special) => {
            input.position += 1;
            pieces.push(Piece::Variable { name: special.into(), operand: None, quoted });
        }
        _ => push_text(pieces, '$', quoted),
    }
}

/// The inside of `${…}`: a name, and the word after an operator. The name is kept only for fallback operators; with
/// others the value is unknown.
fn braced(inside: &str, quoted: bool) -> Piece {
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    let (name, operator) = inside.split_at(end);
    let fallback = [":-", ":=", "-", "="].iter().find_map(|start| operator.strip_prefix(start));
    let known = operator.is_empty() || fallback.is_some() || operator.starts_with(":?") || operator.starts_with('?');
    let operand = fallback.unwrap_or(operator);
    Piece::Variable {
        name: if known { name.to_owned() } else { String::new() },
        operand: (!operator.is_empty()).then(|| text(operand)),
        quoted,
    }
}

/// Takes the source up to the closing parenthesis, respecting quotes and nesting.
pub fn balanced(input: &mut Input) -> String {
    enclosed(input, ')', LEVELS)
}

/// Takes the source up to the closing character. `$(` and `${` have their own quoting inside.
fn enclosed(input: &mut Input, close: char, levels: usize) -> String {
    let mut source = String::new();
    let mut depth = 1_usize;
    let mut quote = None;
    while let Some(character) = input.take() {
        match (quote, character) {
            (Some(open), end) if open == end => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                source.push(character);
                source.extend(input.take());
                continue;
            }
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(') if close == ')' => depth += 1,
            (None, end) if end == close => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            (_, '$') if levels > 0 => {
                source.push(character);
                let inner = match input.peek() {
                    Some('(') => ')',
                    Some('{') => '}',
                    _ => continue,
                };
                source.extend(input.take());
                source.push_str(&enclosed(input, inner, levels - 1));
                source.push(inner);
                continue;
            }
            _ => {}
        }
        source.push(character);
    }
    source
}

/// The unescaped text of `$'…'`.
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

/// A character given by up to `most` digits.
fn code(input: &mut Input, radix: u32, most: usize) -> Option<char> {
    let mut value = 0_u32;
    for _ in 0..most {
        let Some(digit) = input.peek().and_then(|c| c.to_digit(radix)) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        input.position += 1;
    }
    char::from_u32(value).filter(|c| *c != '\0')
}
