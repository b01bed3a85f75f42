//! The admin token.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;

/// The secret that callers of the admin surface must present.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn new(token: String) -> Self {
        Self(token)
    }

    /// Whether the request has the token. Compared in constant time.
    pub(crate) fn is_given(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        let value = value.as_bytes();
        let Some((scheme, given)) = value.split_at_checked("Bearer ".len()) else { return false };
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(given.ct_eq(self.0.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let token = Token::new("s3cret".to_owned());
        for (value, expected) in [
            ("Bearer s3cret", true),
            ("bearer s3cret", true),
            ("Bearer s3cre", false),
            ("Bearer s3cretx", false),
            ("Bearer ", false),
            ("Bearer", false),
            ("Basic s3cret", false),
            ("s3cret", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(AUTHORIZATION, value.parse().unwrap());
            assert_eq!(token.is_given(&headers), expected, "{value:?}");
            headers.append(AUTHORIZATION, "Bearer s3cret".parse().unwrap());
            assert!(!token.is_given(&headers), "two of them");
        }
        assert!(!token.is_given(&HeaderMap::new()));
    }
}
