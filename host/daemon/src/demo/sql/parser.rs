//! The pieces of a query as a query.

use super::condition::{Comparison, Condition, Operator};
use super::lexer::Token;
use super::table::Cell;

/// Deepest nesting of parentheses and NOT.
const MAX_DEPTH: usize = 32;

/// What the whole looks like, for messages.
const FORM: &str = "SELECT columns FROM table [WHERE conditions] [ORDER BY column [DESC]] [LIMIT number]";

/// A query.
#[derive(Debug)]
pub struct Query {
    /// What to show.
    pub columns: Columns,
    /// Of what.
    pub table: String,
    /// Which rows.
    pub condition: Option<Condition>,
    /// In which order.
    pub order: Option<Order>,
    /// How many at most.
    pub limit: Option<usize>,
}

/// What to show.
#[derive(Debug)]
pub enum Columns {
    /// `*`
    All,
    /// `COUNT(*)`
    Count,
    /// Some.
    Named(Vec<String>),
}

/// In which order.
#[derive(Debug)]
pub struct Order {
    /// By what.
    pub column: String,
    /// From the end.
    pub descending: bool,
}

struct Parser<'a> {
    tokens: &'a [Token],
}

/// Reads a query.
pub fn parse(tokens: &[Token]) -> Result<Query, String> {
    let mut parser = Parser { tokens };
    if !parser.word("SELECT") {
        return Err(format!("only SELECT is understood: {FORM}"));
    }
    let columns = parser.columns()?;
    parser.expect("FROM")?;
    let table = parser.name("a table")?;
    let condition = if parser.word("WHERE") { Some(parser.any(0)?) } else { None };
    let order = if parser.word("ORDER") {
        parser.expect("BY")?;
        let column = parser.name("a column")?;
        let descending = parser.word("DESC");
        if !descending {
            parser.word("ASC");
        }
        Some(Order { column, descending })
    } else {
        None
    };
    let limit = if parser.word("LIMIT") { Some(parser.limit()?) } else { None };
    parser.sign(";");
    match parser.tokens {
        [] => Ok(Query { columns, table, condition, order, limit }),
        [next, ..] => Err(format!("{} should be the end: {FORM}", show(next))),
    }
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    /// Takes a keyword if it stands here.
    fn word(&mut self, keyword: &str) -> bool {
        let here = matches!(self.tokens.first(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        if here {
            self.next();
        }
        here
    }

    /// Takes a sign if it stands here.
    fn sign(&mut self, sign: &str) -> bool {
        let here = matches!(self.tokens.first(), Some(Token::Sign(found)) if *found == sign);
        if here {
            self.next();
        }
        here
    }

    fn expect(&mut self, keyword: &str) -> Result<(), String> {
        if self.word(keyword) { Ok(()) } else { Err(format!("{keyword} is missing: {FORM}")) }
    }

    fn name(&mut self, what: &str) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word.to_ascii_lowercase()),
            Some(other) => Err(format!("{} stands where {what} should be", show(other))),
            None => Err(format!("{what} is missing at the end: {FORM}")),
        }
    }

    fn columns(&mut self) -> Result<Columns, String> {
        if self.sign("*") {
            return Ok(Columns::All);
        }
        let mut names = vec![self.name("a column")?];
        if names[0] == "count" && self.sign("(") {
            let closed = self.sign("*") && self.sign(")");
            return if closed { Ok(Columns::Count) } else { Err("of aggregates only COUNT(*) is understood".into()) };
        }
        while self.sign(",") {
            names.push(self.name("a column")?);
        }
        Ok(Columns::Named(names))
    }

    fn limit(&mut self) -> Result<usize, String> {
        match self.next() {
            Some(Token::Number(number)) => {
                number.parse().map_err(|_| format!("LIMIT takes a whole number, not {number}"))
            }
            _ => Err("LIMIT takes a whole number".to_owned()),
        }
    }

    /// Conditions with OR between them.
    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut condition = self.all(depth)?;
        while self.word("OR") {
            condition = Condition::Either(Box::new(condition), Box::new(self.all(depth)?));
        }
        Ok(condition)
    }

    /// Conditions with AND between them.
    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut condition = self.one(depth)?;
        while self.word("AND") {
            condition = Condition::Both(Box::new(condition), Box::new(self.one(depth)?));
        }
        Ok(condition)
    }

    fn one(&mut self, depth: usize) -> Result<Condition, String> {
        if depth == MAX_DEPTH {
            return Err(format!("conditions are nested deeper than {MAX_DEPTH}"));
        }
        if self.word("NOT") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign("(") {
            let inner = self.any(depth + 1)?;
            return if self.sign(")") { Ok(inner) } else { Err("a parenthesis is never closed".to_owned()) };
        }
        let column = self.name("a column")?;
        let operator = self.operator()?;
        let value = match self.next() {
            Some(Token::Text(text)) => Cell::Text(text.clone()),
            Some(Token::Number(number)) => Cell::number(number)?,
            Some(Token::Word(word)) => return Err(format!("{word} is a bare word; texts stand in quotes: '{word}'")),
            _ => return Err("a value is missing after the operator".to_owned()),
        };
        Ok(Condition::Compare(Comparison { column, operator, value }))
    }

    fn operator(&mut self) -> Result<Operator, String> {
        if self.word("LIKE") {
            return Ok(Operator::Like);
        }
        match self.next() {
            Some(Token::Sign("=")) => Ok(Operator::Equal),
            Some(Token::Sign("!=" | "<>")) => Ok(Operator::Unequal),
            Some(Token::Sign("<")) => Ok(Operator::Less),
            Some(Token::Sign("<=")) => Ok(Operator::LessOrEqual),
            Some(Token::Sign(">")) => Ok(Operator::Greater),
            Some(Token::Sign(">=")) => Ok(Operator::GreaterOrEqual),
            _ => Err("after a column stands one of = != < <= > >= LIKE".to_owned()),
        }
    }
}

fn show(token: &Token) -> String {
    match token {
        Token::Word(word) | Token::Number(word) => word.clone(),
        Token::Text(text) => format!("'{text}'"),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}
