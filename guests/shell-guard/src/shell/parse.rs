//! Parses tokens into commands: pipelines, groups, compound statements and function definitions.
//!
//! Invariants: every word of the text ends up in exactly one command; an unmatched closing word or parenthesis
//! separates commands; nesting and the number of commands are limited.
//!
//! Compound statements are parsed as groups of all their parts: for a guard, every branch may run.

use super::lex::{Token, tokens};
use super::{Command, Pipeline, Script, Simple, Word};

/// Far more than people and agents write, and few enough to parse within a call's time.
const LONGEST: usize = 256 * 1024;
const MOST_COMMANDS: usize = 4096;
const DEEPEST: usize = 12;

/// Words that open a compound statement, with the word that ends it.
const COMPOUNDS: [(&str, &str); 7] = [
    ("{", "}"),
    ("if", "fi"),
    ("while", "done"),
    ("until", "done"),
    ("for", "done"),
    ("select", "done"),
    ("case", "esac"),
];

/// Words in a compound statement that start a new command.
const INNER: [&str; 7] = ["then", "else", "elif", "do", "!", "time", "coproc"];

/// Parses a script.
pub fn parse(source: &str) -> Script {
    if source.len() > LONGEST {
        return Script { pipelines: Vec::new(), complete: false };
    }
    let mut parser = Parser { tokens: tokens(source), position: 0, commands: 0, complete: true };
    let mut pipelines = Vec::new();
    while parser.position < parser.tokens.len() && parser.complete {
        pipelines.extend(parser.list(&[], 0));
        // An unmatched closing word ends the list early; continue after it.
        parser.position += 1;
    }
    Script { pipelines, complete: parser.complete }
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
    commands: usize,
    complete: bool,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position)
    }

    fn bare(&self, ahead: usize) -> Option<&str> {
        match self.tokens.get(self.position + ahead) {
            Some(Token::Word(word)) => word.bare(),
            _ => None,
        }
    }

    /// Pipelines up to one of the closing words (not consumed) or a closing parenthesis.
    fn list(&mut self, closing: &[&str], depth: usize) -> Vec<Pipeline> {
        let mut pipelines = Vec::new();
        if depth > DEEPEST {
            self.complete = false;
        }
        while self.complete {
            while matches!(self.peek(), Some(Token::Separator | Token::Background | Token::Pipe)) {
                self.position += 1;
            }
            match self.peek() {
                None => break,
                // In a `case`, this ends a pattern.
                Some(Token::Close) if closing == ["esac"] => self.position += 1,
                Some(Token::Close) => break,
                Some(Token::Word(word)) if word.bare().is_some_and(|text| closing.contains(&text)) => break,
                Some(_) => pipelines.push(self.pipeline(depth)),
            }
        }
        pipelines
    }

    fn pipeline(&mut self, depth: usize) -> Pipeline {
        let mut pipeline = Pipeline::default();
        loop {
            self.commands += 1;
            if self.commands > MOST_COMMANDS {
                self.complete = false;
                return pipeline;
            }
            let command = self.command(depth);
            pipeline.commands.push(command);
            match self.peek() {
                Some(Token::Pipe) => {
                    self.position += 1;
                    while self.peek() == Some(&Token::Separator) {
                        self.position += 1;
                    }
                }
                Some(Token::Background) => {
                    self.position += 1;
                    pipeline.background = true;
                    return pipeline;
                }
                _ => return pipeline,
            }
        }
    }

    fn command(&mut self, depth: usize) -> Command {
        while self.bare(0).is_some_and(|text| INNER.contains(&text)) {
            self.position += 1;
        }
        if self.peek() == Some(&Token::Open) {
            self.position += 1;
            let body = self.list(&[], depth + 1);
            self.position += usize::from(self.peek() == Some(&Token::Close));
            return self.group(body, true);
        }
        if let Some(command) = self.function(depth) {
            return command;
        }
        let opened = self.bare(0).and_then(|text| COMPOUNDS.iter().find(|(open, _)| *open == text));
        match opened {
            Some((open, close)) => {
                let loops = ["for", "select"].contains(open).then(|| self.loop_variable()).flatten();
                self.position += usize::from(loops.is_none());
                let mut body = Vec::from_iter(loops);
                body.extend(self.list(&[close], depth + 1));
                self.position += usize::from(self.bare(0) == Some(close));
                self.group(body, false)
            }
            None => Command::Simple(self.simple()),
        }
    }

    /// `for name in words`, as an assignment of all words to the name.
    fn loop_variable(&mut self) -> Option<Pipeline> {
        let name = self.bare(1)?.to_owned();
        if self.bare(2) != Some("in") {
            return None;
        }
        self.position += 3;
        let mut simple = Simple::default();
        while let Some(Token::Word(word)) = self.peek() {
            simple.assignments.push((name.clone(), word.clone()));
            self.position += 1;
        }
        Some(Pipeline { commands: vec![Command::Simple(simple)], background: false })
    }

    /// `name () body` and `function name [()] body`.
    fn function(&mut self, depth: usize) -> Option<Command> {
        let keyword = usize::from(self.bare(0) == Some("function"));
        let name = self.bare(keyword)?.to_owned();
        let behind = self.position + keyword + 1;
        let parentheses =
            self.tokens.get(behind) == Some(&Token::Open) && self.tokens.get(behind + 1) == Some(&Token::Close);
        if keyword == 0 && !parentheses {
            return None;
        }
        self.position = behind + if parentheses { 2 } else { 0 };
        while self.peek() == Some(&Token::Separator) {
            self.position += 1;
        }
        if depth >= DEEPEST {
            self.complete = false;
            return None;
        }
        let body = match self.command(depth + 1) {
            Command::Group { body, .. } => body,
            other => vec![Pipeline { commands: vec![other], background: false }],
        };
        Some(Command::Function { name, body })
    }

    fn group(&mut self, body: Vec<Pipeline>, subshell: bool) -> Command {
        let mut redirects = Vec::new();
        while let Some(Token::Redirect(redirect)) = self.peek() {
            redirects.push(redirect.clone());
            self.position += 1;
        }
        Command::Group { body, subshell, redirects }
    }

    fn simple(&mut self) -> Simple {
        let mut simple = Simple::default();
        let start = self.position;
        let mut open = 0_usize;
        loop {
            match self.peek() {
                Some(Token::Word(word)) => {
                    let word = word.clone();
                    match assignment(&word).filter(|_| simple.words.is_empty()) {
                        Some(assignment) => simple.assignments.push(assignment),
                        None => simple.words.push(word),
                    }
                }
                Some(Token::Redirect(redirect)) => simple.redirects.push(redirect.clone()),
                // An array value, `name=(a b)`, or invalid text: its words are arguments.
                Some(Token::Open) if self.position > start => open += 1,
                Some(Token::Close) if open > 0 => open -= 1,
                _ => return simple,
            }
            self.position += 1;
        }
    }
}

/// `name=value` or `name+=value`, with a valid name.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let super::Piece::Text { text, quoted: false } = word.pieces.first()? else { return None };
    let (name, rest) = text.split_once('=')?;
    let name = name.trim_end_matches('+');
    let valid = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    valid.then(|| {
        let mut pieces = word.pieces.clone();
        pieces[0] = super::Piece::Text { text: rest.to_owned(), quoted: false };
        (name.to_owned(), Word { pieces })
    })
}
