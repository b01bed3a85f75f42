//! The parameters of a query: known names, each once.

use crate::error::AdminError;

/// The parameters of one request.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads a query with these parameters. Unknown names are refused: a misspelt filter would return other results.
    pub(crate) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, AdminError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| decode(text).ok_or_else(|| wrong(format!("{text:?} is not percent-encoded UTF-8")));
            let (name, value) = (decode(name)?, decode(value)?);
            if !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(wrong(format!("{name:?} is not a parameter of this path; known parameters: {known}")));
            }
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                return Err(wrong(format!("{name} is given more than once")));
            }
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// The value of a parameter, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    /// The same as an owned string.
    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The page size, from 1 to the maximum.
    pub(crate) fn limit(&self, usual: usize, most: usize) -> Result<usize, String> {
        let Some(text) = self.get("limit") else { return Ok(usual) };
        let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
        limit.ok_or_else(|| format!("limit {text:?} is not a whole number from 1 to {most}"))
    }

    /// The start of the page, from `nextCursor`.
    pub(crate) fn cursor(&self) -> Result<Option<i64>, String> {
        let Some(text) = self.get("cursor") else { return Ok(None) };
        let cursor = text.parse().ok().filter(|cursor| *cursor > 0);
        cursor.map(Some).ok_or_else(|| format!("invalid cursor {text:?}; use the nextCursor of the previous page"))
    }
}

pub(crate) fn wrong(detail: String) -> AdminError {
    AdminError::BadRequest(detail)
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["agentId", "limit", "cursor"];

    #[test]
    fn parameters_are_decoded_and_known() {
        let query = Query::read(Some("agentId=a%20b+c%C3%A9&limit=7&&cursor="), KNOWN).unwrap_or_else(|_| panic!());
        assert_eq!(query.get("agentId"), Some("a b cé"));
        assert_eq!((query.limit(50, 100), query.cursor()), (Ok(7), Ok(None)));
        assert!(Query::read(None, &[]).is_ok());
        for wrong in ["agentid=x", "agentId=1&agentId=2", "agentId=%G0", "agentId=%ff", "agentId=%4"] {
            assert!(Query::read(Some(wrong), KNOWN).is_err(), "{wrong}");
        }
        for wrong in ["limit=0", "limit=101", "limit=x", "limit=-1"] {
            let query = Query::read(Some(wrong), KNOWN).unwrap_or_else(|_| panic!());
            assert!(query.limit(50, 100).is_err(), "{wrong}");
        }
        let query = Query::read(Some("cursor=abc"), KNOWN).unwrap_or_else(|_| panic!());
        assert!(query.cursor().is_err());
    }
}
