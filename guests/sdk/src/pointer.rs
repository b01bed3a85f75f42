//! RFC 6901 pointers.
//!
//! Invariant: [`push_key`] and [`push_index`] append exactly one reference token, whatever the key contains.

/// Appends a key as one reference token, with `~` and `/` escaped.
pub fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    if key.bytes().any(|byte| byte == b'~' || byte == b'/') {
        for character in key.chars() {
            match character {
                '~' => pointer.push_str("~0"),
                '/' => pointer.push_str("~1"),
                other => pointer.push(other),
            }
        }
    } else {
        pointer.push_str(key);
    }
}

/// Appends an index of an array.
pub fn push_index(pointer: &mut String, index: usize) {
    pointer.push('/');
    pointer.push_str(&index.to_string());
}

/// Whether `pointer` is `ancestor` or below it. The empty ancestor contains everything.
#[must_use]
pub fn is_within(pointer: &str, ancestor: &str) -> bool {
    pointer.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks that a text is a pointer: empty, or starting with `/`, with `~` only as `~0` and `~1`.
///
/// # Errors
/// What is wrong with it, for the operator.
pub fn check(pointer: &str) -> Result<(), String> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!("`{pointer}` is not a JSON pointer: it must be empty or start with `/`"));
    }
    if pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        return Err(format!("`{pointer}` is not a JSON pointer: `~` is written `~0` and `/` within a key `~1`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_escaped() {
        let mut pointer = String::new();
        push_key(&mut pointer, "a/b~c");
        push_index(&mut pointer, 10);
        push_key(&mut pointer, "");
        assert_eq!(pointer, "/a~1b~0c/10/");
    }

    #[test]
    fn within_respects_token_boundaries() {
        for (pointer, ancestor, expected) in
            [("/a/b", "/a", true), ("/a", "/a", true), ("/ab", "/a", false), ("/a", "", true), ("/a", "/a/b", false)]
        {
            assert_eq!(is_within(pointer, ancestor), expected, "{pointer} in {ancestor}");
        }
    }

    #[test]
    fn pointers_are_checked() {
        for good in ["", "/", "/a~0b/~1"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["a", "/~", "/~2", "/a~"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
