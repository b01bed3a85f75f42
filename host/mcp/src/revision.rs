//! The revisions of the protocol, by date.
//!
//! Only these revisions are accepted from a peer: nobody can bypass policies by naming a revision that does not exist.

/// A revision of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// HTTP with SSE over two endpoints; only the name is known here.
    V2024_11_05,
    /// The first with Streamable HTTP.
    V2025_03_26,
    /// The first with the header that names the revision.
    V2025_06_18,
    /// The last with sessions.
    V2025_11_25,
    /// The first without.
    V2026_07_28,
}

/// The main difference between revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// A handshake, sessions, resumable streams, requests by the server.
    Session,
    /// Every request is self-contained.
    Stateless,
}

impl Revision {
    const ALL: [Self; 5] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// Reads the name that [`Revision::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The era it belongs to.
    pub fn era(self) -> Era {
        if self >= Self::V2026_07_28 { Era::Stateless } else { Era::Session }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for revision in Revision::ALL {
            assert_eq!(Revision::parse(revision.as_str()), Some(revision));
        }
        assert_eq!(Revision::parse("2026-07-29"), None);
        assert!(Revision::V2025_11_25.era() == Era::Session && Revision::V2026_07_28.era() == Era::Stateless);
    }
}
