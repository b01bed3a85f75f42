//! Replacements for personal data.
//!
//! Invariant: replacements are never matched themselves, so redacting twice changes nothing more.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::kind::Kind;
use crate::settings::Mode;

/// Twelve hexadecimal digits keep collisions unlikely up to about 16 million values, and fit into a sentence.
const PSEUDONYM_BYTES: usize = 6;

/// The form of a replacement.
#[derive(Debug, Clone)]
pub enum Replacement {
    /// `[REDACTED:card]`.
    Placeholder,
    /// `**** **** **** 1111`.
    Mask,
    /// `[card:6e1c08b7d2f4]`, keyed.
    Hash(Box<Hmac<Sha256>>),
}

impl Replacement {
    /// From the configuration.
    ///
    /// # Errors
    /// The mode needs a key and there is none, or the other way round.
    pub fn new(mode: Mode, hash_key: Option<&str>) -> Result<Self, String> {
        match (mode, hash_key) {
            (Mode::Hash, None) => Err("mode `hash` needs a `hash_key` of at least 16 characters: without one, \
                                       numbers could be found by trying them all"
                .to_owned()),
            (Mode::Hash, Some(key)) if key.len() < 16 => Err("`hash_key` must have at least 16 characters".to_owned()),
            (Mode::Hash, Some(key)) => Hmac::new_from_slice(key.as_bytes())
                .map(|keyed| Self::Hash(Box::new(keyed)))
                .map_err(|error| format!("hash_key: {error}")),
            (_, Some(_)) => Err("`hash_key` is only used in mode `hash`: set the mode or remove the key".to_owned()),
            (Mode::Placeholder, None) => Ok(Self::Placeholder),
            (Mode::Mask, None) => Ok(Self::Mask),
        }
    }

    /// The replacement for a match.
    pub fn write(&self, kind: Kind, found: &str) -> String {
        match self {
            Self::Placeholder => format!("[REDACTED:{}]", kind.name()),
            Self::Mask => masked(kind, found),
            Self::Hash(keyed) => pseudonym(keyed, kind, found),
        }
    }
}

/// E-mail addresses keep their first letter and domain, cards and accounts the last four characters, phone numbers the
/// last two, national ids nothing. Separators stay.
fn masked(kind: Kind, found: &str) -> String {
    if let (Kind::Email, Some((local, domain))) = (kind, found.split_once('@')) {
        return format!("{}***@{domain}", local.chars().next().unwrap_or('*'));
    }
    let kept = match kind {
        Kind::Card | Kind::Iban => 4,
        Kind::Phone => 2,
        Kind::Email | Kind::NationalId => 0,
    };
    let mut hidden = found.chars().filter(char::is_ascii_alphanumeric).count().saturating_sub(kept);
    let hide = |character: char| {
        let hide = character.is_ascii_alphanumeric() && hidden > 0;
        hidden -= usize::from(hide);
        if hide { '*' } else { character }
    };
    found.chars().map(hide).collect()
}

/// The same pseudonym however the value is written: case and separators are ignored.
fn pseudonym(keyed: &Hmac<Sha256>, kind: Kind, found: &str) -> String {
    let mut keyed = keyed.clone();
    for byte in found.bytes().filter(|byte| kind == Kind::Email || byte.is_ascii_alphanumeric()) {
        keyed.update(&[byte.to_ascii_lowercase()]);
    }
    let digest = keyed.finalize().into_bytes();
    let mut text = format!("[{}:", kind.name());
    for byte in &digest[..PSEUDONYM_BYTES] {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::find;

    #[test]
    fn masks_keep_little() {
        let samples = [
            (Kind::Email, "jane.doe@example.com", "j***@example.com"),
            (Kind::Card, "4111 1111 1111 1234", "**** **** **** 1234"),
            (Kind::Iban, "DE89 3704 0044 0532 0130 00", "**** **** **** **** **30 00"),
            (Kind::Phone, "+1 (415) 555-2671", "+* (***) ***-**71"),
            (Kind::NationalId, "123-45-6789", "***-**-****"),
        ];
        for (kind, found, expected) in samples {
            assert_eq!(Replacement::Mask.write(kind, found), expected);
        }
    }

    #[test]
    fn pseudonyms_are_keyed_and_stable() {
        let one = Replacement::new(Mode::Hash, Some("0123456789abcdef")).unwrap();
        let other = Replacement::new(Mode::Hash, Some("fedcba9876543210")).unwrap();
        let written = one.write(Kind::Card, "4111 1111 1111 1111");
        assert_eq!(written, one.write(Kind::Card, "4111111111111111"));
        assert_ne!(written, other.write(Kind::Card, "4111111111111111"));
        assert_eq!(one.write(Kind::Email, "Jane@Example.com"), one.write(Kind::Email, "jane@example.com"));
        assert_eq!(written.len(), "[card:]".len() + 12);
    }

    #[test]
    fn replacements_are_not_found_again() {
        let hash = Replacement::new(Mode::Hash, Some("0123456789abcdef")).unwrap();
        for replacement in [Replacement::Placeholder, Replacement::Mask, hash] {
            for (kind, data) in
                [(Kind::Card, "4111 1111 1111 1111"), (Kind::Phone, "+14155552671"), (Kind::NationalId, "X1234567L")]
            {
                let written = replacement.write(kind, data);
                find(&written, Kind::ALL.into_iter().collect(), |found| panic!("{found:?} in {written}"));
            }
        }
    }

    #[test]
    fn keys_belong_to_hashes() {
        for (mode, key) in [(Mode::Hash, None), (Mode::Hash, Some("short")), (Mode::Mask, Some("0123456789abcdef"))] {
            assert!(Replacement::new(mode, key).unwrap_err().contains("hash_key"));
        }
    }
}
