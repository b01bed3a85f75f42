//! The bytes of JSON tokens: where a string ends, where a number ends, what an escape means.
//!
//! Invariant: nothing here panics or reads beyond the text, whatever the text is. A lone surrogate becomes U+FFFD.

const EVERY_BYTE: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The end of the string that begins at `from` (after its quote), and whether it has escapes.
pub(super) fn string_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut escaped = false;
    let mut position = from;
    loop {
        position = quote_or_backslash(bytes, position)?;
        if bytes[position] == b'"' {
            return Some((position, escaped));
        }
        escaped = true;
        position += 2;
    }
}

/// The end of the number that continues at `from`.
pub(super) fn number_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let length = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')).count();
    from + length
}

/// The unescaped text of a JSON string.
pub(super) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(position) = rest.find('\\') {
        text.push_str(&rest[..position]);
        rest = &rest[position + 1..];
        let Some(escape) = rest.chars().next() else { break };
        rest = &rest[escape.len_utf8()..];
        match escape {
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'u' => {
                let (character, after) = unicode(rest);
                text.push(character);
                rest = after;
            }
            other => text.push(other),
        }
    }
    text.push_str(rest);
    text
}

/// The next quote or backslash, eight bytes at a time: most of a walk's time is spent in long strings.
fn quote_or_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let mut chunks = rest.chunks_exact(8);
    let mut position = from;
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        // The lowest marked byte is exact; bytes above it may be false positives.
        let marked =
            zero_bytes(word ^ (EVERY_BYTE * u64::from(b'"'))) | zero_bytes(word ^ (EVERY_BYTE * u64::from(b'\\')));
        if marked != 0 {
            return Some(position + (marked.trailing_zeros() / 8) as usize);
        }
        position += 8;
    }
    let tail = chunks.remainder().iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    Some(position + tail)
}

fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(EVERY_BYTE) & !word & HIGH_BITS
}

/// The character of a `\u` escape (given what follows the `u`), or of two for a surrogate pair, and the text after it.
fn unicode(rest: &str) -> (char, &str) {
    let Some((first, after)) = hexadecimal(rest) else { return (char::REPLACEMENT_CHARACTER, rest) };
    if let Some(character) = char::from_u32(first) {
        return (character, after);
    }
    if (0xd800..0xdc00).contains(&first)
        && let Some((second, end)) = after.strip_prefix("\\u").and_then(hexadecimal)
        && (0xdc00..0xe000).contains(&second)
        && let Some(character) = char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    {
        return (character, end);
    }
    (char::REPLACEMENT_CHARACTER, after)
}

fn hexadecimal(rest: &str) -> Option<(u32, &str)> {
    let digits = rest.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(digits, 16).ok()?, &rest[4..]))
}
