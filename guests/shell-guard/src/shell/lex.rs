//! Splits text into tokens: quotes, escapes, operators, redirections, here-documents and comments.
//!
//! Invariants: every character is read once, except in substitutions, which are kept as source; an unclosed quote ends
//! with the text.

use super::substitute::{balanced, dollar};
use super::{Piece, Redirect, Word};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A word.
    Word(Word),
    /// A redirection with its target.
    Redirect(Redirect),
    /// `;`, `&&`, `||` or the end of a line.
    Separator,
    /// `&`.
    Background,
    /// `|` or `|&`.
    Pipe,
    /// `(`.
    Open,
    /// `)`.
    Close,
}

/// A here-document whose body has not been read yet.
struct Pending {
    /// The token that gets the body.
    token: usize,
    /// The line that ends the body.
    delimiter: String,
    /// `<<-`: tabs in front of lines are dropped.
    indented: bool,
    /// Whether the delimiter is quoted, so that the body is not expanded.
    verbatim: bool,
}

/// Tokenises the whole text.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        input: Input { characters: source.chars().collect(), position: 0 },
        tokens: Vec::new(),
        pending: Vec::new(),
    };
    lexer.run();
    lexer.tokens
}

/// Characters with a position.
pub struct Input {
    /// All characters.
    pub characters: Vec<char>,
    /// The next one.
    pub position: usize,
}

impl Input {
    /// Peeks at the next character.
    pub fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    /// Peeks at the character `distance` further on.
    pub fn ahead(&self, distance: usize) -> Option<char> {
        self.characters.get(self.position + distance).copied()
    }

    /// Takes the next character.
    pub fn take(&mut self) -> Option<char> {
        let character = self.peek();
        self.position += usize::from(character.is_some());
        character
    }

    /// Takes `expected` if it is next.
    pub fn accept(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.position += usize::from(found);
        found
    }
}

struct Lexer {
    input: Input,
    tokens: Vec<Token>,
    pending: Vec<Pending>,
}

impl Lexer {
    fn run(&mut self) {
        while let Some(character) = self.input.peek() {
            match character {
                ' ' | '\t' | '\r' => self.input.position += 1,
                '\\' if self.input.ahead(1) == Some('\n') => self.input.position += 2,
                '\n' => {
                    self.input.position += 1;
                    self.tokens.push(Token::Separator);
                    self.here_documents();
                }
                '#' => {
                    while self.input.peek().is_some_and(|c| c != '\n') {
                        self.input.position += 1
                    }
                }
                ';' => {
                    while self.input.accept(';') {}
                    self.tokens.push(Token::Separator);
                }
                '|' => self.pipe(),
                '&' => self.ampersand(),
                '(' => self.single(Token::Open),
                ')' => self.single(Token::Close),
                '<' | '>' if self.input.ahead(1) != Some('(') => self.redirect(),
                _ => self.word_or_descriptor(),
            }
        }
        self.here_documents();
    }

    fn single(&mut self, token: Token) {
        self.input.position += 1;
        self.tokens.push(token);
    }

    fn pipe(&mut self) {
        self.input.position += 1;
        if self.input.accept('|') {
            self.tokens.push(Token::Separator);
        } else {
            self.input.accept('&');
            self.tokens.push(Token::Pipe);
        }
    }

    fn ampersand(&mut self) {
        self.input.position += 1;
        match self.input.peek() {
            Some('&') => self.single(Token::Separator),
            Some('>') => self.redirect(),
            _ => self.tokens.push(Token::Background),
        }
    }

    /// A word, or the number before a redirection, which is dropped.
    fn word_or_descriptor(&mut self) {
        let start = self.input.position;
        while self.input.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.input.position += 1;
        }
        let number = self.input.position > start;
        if number && matches!(self.input.peek(), Some('<' | '>')) {
            return self.redirect();
        }
        self.input.position = start;
        let word = self.word();
        self.tokens.push(Token::Word(word));
    }

    fn redirect(&mut self) {
        let reads = self.input.take() == Some('<');
        if reads && self.input.accept('<') {
            return self.here();
        }
        let both = reads && self.input.accept('>');
        let duplicates = self.input.accept('&');
        if !reads {
            let _append_or_force = self.input.accept('>') || self.input.accept('|');
        }
        self.blanks();
        let target = self.word();
        let descriptor =
            target.bare().is_some_and(|text| text.trim_end_matches('-').chars().all(|c| c.is_ascii_digit()));
        if duplicates && descriptor {
            return;
        }
        let redirect = if reads && !both { Redirect::Read(target) } else { Redirect::Write(target) };
        self.tokens.push(Token::Redirect(redirect));
    }

    fn here(&mut self) {
        if self.input.accept('<') {
            self.blanks();
            let word = self.word();
            return self.tokens.push(Token::Redirect(Redirect::Here(word)));
        }
        let indented = self.input.accept('-');
        self.blanks();
        let word = self.word();
        let verbatim = word.bare().is_none();
        let delimiter = word
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text { text, .. } => text.as_str(),
                _ => "",
            })
            .collect();
        self.pending.push(Pending { token: self.tokens.len(), delimiter, indented, verbatim });
        self.tokens.push(Token::Redirect(Redirect::Here(Word::default())));
    }

    fn blanks(&mut self) {
        while matches!(self.input.peek(), Some(' ' | '\t')) {
            self.input.position += 1;
        }
    }

    /// Reads the bodies of the here-documents started on the line that just ended.
    fn here_documents(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let mut body = String::new();
            while self.input.peek().is_some() {
                let mut line = String::new();
                while let Some(character) = self.input.take() {
                    if character == '\n' {
                        break;
                    }
                    line.push(character);
                }
                let line = if pending.indented { line.trim_start_matches('\t') } else { &line };
                if line == pending.delimiter {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let pieces =
                if pending.verbatim { vec![Piece::Text { text: body, quoted: true }] } else { text(&body).pieces };
            if let Some(token) = self.tokens.get_mut(pending.token) {
                *token = Token::Redirect(Redirect::Here(Word { pieces }));
            }
        }
    }

    fn word(&mut self) -> Word {
        let mut pieces = Vec::new();
        while let Some(character) = self.input.peek() {
            match character {
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | '&' | ')' => break,
                '(' => break,
                '<' | '>' if pieces.is_empty() && self.input.ahead(1) == Some('(') => {
                    self.input.position += 2;
                    pieces.push(Piece::Process(balanced(&mut self.input)));
                }
                '<' | '>' => break,
                '\'' => {
                    self.input.position += 1;
                    let text = until(&mut self.input, '\'');
                    pieces.push(Piece::Text { text, quoted: true });
                }
                '"' => {
                    self.input.position += 1;
                    pieces.push(Piece::Text { text: String::new(), quoted: true });
                    double_quoted(&mut self.input, Some('"'), &mut pieces);
                }
                '\\' => {
                    self.input.position += 1;
                    if let Some(escaped) = self.input.take().filter(|c| *c != '\n') {
                        push_text(&mut pieces, escaped, true);
                    }
                }
                '`' => {
                    self.input.position += 1;
                    let source = until(&mut self.input, '`').replace("\\`", "`");
                    pieces.push(Piece::Substitution { source, quoted: false });
                }
                '$' => dollar(&mut self.input, false, &mut pieces),
                other => {
                    self.input.position += 1;
                    push_text(&mut pieces, other, false);
                }
            }
        }
        Word { pieces }
    }
}

/// Appends a character to the last piece if the quoting is the same, otherwise starts a new piece.
pub fn push_text(pieces: &mut Vec<Piece>, character: char, quote: bool) {
    match pieces.last_mut() {
        Some(Piece::Text { text, quoted }) if *quoted == quote => text.push(character),
        _ => pieces.push(Piece::Text { text: character.into(), quoted: quote }),
    }
}

/// A text that is expanded, but not split or matched against file names.
pub fn text(source: &str) -> Word {
    let mut pieces = Vec::new();
    let mut input = Input { characters: source.chars().collect(), position: 0 };
    double_quoted(&mut input, None, &mut pieces);
    Word { pieces }
}

/// Reads double-quoted text up to `end`, or to the end of the input.
fn double_quoted(input: &mut Input, end: Option<char>, pieces: &mut Vec<Piece>) {
    while let Some(character) = input.peek() {
        match character {
            found if Some(found) == end => {
                input.position += 1;
                return;
            }
            '\\' => {
                input.position += 1;
                match input.take() {
                    Some('\n') | None => {}
                    Some(escaped @ ('$' | '`' | '"' | '\\')) => push_text(pieces, escaped, true),
                    Some(other) => {
                        push_text(pieces, '\\', true);
                        push_text(pieces, other, true);
                    }
                }
            }
            '`' => {
                input.position += 1;
                let source = until(input, '`').replace("\\`", "`");
                pieces.push(Piece::Substitution { source, quoted: true });
            }
            '$' => dollar(input, true, pieces),
            other => {
                input.position += 1;
                push_text(pieces, other, true);
            }
        }
    }
}

/// Takes text up to `end` (consumed) or the end of the input; in backquotes, `\` keeps the next character.
pub fn until(input: &mut Input, end: char) -> String {
    let mut text = String::new();
    while let Some(character) = input.take() {
        if character == end {
            break;
        }
        text.push(character);
        if character == '\\' && end == '`' {
            text.extend(input.take());
        }
    }
    text
}
