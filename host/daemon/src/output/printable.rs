//! Makes text from guests and peers safe for a terminal.

use std::borrow::Cow;

/// Escapes every character that a terminal would act on: control characters (which move the cursor, change colours or
/// set titles) and those that change text direction.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_active(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn is_active(character: char) -> bool {
    // Bidirectional overrides and isolates can disguise text; some readers treat line and paragraph separators as line
    // ends.
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        assert_eq!(super::printable("grün ok"), "grün ok");
        assert_eq!(super::printable("a\x1b[2Jb\r\n\u{9b}c\u{202e}"), "a\\u{1b}[2Jb\\r\\n\\u{9b}c\\u{202e}");
    }
}
