//! Remembers in a bucket which secrets came from which servers.
//!
//! Invariants: keys and values hold only digests and server names; the number of secrets per server is limited, so that
//! a server cannot crowd out another one's.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use weir_sdk::bucket::{self, Bucket};
use weir_sdk::log;

use crate::config::{Config, WithoutSession};

/// The memory of one session or principal.
pub struct Memory {
    bucket: Bucket,
    /// Makes the digests of one session useless in another.
    salt: String,
    /// Prefix of each key; empty in a session's bucket.
    prefix: String,
    most: i64,
}

impl Memory {
    /// The memory of a call, if there is one.
    pub fn open(config: &Config, attribute: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let most = config.max_remembered;
        if let Some(session) = attribute("session-id") {
            let salt = format!("session {session}");
            return Ok(Some(Self { bucket: bucket::session()?, salt, prefix: String::new(), most }));
        }
        let known = attribute("principal.kind").filter(|kind| kind != "anonymous");
        let (Some(kind), Some(id)) = (known, attribute("principal.id")) else { return Ok(None) };
        if config.without_session == WithoutSession::Nothing {
            return Ok(None);
        }
        let salt = format!("{kind} {id}");
        let prefix = digest(&salt, "");
        Ok(Some(Self { bucket: bucket::policy()?, salt, prefix, most }))
    }

    /// The servers a secret came from.
    pub fn origins(&self, secret: &str) -> Result<Vec<String>, String> {
        let value = self.bucket.get(&self.key("secret", secret))?;
        Ok(value.as_deref().map(names).unwrap_or_default())
    }

    /// Remembers that a secret came from a server.
    pub fn remember(&self, secret: &str, server: &str) -> Result<(), String> {
        let key = self.key("secret", secret);
        let known = self.bucket.get(&key)?.as_deref().map(names).unwrap_or_default();
        if known.iter().any(|name| name == server) {
            return Ok(());
        }
        if known.is_empty() && self.bucket.increment(&self.key("count", server), 1)? > self.most {
            log::warn("a server sent more secrets than `max_remembered`: the rest is not remembered");
            return Ok(());
        }
        self.bucket.update(&key, |present| added(present.map(names).unwrap_or_default(), server))?;
        Ok(())
    }

    fn key(&self, kind: &str, text: &str) -> String {
        format!("{}{kind}-{}", self.prefix, digest(&self.salt, &normal(text)))
    }
}

/// The server names in a value, one per line.
fn names(value: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(value).lines().map(str::to_owned).collect()
}

/// The value with a server added; `None` if it is already there or the list is full.
fn added(mut names: Vec<String>, server: &str) -> Option<Vec<u8>> {
    /// A secret known to this many servers is effectively public.
    const MOST: usize = 16;
    if names.len() >= MOST || names.iter().any(|name| name == server) {
        return None;
    }
    names.push(server.replace(['\n', '\r'], " "));
    Some(names.join("\n").into_bytes())
}

/// A secret normalised for comparison: line ends may be raw or written as `\n`.
fn normal(secret: &str) -> String {
    secret.replace("\\r", "").replace("\\n", "").split_whitespace().collect()
}

/// The start of a digest: 128 bits are enough against collisions and forgeries.
fn digest(salt: &str, text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(u64::try_from(salt.len()).unwrap_or(u64::MAX).to_le_bytes());
    hasher.update(salt.as_bytes());
    hasher.update(text.as_bytes());
    hasher.finalize().iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_same_however_its_lines_end() {
        assert_eq!(normal("-----BEGIN\nAAA\r\nBBB"), normal("-----BEGIN\\nAAA\\r\\nBBB"));
    }

    #[test]
    fn digests_differ_between_sessions_and_hide_the_secret() {
        assert_ne!(digest("session 1", "secret"), digest("session 2", "secret"));
        assert_ne!(digest("session 1", "2secret"), digest("session 12", "secret"));
        assert_eq!(digest("a", "b").len(), 32);
    }

    #[test]
    fn servers_are_added_once_and_not_without_end() {
        let mut value = None;
        for index in 0..20 {
            let next = added(value.as_deref().map(names).unwrap_or_default(), &format!("server-{index}\nx"));
            value = next.or(value);
        }
        let servers = names(&value.unwrap());
        assert_eq!(servers.len(), 16);
        assert_eq!(servers[0], "server-0 x");
        assert_eq!(added(servers, "server-0 x"), None);
    }
}
