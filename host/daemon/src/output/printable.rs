//! Text of guests and peers, made safe for a terminal.

use std::borrow::Cow;

/// The text with every character escaped that a terminal would act on: control characters (which move the
/// cursor, change colours or retitle windows) and those that change the direction of reading.
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
    // Bidirectional overrides and isolates can show a text as another one; line and paragraph separators
    // end a line for some readers.
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
