//! W3C trace context: continues the caller's trace if it is valid, starts a new one otherwise.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The trace that an exchange belongs to, with the gateway's own span in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// `00-{trace id}-{span id}-{flags}`.
    text: [u8; LENGTH],
    continued: bool,
}

const LENGTH: usize = 55;
const TRACE_ID: std::ops::Range<usize> = 3..35;
const SPAN_ID: std::ops::Range<usize> = 36..52;
const FLAGS: std::ops::Range<usize> = 53..55;

impl Trace {
    /// Continues the caller's trace with a span of our own. Starts a new trace if the header is missing or malformed.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let caller = match (values.next(), values.next()) {
            (Some(only), None) => parse(only.as_bytes()),
            _ => None,
        };
        let continued = caller.is_some();
        let mut text = caller.unwrap_or_else(new_trace);
        let mut span = [0; 32];
        // The last half of a random UUID is never zero: the variant bits are in it.
        Uuid::new_v4().simple().encode_lower(&mut span);
        text[..2].copy_from_slice(b"00");
        text[SPAN_ID].copy_from_slice(&span[16..]);
        Self { text, continued }
    }

    /// The same span in another parent's trace; `None` if the parent is malformed. `tracestate` is only forwarded if it
    /// belongs to that trace.
    pub fn within(&self, parent: &str) -> Option<Self> {
        let mut text = parse(parent.as_bytes())?;
        text[..2].copy_from_slice(b"00");
        text[SPAN_ID].copy_from_slice(&self.text[SPAN_ID]);
        let continued = self.continued && text[TRACE_ID] == self.text[TRACE_ID];
        Some(Self { text, continued })
    }

    /// The trace.
    pub fn trace_id(&self) -> &str {
        self.part(TRACE_ID)
    }

    /// The gateway's own span.
    pub fn span_id(&self) -> &str {
        self.part(SPAN_ID)
    }

    /// Writes the trace into a request to the upstream. Removes `tracestate` unless the trace is continued.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_bytes(&self.text) {
            headers.insert(TRACEPARENT, value);
        }
        if !self.continued {
            headers.remove(TRACESTATE);
        }
    }

    fn part(&self, range: std::ops::Range<usize>) -> &str {
        // Hex digits and dashes only.
        std::str::from_utf8(&self.text[range]).unwrap_or_default()
    }
}

fn new_trace() -> [u8; LENGTH] {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    let mut id = [0; 32];
    Uuid::new_v4().simple().encode_lower(&mut id);
    text[TRACE_ID].copy_from_slice(&id);
    text
}

/// Checks a `traceparent`. A later version may be longer; its first fields are as in version 00.
fn parse(value: &[u8]) -> Option<[u8; LENGTH]> {
    let text: [u8; LENGTH] = value.get(..LENGTH)?.try_into().ok()?;
    let is_hex = |part: &[u8]| part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_zero = |part: &[u8]| part.iter().all(|byte| *byte == b'0');
    let version = &text[..2];
    let dashes = text[2] == b'-' && text[35] == b'-' && text[52] == b'-';
    let fields = [version, &text[TRACE_ID], &text[SPAN_ID], &text[FLAGS]];
    let length = match value.get(LENGTH) {
        None => true,
        Some(next) => version != b"00" && *next == b'-',
    };
    let good = dashes
        && length
        && version != b"ff"
        && fields.into_iter().all(is_hex)
        && !is_zero(&text[TRACE_ID])
        && !is_zero(&text[SPAN_ID]);
    good.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(parents: &[&str]) -> Trace {
        let mut headers = HeaderMap::new();
        for parent in parents {
            headers.append(TRACEPARENT, HeaderValue::from_str(parent).unwrap());
        }
        Trace::of(&headers)
    }

    #[test]
    fn a_valid_trace_is_continued_under_our_span() {
        for parent in [GOOD, &format!("01{}", &GOOD[2..]), &format!("cc{}-more", &GOOD[2..])] {
            let trace = of(&[parent]);
            assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
            assert_ne!(trace.span_id(), "00f067aa0ba902b7");
            let mut headers = HeaderMap::from_iter([(TRACESTATE, HeaderValue::from_static("a=b"))]);
            trace.write(&mut headers);
            let written = headers[TRACEPARENT].to_str().unwrap();
            assert!(written.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && written.ends_with("-01"));
            assert_eq!(headers[TRACESTATE], "a=b");
        }
    }

    #[test]
    fn a_message_may_name_its_own_trace() {
        let ours = of(&[]);
        let within = ours.within(GOOD).unwrap();
        assert_eq!((within.trace_id(), within.span_id()), ("4bf92f3577b34da6a3ce929d0e0e4736", ours.span_id()));
        assert!(!within.continued && of(&[GOOD]).within(GOOD).unwrap().continued);
        assert_eq!(ours.within("00-x"), None);
    }

    #[test]
    fn a_malformed_trace_begins_a_new_one() {
        let zero_trace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let zero_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
        let longer = format!("{GOOD}-x");
        let upper = GOOD.to_uppercase();
        let version = format!("ff{}", &GOOD[2..]);
        for parents in [
            vec![],
            vec![""],
            vec![zero_trace],
            vec![zero_span],
            vec![&longer],
            vec![&upper],
            vec![&version],
            vec![GOOD; 2],
        ] {
            let trace = of(&parents);
            assert_ne!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736", "{parents:?}");
            assert!(parse(&trace.text).is_some());
            let mut headers = HeaderMap::from_iter([(TRACESTATE, HeaderValue::from_static("a=b"))]);
            trace.write(&mut headers);
            assert!(!headers.contains_key(TRACESTATE));
        }
    }
}
