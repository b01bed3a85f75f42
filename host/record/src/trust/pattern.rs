//! Endpoints with placeholders: `{name}` for one segment of the path, `{name:path}` for a subtree.
//!
//! A placeholder is a whole segment. Everything else, `_`, `%` and `*` among it, stands for itself.

use super::url::normalise;

/// Longest URL that can be registered.
pub const MAX_PATTERN_BYTES: usize = 2048;

/// An endpoint's normal form, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

/// Why a text cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It has no normal form.
    #[error(
        "it is not a URL that can be compared; give for example https://api.example.com/v1/{{tenant}}/{{rest:path}}, without white space, backslashes or dot segments"
    )]
    NotAUrl,
    /// More than [`MAX_PATTERN_BYTES`].
    #[error("it has {0} bytes; at most {MAX_PATTERN_BYTES} are allowed")]
    TooLong(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This segment.
    Literal(String),
    /// One segment that is not empty.
    Segment,
    /// One or more segments that are not empty all together.
    Subtree,
}

impl Pattern {
    /// Reads a URL with or without placeholders, in whatever form.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong(text.len()));
        }
        let text = normalise(text).ok_or(PatternError::NotAUrl)?;
        let parts = segments(&text).enumerate().map(|(index, segment)| Part::of(index, segment)).collect();
        Ok(Self { text, parts })
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has no placeholder, so that it matches its own text only.
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// Whether a URL in normal form is meant.
    pub fn matches(&self, normalised: &str) -> bool {
        let segments: Vec<&str> = segments(normalised).collect();
        // Which prefixes of the segments the parts so far can have taken. No recursion: subtrees cannot be nested
        // into exponential work.
        let mut reached = vec![false; segments.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            let mut next = vec![false; segments.len() + 1];
            for (index, segment) in segments.iter().enumerate() {
                next[index + 1] = match part {
                    Part::Literal(text) => reached[index] && text == segment,
                    Part::Segment => reached[index] && is_one_segment(segment),
                    // Goes on from where it began, or begins here; a beginning without text is none.
                    Part::Subtree => next[index] || (reached[index] && !segment.is_empty()),
                };
            }
            reached = next;
        }
        reached[segments.len()]
    }
}

impl Part {
    /// The first segment is scheme and host, which are literal.
    fn of(index: usize, segment: &str) -> Self {
        let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|_| index > 0);
        match inner.map(|inner| inner.split_once(':').unwrap_or((inner, ""))) {
            Some((name, "")) if is_name(name) && !segment.contains(':') => Self::Segment,
            Some((name, "path")) if is_name(name) => Self::Subtree,
            _ => Self::Literal(segment.to_owned()),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// Scheme and host as the first, then those of the path.
fn segments(normalised: &str) -> impl Iterator<Item = &str> {
    let authority = normalised.find("://").map_or(0, |index| index + 3);
    let path = normalised[authority..].find('/').map_or(normalised.len(), |index| authority + index);
    let rest = normalised[path..].strip_prefix('/').map(|rest| rest.split('/'));
    std::iter::once(&normalised[..path]).chain(rest.into_iter().flatten())
}

/// An escaped slash is one segment here and may be two for the server.
fn is_one_segment(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    !segment.is_empty() && !lower.contains("%2f") && !lower.contains("%5c")
}
