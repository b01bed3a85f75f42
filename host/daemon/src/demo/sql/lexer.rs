//! A query's text in pieces.

/// One piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A keyword or a name, as written.
    Word(String),
    /// A number, as written.
    Number(String),
    /// A text between single quotes, with doubled quotes undone.
    Text(String),
    /// `=`, `!=`, `<>`, `<`, `<=`, `>`, `>=`, `(`, `)`, `,`, `*` or `;`.
    Sign(&'static str),
}

/// The signs, longer ones first.
const SIGNS: &[&str] = &["<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "*", ";"];

/// Takes a query apart.
pub fn tokens(sql: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if first.is_ascii_alphabetic() || first == '_' {
            let (word, after) = split(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            (Token::Word(word.to_owned()), after)
        } else if first.is_ascii_digit() || (first == '-' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let (digits, after) = split(&rest[1..], |c| c.is_ascii_digit() || c == '.');
            (Token::Number(rest[..1 + digits.len()].to_owned()), after)
        } else if first == '\'' {
            text(&rest[1..])?
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), &rest[sign.len()..])
        } else {
            return Err(format!("{first:?} is not understood here"));
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// What stands between quotes; the opening one is gone already.
fn text(mut rest: &str) -> Result<(Token, &str), String> {
    let mut text = String::new();
    loop {
        let Some(quote) = rest.find('\'') else { return Err("a quote is never closed".to_owned()) };
        text.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Ok((Token::Text(text), rest)),
        }
    }
}
