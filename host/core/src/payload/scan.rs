//! A pass over JSON text before parsing: how deeply it nests, and whether members may be duplicated.
//!
//! The parser recurses, so the depth must be known first. Members are compared by a hash of their raw text. Possible
//! duplicates and escaped names, both rare, get an exact check after parsing. The text need not be valid JSON; the
//! parser checks that.

/// The result of the pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// Nests deeper than the limit.
    TooDeep,
    /// No object has duplicate members.
    Distinct,
    /// Some object may have duplicate members.
    Suspicious,
}

struct Container {
    is_object: bool,
    /// Where this object's members begin in the list of hashes.
    members: usize,
}

/// Up to this many members are compared pairwise; more are sorted.
const PAIRWISE: usize = 8;

/// Scans a text; stops where more than `limit` brackets are open.
pub(super) fn scan(text: &[u8], limit: usize) -> Scan {
    let mut open: Vec<Container> = Vec::with_capacity(16);
    let mut hashes: Vec<u64> = Vec::with_capacity(32);
    let mut suspicious = false;
    let mut key_is_next = false;
    let mut index = 0;
    while let Some(byte) = text.get(index) {
        index += 1;
        match byte {
            b'"' => {
                let start = index;
                let Some((end, escaped)) = string_end(text, start) else { break };
                index = end + 1;
                if key_is_next {
                    suspicious |= escaped;
                    hashes.push(hash(&text[start..end]));
                    key_is_next = false;
                }
            }
            b'{' | b'[' => {
                if open.len() == limit {
                    return Scan::TooDeep;
                }
                key_is_next = *byte == b'{';
                open.push(Container { is_object: key_is_next, members: hashes.len() });
            }
            b'}' | b']' => {
                if let Some(container) = open.pop() {
                    suspicious |= repeats(&mut hashes[container.members..]);
                    hashes.truncate(container.members);
                }
                key_is_next = false;
            }
            b',' => key_is_next = open.last().is_some_and(|container| container.is_object),
            _ => {}
        }
    }
    if suspicious { Scan::Suspicious } else { Scan::Distinct }
}

/// Where the string that starts here ends, and whether it has escapes.
fn string_end(text: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut escaped = false;
    let mut index = start;
    loop {
        index += memchr::memchr2(b'"', b'\\', text.get(index..)?)?;
        if text[index] == b'"' {
            return Some((index, escaped));
        }
        escaped = true;
        index += 2;
    }
}

fn repeats(hashes: &mut [u64]) -> bool {
    if hashes.len() <= PAIRWISE {
        return (1..hashes.len()).any(|index| hashes[..index].contains(&hashes[index]));
    }
    hashes.sort_unstable();
    hashes.windows(2).any(|pair| pair[0] == pair[1])
}

/// A fast hash. Deliberate collisions only trigger the exact check.
fn hash(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        assert_eq!(scan(b"[[[]]]", 2), Scan::TooDeep);
        assert_eq!(scan(b"[[[]]]", 3), Scan::Distinct);
        assert_eq!(scan(br#"["[[[[\"[[",{"[":"]"}]"#, 2), Scan::Distinct);
    }

    #[test]
    fn members_are_compared_within_their_object() {
        for (text, expected) in [
            (r#"{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}"#, Scan::Distinct),
            (r#"{"a":"a","b":"a"}"#, Scan::Distinct),
            (r#"["a","a"]"#, Scan::Distinct),
            (r#"{"a":1,"a":2}"#, Scan::Suspicious),
            (r#"{"x":{"a":[],"b":{},"a":2}}"#, Scan::Suspicious),
            (r#"{"\u0061":1,"a":2}"#, Scan::Suspicious),
            (r#"{"":1,"":2}"#, Scan::Suspicious),
        ] {
            assert_eq!(scan(text.as_bytes(), 100), expected, "{text}");
        }
        let many: Vec<String> = (0..40).map(|n| format!("\"member {n}\":0")).collect();
        assert_eq!(scan(format!("{{{}}}", many.join(",")).as_bytes(), 9), Scan::Distinct);
        assert_eq!(scan(format!("{{{},\"member 7\":1}}", many.join(",")).as_bytes(), 9), Scan::Suspicious);
    }

    #[test]
    fn anything_may_be_scanned() {
        for text in ["", "\"", "\"\\", "}", "]]", "{,", "{\"a", "{\"a\":\"\\", ",,", "\u{0}"] {
            scan(text.as_bytes(), 3);
        }
    }
}
