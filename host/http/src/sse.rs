//! Server-sent events, taken from a stream of bytes block by block.
//!
//! Invariants: the blocks concatenated are the stream, byte for byte; a block is complete once its blank line has
//! arrived, with any of the three line endings; the buffer is bounded.

use bytes::{Bytes, BytesMut};

/// Cuts a stream into blocks.
pub struct Scanner {
    held: BytesMut,
    /// `held` has no complete block before this offset; lines before it are whole.
    scanned: usize,
    /// No line end between `scanned` and this offset, so a long line is searched once.
    searched: usize,
    limit: usize,
    at_start: bool,
}

/// One event with its blank line, or a single comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    bytes: Bytes,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl Scanner {
    /// Buffers an incomplete block of at most this many bytes.
    pub fn new(limit: usize) -> Self {
        Self { held: BytesMut::new(), scanned: 0, searched: 0, limit, at_start: true }
    }

    /// Takes the next piece of the stream.
    pub fn push(&mut self, data: Bytes) {
        self.held.extend_from_slice(&data);
    }

    /// Whether the incomplete block exceeds the limit.
    pub fn is_full(&self) -> bool {
        self.held.len() > self.limit
    }

    /// The next complete block.
    pub fn next_block(&mut self) -> Option<Block> {
        loop {
            let unsearched = &self.held[self.searched..];
            let Some(found) = unsearched.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.searched = self.held.len();
                return None;
            };
            let line = &self.held[self.scanned..];
            let length = self.searched - self.scanned + found;
            // A line feed after a carriage return belongs to it. If it arrives later, it looks like one more blank
            // line, which is harmless.
            let end = if line[length] == b'\r' && line.get(length + 1) == Some(&b'\n') { 2 } else { 1 };
            let is_first = self.scanned == 0;
            let is_comment = line.first() == Some(&b':');
            self.scanned += length + end;
            self.searched = self.scanned;
            if length == 0 || (is_first && is_comment) {
                return Some(self.cut(self.scanned));
            }
        }
    }

    /// What is left at the end of the stream: an event without its blank line. Some readers process it, so it is
    /// treated as an event.
    pub fn rest(&mut self) -> Option<Block> {
        let complete = self.next_block();
        complete.or_else(|| (!self.held.is_empty()).then(|| self.cut(self.held.len())))
    }

    fn cut(&mut self, length: usize) -> Block {
        (self.scanned, self.searched) = (0, 0);
        let bytes = self.held.split_to(length).freeze();
        let at_start = std::mem::replace(&mut self.at_start, false);
        // A byte order mark at the start is not part of the first field's name and can be dropped.
        match bytes.strip_prefix(BOM) {
            Some(rest) if at_start => Block { bytes: bytes.slice_ref(rest) },
            _ => Block { bytes },
        }
    }
}

impl Block {
    /// The event's data, its lines joined; `None` if it has none.
    pub fn data(&self) -> Option<Bytes> {
        let mut lines = self.lines().filter_map(|line| data_of(line));
        let first = lines.next()?;
        let Some(second) = lines.next() else { return Some(self.bytes.slice_ref(first)) };
        let mut data = BytesMut::from(first);
        for line in std::iter::once(second).chain(lines) {
            data.extend_from_slice(b"\n");
            data.extend_from_slice(line);
        }
        Some(data.freeze())
    }

    /// The event with other data; its other lines stay.
    pub fn with_data(&self, data: &[u8]) -> Bytes {
        let mut bytes = Vec::with_capacity(self.bytes.len() + data.len());
        let mut written = false;
        for line in self.lines().filter(|line| !line.is_empty()) {
            if data_of(line).is_none() {
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
            } else if !written {
                write_data(data, &mut bytes);
                written = true;
            }
        }
        bytes.push(b'\n');
        bytes.into()
    }

    /// The event without its data: its id and its retry time. `None` if it has neither.
    pub fn without_data(&self) -> Option<Bytes> {
        let kept = |line: &&[u8]| !line.is_empty() && (is_field(line, b"id") || is_field(line, b"retry"));
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for line in self.lines().filter(kept) {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        (!bytes.is_empty()).then(|| {
            bytes.push(b'\n');
            bytes.into()
        })
    }

    /// Whether a reader can resume after this event.
    pub fn has_id(&self) -> bool {
        self.lines().any(|line| is_field(line, b"id"))
    }

    /// The bytes as they came.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        // Splitting at both bytes of a line end gives empty lines, which mean nothing here.
        self.bytes.split(|byte| matches!(byte, b'\n' | b'\r'))
    }
}

/// The bytes of an event with this data.
pub fn event(data: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(data.len() + 32);
    write_data(data, &mut bytes);
    bytes.push(b'\n');
    bytes.into()
}

fn data_of(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"data")?;
    match rest.first() {
        None => Some(rest),
        Some(b':') => Some(rest[1..].strip_prefix(b" ").unwrap_or(&rest[1..])),
        Some(_) => None,
    }
}

fn is_field(line: &[u8], name: &[u8]) -> bool {
    line.strip_prefix(name).is_some_and(|rest| matches!(rest.first(), None | Some(b':')))
}

fn write_data(data: &[u8], bytes: &mut Vec<u8>) {
    // Line ends in JSON are only between tokens, so each line can become a `data` line.
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.extend_from_slice(b"data: ");
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(stream: &str, piece: usize) -> Vec<String> {
        let mut scanner = Scanner::new(1 << 20);
        let mut found = Vec::new();
        for piece in stream.as_bytes().chunks(piece) {
            scanner.push(Bytes::copy_from_slice(piece));
            found.extend(std::iter::from_fn(|| scanner.next_block()));
        }
        found.extend(std::iter::from_fn(|| scanner.rest()));
        found.into_iter().map(|block| String::from_utf8(block.bytes.to_vec()).unwrap()).collect()
    }

    #[test]
    fn blocks_end_at_blank_lines() {
        let stream = ": hi\nid: 1\ndata: a\n\ndata: b\r\n\r\n:\n\nretry: 5\rdata\r\rdata: c\n";
        let expected =
            [": hi\n", "id: 1\ndata: a\n\n", "data: b\r\n\r\n", ":\n", "\n", "retry: 5\rdata\r\r", "data: c\n"];
        assert_eq!(blocks(stream, usize::MAX), expected);
        // However the stream is cut, nothing is lost and every event is found.
        for piece in 1..stream.len() {
            let found = blocks(stream, piece);
            assert_eq!(found.concat(), stream, "{piece}");
            assert_eq!(found.iter().filter(|block| block.contains("data")).count(), 4, "{piece}: {found:?}");
        }
    }

    #[test]
    fn data_is_read_and_replaced() {
        let block = |text: &str| Block { bytes: Bytes::copy_from_slice(text.as_bytes()) };
        for (text, data, replaced) in [
            ("data: a\n\n", Some("a"), "data: X\ndata: Y\n\n"),
            (
                ": c\nid: 7\ndata:a\ndata:  b\nevent: message\n\n",
                Some("a\n b"),
                ": c\nid: 7\ndata: X\ndata: Y\nevent: message\n\n",
            ),
            ("id: 1\r\ndata: a\r\ndata\r\n\r\n", Some("a\n"), "id: 1\ndata: X\ndata: Y\n\n"),
            ("database: a\n\n", None, "database: a\n\n"),
            (":\n", None, ":\n\n"),
        ] {
            let block = block(text);
            assert_eq!(block.data().map(|data| String::from_utf8(data.to_vec()).unwrap()).as_deref(), data, "{text:?}");
            assert_eq!(block.with_data(b"X\nY"), replaced, "{text:?}");
        }
        assert_eq!(event(b"{}"), "data: {}\n\n");
        for (text, rest) in
            [("id: 7\r\ndata: a\r\nretry:5\r\n\r\n", Some("id: 7\nretry:5\n\n")), ("idx: 1\ndata: a\n\n", None)]
        {
            let block = block(text);
            assert_eq!(block.without_data().as_deref(), rest.map(str::as_bytes));
            assert_eq!(block.has_id(), rest.is_some());
        }
    }

    #[test]
    fn what_is_held_is_bounded_and_a_mark_is_dropped() {
        let mut scanner = Scanner::new(4);
        scanner.push(Bytes::from_static(b"data"));
        assert!(scanner.next_block().is_none() && !scanner.is_full());
        scanner.push(Bytes::from_static(b":"));
        assert!(scanner.next_block().is_none() && scanner.is_full());
        assert_eq!(blocks("\u{feff}data: x\n\n", 1), ["data: x\n\n"]);
    }
}
