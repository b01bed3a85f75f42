//! How deep JSON text is nested, without parsing it: the parser recurses, so this must be known before.

/// Whether any point of the text lies in more than `limit` open brackets. Brackets in strings do not count.
pub(super) fn exceeds(text: &[u8], limit: usize) -> bool {
    // Fewer brackets than the limit cannot nest deeper than it; this count is cheap and settles most texts.
    let brackets = text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if brackets <= limit {
        return false;
    }
    let mut depth = 0usize;
    let mut in_string = false;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}
