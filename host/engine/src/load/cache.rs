//! Compiled code on disk, so that a start does not compile again.
//!
//! Invariants: compiled code is machine code, so it is used only from a folder that belongs to this user and
//! that nobody else can write to, and only if its own digest is right; it is found by the digest of everything
//! that made it, so it never has to be invalidated. Whatever is wrong with an entry, it is made anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::{Configured, hex};

/// First bytes of an entry: what it is, and the form of what follows.
const MAGIC: &[u8; 8] = b"weircw01";

/// A folder of compiled code.
pub struct Cache {
    folder: PathBuf,
}

/// One entry.
pub struct Kept {
    /// How the configuration gets into an instance.
    pub configured: Configured,
    code: Vec<u8>,
}

impl Cache {
    /// Opens a folder, making it if it is not there; refuses one that others can write to.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let shown = folder.display();
        make_private(folder).map_err(|error| format!("code cache {shown}: {error}"))?;
        check_private(folder).map_err(|cause| format!("code cache {shown}: {cause}"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The entry of that key, if there is a sound one.
    pub fn read(&self, key: &str) -> Option<Kept> {
        let path = self.path(key);
        let bytes = fs::read(&path).ok()?;
        let kept = Kept::decode(&bytes);
        if kept.is_none() {
            tracing::warn!(file = %path.display(), "an entry of the code cache is damaged; it is made anew");
        }
        kept
    }

    /// Keeps an entry. A failure costs time at the next start and nothing else, so it is only logged.
    pub fn write(&self, key: &str, configured: &Configured, component: &Component) {
        let written = component.serialize().map_err(|error| format!("{error:#}")).and_then(|code| {
            let path = self.path(key);
            let temporary = self.folder.join(format!("{key}.{}.part", std::process::id()));
            fs::write(&temporary, Kept { configured: configured.clone(), code }.encode())
                .and_then(|()| fs::rename(&temporary, &path))
                .map_err(|error| error.to_string())
        });
        if let Err(error) = written {
            tracing::warn!(folder = %self.folder.display(), %error, "compiled code cannot be kept");
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.cwasm"))
    }
}

impl Kept {
    /// The component, if its code fits the engine.
    pub fn component(&self, engine: &Engine) -> Option<Component> {
        deserialize(engine, &self.code).ok()
    }

    fn encode(&self) -> Vec<u8> {
        let reason = match &self.configured {
            Configured::Snapshot => "",
            Configured::PerCall { reason } => reason,
        };
        let mut body = Vec::with_capacity(self.code.len() + reason.len() + 5);
        body.push(u8::from(self.configured == Configured::Snapshot));
        body.extend((reason.len() as u32).to_le_bytes());
        body.extend(reason.as_bytes());
        body.extend(&self.code);
        [&MAGIC[..], &Sha256::digest(&body), &body].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (digest, body) = bytes.strip_prefix(MAGIC)?.split_at_checked(32)?;
        if Sha256::digest(body).as_slice() != digest {
            return None;
        }
        let (snapshot, rest) = body.split_first()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (reason, code) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let configured = match snapshot {
            1 => Configured::Snapshot,
            _ => Configured::PerCall { reason: String::from_utf8_lossy(reason).into_owned() },
        };
        Some(Self { configured, code: code.to_vec() })
    }
}

/// What compiled code depends on besides the component and its configuration.
pub fn compatibility(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{} {:016x}", env!("CARGO_PKG_VERSION"), hasher.finish())
}

/// The key of an entry.
pub fn key(component_digest: &str, config: &str, compatibility: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [component_digest, config, compatibility] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// The same code under another engine that compiles alike.
pub fn transfer(component: &Component, engine: &Engine) -> Result<Component, String> {
    component.serialize().and_then(|code| deserialize(engine, &code)).map_err(|error| format!("{error:#}"))
}

#[expect(unsafe_code, reason = "wasmtime takes compiled code on trust; see the SAFETY note")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the code was made by `Component::serialize` of this program: it comes straight from there, or
    // from a folder that only this user can write to, with its digest checked over these very bytes.
    unsafe { Component::deserialize(engine, code) }
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn check_private(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::symlink_metadata(folder).map_err(|error| error.to_string())?;
    if !found.is_dir() {
        return Err("it is not a folder (a symbolic link is not followed)".into());
    }
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user {
        return Err(format!("it belongs to user {}, not to {user} who runs this", found.uid()));
    }
    if found.mode() & 0o022 != 0 {
        return Err(format!("others may write to it (mode {:o}); run chmod 700 on it", found.mode() & 0o777));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_folder: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_byte_is_noticed() {
        let kept = Kept { configured: Configured::PerCall { reason: "why".into() }, code: vec![1, 2, 3] };
        let bytes = kept.encode();
        let read = Kept::decode(&bytes).unwrap();
        assert_eq!((read.configured, read.code), (kept.configured, kept.code));
        for index in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[index] ^= 1;
            assert!(Kept::decode(&bad).is_none(), "byte {index}");
        }
        assert!((0..bytes.len()).all(|length| Kept::decode(&bytes[..length]).is_none()));
    }

    #[test]
    fn parts_of_a_key_do_not_run_together() {
        assert_ne!(key("ab", "c", ""), key("a", "bc", ""));
    }
}
