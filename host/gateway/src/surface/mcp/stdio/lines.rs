//! Messages on a stream: one per line, each of limited length.
//!
//! Invariant: at most one line within the limit is buffered. Of a longer line only the two ends are kept, which is
//! enough to identify it.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Bytes kept of each end of a longer line.
const END: usize = 512;

/// Reads lines.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
}

/// One line, without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Whole(Bytes),
    /// It exceeded the limit; these are its two ends.
    TooLong {
        start: Bytes,
        end: Bytes,
    },
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self { reader: BufReader::with_capacity(64 * 1024, reader), limit }
    }

    /// The next line that is not blank; `None` at the end. A last line without a line end counts.
    pub(super) async fn next(&mut self) -> std::io::Result<Option<Line>> {
        loop {
            let mut held = BytesMut::new();
            let mut torn: Option<(Bytes, BytesMut)> = None;
            let mut ended = false;
            while !ended {
                let buffer = self.reader.fill_buf().await?;
                if buffer.is_empty() {
                    if held.is_empty() && torn.is_none() {
                        return Ok(None);
                    }
                    break;
                }
                let found = buffer.iter().position(|byte| *byte == b'\n');
                let piece = &buffer[..found.unwrap_or(buffer.len())];
                match &mut torn {
                    Some((_, end)) => keep_end(end, piece),
                    None if held.len() + piece.len() > self.limit => {
                        let mut end = BytesMut::from(&held[held.len().saturating_sub(END)..]);
                        keep_end(&mut end, piece);
                        held.extend_from_slice(&piece[..piece.len().min(END)]);
                        held.truncate(END);
                        torn = Some((held.split().freeze(), end));
                    }
                    None => held.extend_from_slice(piece),
                }
                let used = piece.len() + usize::from(found.is_some());
                ended = found.is_some();
                self.reader.consume(used);
            }
            if let Some((start, end)) = torn {
                return Ok(Some(Line::TooLong { start, end: end.freeze() }));
            }
            let text = held.freeze();
            let trimmed = text.trim_ascii();
            if !trimmed.is_empty() {
                return Ok(Some(Line::Whole(text.slice_ref(trimmed))));
            }
        }
    }
}

fn keep_end(end: &mut BytesMut, piece: &[u8]) {
    if piece.len() >= END {
        end.clear();
    }
    end.extend_from_slice(&piece[piece.len().saturating_sub(END)..]);
    let surplus = end.len().saturating_sub(END);
    let _ = end.split_to(surplus);
}

/// The id in a message of which only the two ends are known, as written. Writers put it first or last, with at most the
/// version beside it.
pub(super) fn id_of_ends(start: &[u8], end: &[u8]) -> Option<String> {
    let start: String = String::from_utf8_lossy(start).chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let end: String = String::from_utf8_lossy(end).chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let first = start.strip_prefix("{\"jsonrpc\":\"2.0\",").unwrap_or(start.strip_prefix('{').unwrap_or(&start));
    let value = match first.strip_prefix("\"id\":") {
        Some(rest) => rest.split(',').next(),
        None => {
            let body = end.strip_suffix('}')?;
            let body = body.strip_suffix(",\"jsonrpc\":\"2.0\"").unwrap_or(body);
            body.rsplit_once(",\"id\":").map(|(_, value)| value)
        }
    };
    let value = value?;
    let is_id = value.parse::<i64>().is_ok() || serde_json::from_str::<String>(value).is_ok();
    is_id.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &str, limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(text.as_bytes(), limit);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(line);
        }
        found
    }

    #[tokio::test]
    async fn lines_within_the_limit_are_whole() {
        let whole = |text: &'static str| Line::Whole(Bytes::from_static(text.as_bytes()));
        assert_eq!(read("a\n\n \r\nbc\r\nd", 10).await, [whole("a"), whole("bc"), whole("d")]);
        assert_eq!(read("", 10).await, []);
    }

    #[tokio::test]
    async fn longer_lines_keep_their_ends() {
        let text = format!("{}{}{}\nnext\n", "s".repeat(END), "m".repeat(300_000), "e".repeat(END));
        let lines = read(&text, 100_000).await;
        let [Line::TooLong { start, end }, Line::Whole(next)] = &lines[..] else { panic!("{}", lines.len()) };
        assert_eq!((&start[..], &end[..], &next[..]), (&[b's'; END][..], &[b'e'; END][..], &b"next"[..]));
        assert!(
            matches!(&read("abcdef", 3).await[..], [Line::TooLong { start, end }] if start == "abcdef" && end == "abcdef")
        );
    }

    #[test]
    fn the_id_of_a_torn_message_is_found_where_writers_put_it() {
        for (start, end, id) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{"x":"#, "aaa", Some("7")),
            (r#"{"jsonrpc": "2.0", "id": "a", "result": "#, "aaa", Some("\"a\"")),
            (r#"{"result":{"x":""#, r#"aa"},"jsonrpc":"2.0","id":12}"#, Some("12")),
            (r#"{"result":{"x":""#, r#"aa"},"id":12,"jsonrpc":"2.0"}"#, Some("12")),
            (r#"{"result":{"x":""#, r#"aa"}}"#, None),
            (r#"{"jsonrpc":"2.0","id":{"x":1},"#, "}", None),
            ("garbage", "garbage", None),
        ] {
            assert_eq!(id_of_ends(start.as_bytes(), end.as_bytes()).as_deref(), id, "{start} … {end}");
        }
    }
}
