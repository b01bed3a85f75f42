//! What must follow a prefix: lengths, alphabets and ends.
//!
//! A shape gets the whole text and the start and end of the prefix, and returns the range of the secret. Invariant: no
//! shape looks beyond its own limit, or beyond the next position where it could begin, so that hostile text cannot make
//! a search quadratic.

use std::ops::Range;

/// Checks what follows a prefix at `prefix` in `text`.
pub(crate) type Shape = fn(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>>;

/// Maximum length of a token; longer runs are cut.
const LONGEST: usize = 512;
/// A web token may carry many claims.
const LONGEST_SEGMENT: usize = 8192;
/// Minimum key material in a PEM block, so that prose about PEM blocks does not match.
const LEAST_PEM_MATERIAL: usize = 8;
/// The same if the block's end is missing.
const LEAST_OPEN_PEM_MATERIAL: usize = 16;
/// Maximum length of a PEM header line after `-----BEGIN `.
const LONGEST_PEM_LABEL: usize = 40;
/// Characters between the name of a secret and its value, such as `" : "`.
const LONGEST_GAP: usize = 12;
/// The dashes around the first and last line of a PEM block.
const DASHES: &[u8] = b"-----";
/// The length of an AWS secret access key.
const AWS_SECRET: usize = 40;

/// The length of the run of alphabet bytes at the start, up to a limit.
pub(crate) fn run(bytes: &[u8], limit: usize, alphabet: fn(u8) -> bool) -> usize {
    bytes.iter().take(limit).take_while(|byte| alphabet(**byte)).count()
}

/// Letters and digits.
pub(crate) fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// The URL-safe base64 alphabet.
pub(crate) fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Both base64 alphabets.
pub(crate) fn is_token(byte: u8) -> bool {
    is_url_safe(byte) || matches!(byte, b'+' | b'/' | b'=')
}

/// A run of alphabet bytes within these lengths, with none following.
fn between(
    text: &[u8],
    prefix: Range<usize>,
    least: usize,
    most: usize,
    alphabet: fn(u8) -> bool,
) -> Option<Range<usize>> {
    let length = run(&text[prefix.end..], most + 1, alphabet);
    (least..=most).contains(&length).then(|| prefix.start..prefix.end + length)
}

/// `ghp_` and its siblings.
pub(crate) fn github(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 36, LONGEST, is_alphanumeric)
}

/// `github_pat_`: 22, an underscore, 59.
pub(crate) fn github_fine_grained(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let body = &text[prefix.end..];
    let first = run(body, 23, is_alphanumeric);
    if first != 22 || body.get(22) != Some(&b'_') {
        return None;
    }
    (run(&body[23..], 60, is_alphanumeric) == 59).then(|| prefix.start..prefix.end + 82)
}

/// The id of an AWS access key.
pub(crate) fn aws_id(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let length = run(&text[prefix.end..], 17, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let ended = text.get(prefix.end + 16).is_none_or(|next| !next.is_ascii_alphanumeric());
    (length == 16 && ended).then(|| prefix.start..prefix.end + 16)
}

/// An AWS secret access key after its name: `aws_secret_access_key = "…"`. The prefix is `secret`.
pub(crate) fn aws_secret_after_name(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let mut position = after_word(text, prefix.end, b"access").unwrap_or(prefix.end);
    position = after_word(text, position, b"key")?;
    position += run(&text[position..], LONGEST_GAP, |byte| {
        matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'\\' | b':' | b'=' | b'>' | b',' | b'`')
    });
    let length = run(&text[position..], AWS_SECRET + 1, is_aws_secret);
    (length == AWS_SECRET && is_mixed(&text[position..position + length])).then(|| position..position + length)
}

/// Whether a whole text looks like an AWS secret access key.
pub(crate) fn is_aws_secret_key(text: &[u8]) -> bool {
    text.len() == AWS_SECRET && text.iter().all(|byte| is_aws_secret(*byte)) && is_mixed(text)
}

/// Exactly 35 after `AIza`.
pub(crate) fn google(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 35, 35, is_url_safe)
}

/// `sk_live_` and its siblings.
pub(crate) fn stripe(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 16, LONGEST, is_alphanumeric)
}

/// `whsec_`.
pub(crate) fn stripe_webhook(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 32, LONGEST, is_base64)
}

/// `xoxb-` and its siblings; the prefix is `xox`.
pub(crate) fn slack(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let kind = text.get(prefix.end)?;
    if !b"abcdeoprs".contains(kind) || text.get(prefix.end + 1) != Some(&b'-') {
        return None;
    }
    let body = prefix.end + 2;
    // The cookie among them (`d`) contains percent escapes, which would end any other token.
    let alphabet = if *kind == b'd' { is_slack_cookie } else { is_slack };
    let length = run(&text[body..], LONGEST, alphabet);
    let digits = text[body..body + length].iter().filter(|byte| byte.is_ascii_digit()).count();
    (length >= 20 && digits >= 2).then(|| prefix.start..body + length)
}

/// `xapp-`.
pub(crate) fn slack_app(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let digit = text.get(prefix.end).is_some_and(u8::is_ascii_digit);
    if digit { between(text, prefix, 30, LONGEST, is_slack) } else { None }
}

/// `hooks.slack.com/services/`: three parts.
pub(crate) fn slack_webhook(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let body = &text[prefix.end..];
    let team = run(body, 20, is_alphanumeric);
    let hook_start = team + 1;
    let hook = run(body.get(hook_start..)?, 20, is_alphanumeric);
    let secret_start = hook_start + hook + 1;
    let secret = run(body.get(secret_start..)?, 64, is_alphanumeric);
    let shape = body.first() == Some(&b'T') && body.get(team) == Some(&b'/') && body[hook_start] == b'B';
    let shape = shape && body.get(hook_start + hook) == Some(&b'/') && team >= 8 && hook >= 8 && secret >= 20;
    shape.then(|| prefix.start..prefix.end + secret_start + secret)
}

/// `sk-ant-`: a kind, a dash, a long body.
pub(crate) fn anthropic(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let kind = run(&text[prefix.end..], 16, is_alphanumeric);
    if kind == 0 || text.get(prefix.end + kind) != Some(&b'-') {
        return None;
    }
    let found = between(text, prefix.end + kind..prefix.end + kind + 1, 32, LONGEST, is_url_safe)?;
    Some(prefix.start..found.end)
}

/// `sk-proj-` and its siblings.
pub(crate) fn openai(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 40, LONGEST, is_url_safe)
}

/// `sk-` and 48 letters and digits.
pub(crate) fn openai_old(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 48, 48, is_alphanumeric)
}

/// `glpat-`.
pub(crate) fn gitlab(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let found = between(text, prefix.clone(), 20, LONGEST, |byte| is_url_safe(byte) || byte == b'.')?;
    // A dot at the end of a sentence is not part of the token.
    let dots = text[found.clone()].iter().rev().take_while(|byte| **byte == b'.').count();
    (found.len() - dots - prefix.len() >= 20).then(|| found.start..found.end - dots)
}

/// Exactly 36 after `npm_`.
pub(crate) fn npm(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 36, 36, is_alphanumeric)
}

/// After `pypi-AgEIcHlwaS5vcmc`.
pub(crate) fn pypi(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 50, LONGEST, is_url_safe)
}

/// Exactly 34 after `hf_`.
pub(crate) fn huggingface(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    between(text, prefix, 34, 34, is_alphanumeric)
}

/// `SG.`: 22, a dot, 43.
pub(crate) fn sendgrid(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let body = &text[prefix.end..];
    if run(body, 23, is_url_safe) != 22 || body.get(22) != Some(&b'.') {
        return None;
    }
    (run(&body[23..], 44, is_url_safe) == 43).then(|| prefix.start..prefix.end + 66)
}

/// `eyJ`: three segments; the first two are JSON objects.
pub(crate) fn web_token(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let inside = prefix.start > 0 && is_url_safe(text[prefix.start - 1]) && !is_escape_before(text, prefix.start);
    if inside {
        return None;
    }
    let segment = |start: usize, least: usize| {
        let length = run(text.get(start..)?, LONGEST_SEGMENT, is_url_safe);
        (length >= least).then_some(start + length)
    };
    let header = segment(prefix.start, 16).filter(|end| text.get(*end) == Some(&b'.'))?;
    let claims = segment(header + 1, 8).filter(|end| text.get(*end) == Some(&b'.'))?;
    let signature = segment(claims + 1, 16)?;
    text[header + 1..].starts_with(b"eyJ").then_some(prefix.start..signature)
}

/// A PEM block of a private key; the prefix is `-----BEGIN `.
pub(crate) fn private_key(text: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let label_end = prefix.end + run(&text[prefix.end..], LONGEST_PEM_LABEL, is_pem_label);
    let label = &text[prefix.end..label_end];
    let private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    if !private || !text[label_end..].starts_with(DASHES) {
        return None;
    }
    let body = label_end + DASHES.len();
    // The search ends at the next dashes, where another block could begin.
    let dashes = text[body..].windows(DASHES.len()).position(|window| window == DASHES);
    match dashes.map(|length| body + length) {
        Some(end) if text[end..].starts_with(b"-----END ") => {
            let material = text[body..end].iter().filter(|byte| is_base64(**byte)).count();
            let label = end + b"-----END ".len();
            let label_end = label + run(&text[label..], LONGEST_PEM_LABEL, is_pem_label);
            let end = label_end + run(&text[label_end..], DASHES.len(), |byte| byte == b'-');
            (material >= LEAST_PEM_MATERIAL).then_some(prefix.start..end)
        }
        _ => {
            let first = body + run(&text[body..], LONGEST_GAP, is_line_end);
            let line = run(&text[first..], LONGEST, is_base64);
            let rest = run(&text[first..], usize::MAX, |byte| is_base64(byte) || is_line_end(byte));
            (line >= LEAST_OPEN_PEM_MATERIAL).then_some(prefix.start..first + rest)
        }
    }
}

/// Whether the byte before `position` ends an escape of an inner layer (`\n`, `%20`) and so separates words.
pub(crate) fn is_escape_before(text: &[u8], position: usize) -> bool {
    let before = &text[position.saturating_sub(3)..position];
    match before {
        [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f'] => true,
        [b'%', first, second] => first.is_ascii_hexdigit() && second.is_ascii_hexdigit(),
        _ => false,
    }
}

fn after_word(text: &[u8], position: usize, word: &[u8]) -> Option<usize> {
    let position = position + run(text.get(position..)?, 1, |byte| matches!(byte, b'_' | b'-' | b' ' | b'.'));
    let end = position + word.len();
    text.get(position..end).filter(|found| found.eq_ignore_ascii_case(word)).map(|_| end)
}

fn is_aws_secret(byte: u8) -> bool {
    is_base64(byte) && byte != b'='
}

/// Upper case, lower case and digits: typical of a key, rare in a path or a digest.
fn is_mixed(text: &[u8]) -> bool {
    let any = |class: fn(&u8) -> bool| text.iter().any(class);
    any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase) && any(u8::is_ascii_digit)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn is_slack(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn is_slack_cookie(byte: u8) -> bool {
    is_slack(byte) || byte == b'%'
}

fn is_pem_label(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
}

/// A line end, including one escaped by an inner layer as `\\n`: the letters are base64 anyway.
fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b'\\')
}
