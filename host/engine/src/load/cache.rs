//! Compiled code on disk, so that a restart need not compile again.
//!
//! Invariants: compiled code is machine code, so it is only used from a folder owned by this user, not writable by
//! others, and only if its digest matches. The key is a digest of all inputs, so nothing ever needs invalidating. A bad
//! entry is compiled again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::evict::{CODE, LABEL, PART, evict, mark_used};
use super::facts::Configured;

/// First bytes of an entry's label: identifies the file and its format version.
const MAGIC: &[u8; 8] = b"weircw02";

/// Maximum bytes of code in one folder: enough for some hundred policies in a few versions each. Every edit of a
/// component or its configuration leaves an old entry behind.
const MAX_BYTES: u64 = 1 << 30;

/// A folder of compiled code. Each entry is a file of code and a label with its digest.
pub struct Cache {
    folder: PathBuf,
}

/// An entry whose code matches the digest on its label.
pub struct Kept {
    /// How the configuration gets into an instance.
    pub configured: Configured,
    code: PathBuf,
}

/// Stored next to the code.
#[derive(Debug, PartialEq, Eq)]
struct Label {
    digest: [u8; 32],
    configured: Configured,
}

impl Cache {
    /// Opens a folder, creating it if needed; refuses one that others can write to.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let shown = folder.display();
        make_private(folder).map_err(|error| format!("code cache {shown}: {error}"))?;
        check_private(folder).map_err(|cause| format!("code cache {shown}: {cause}"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The entry for that key, if it is intact.
    pub fn read(&self, key: &str) -> Option<Kept> {
        let (path, code) = self.paths(key);
        let label = fs::read(&path).ok()?;
        let kept = Label::decode(&label)
            .filter(|label| digest(&code).is_ok_and(|digest| digest == label.digest))
            .map(|label| Kept { configured: label.configured, code: code.clone() });
        match &kept {
            Some(_) => mark_used(&path),
            None => tracing::warn!(file = %code.display(), "a code cache entry is damaged; compiling again"),
        }
        kept
    }

    /// Stores an entry. A failure only makes the next start slower, so it is only logged.
    pub fn write(&self, key: &str, configured: &Configured, component: &Component) {
        let written = component.serialize().map_err(|error| format!("{error:#}")).and_then(|bytes| {
            let (label, code) = self.paths(key);
            let digest = *blake3::hash(&bytes).as_bytes();
            let text = Label { digest, configured: configured.clone() }.encode();
            // The label last: code without a label is ignored.
            replace(&code, &bytes).and_then(|()| replace(&label, &text)).map_err(|error| error.to_string())
        });
        evict(&self.folder, MAX_BYTES);
        if let Err(error) = written {
            tracing::warn!(folder = %self.folder.display(), %error, "compiled code cannot be cached");
        }
    }

    fn paths(&self, key: &str) -> (PathBuf, PathBuf) {
        (self.folder.join(format!("{key}.{LABEL}")), self.folder.join(format!("{key}.{CODE}")))
    }
}

impl Kept {
    /// The component, if its code is compatible with the engine.
    pub fn component(&self, engine: &Engine) -> Option<Component> {
        deserialize_file(engine, &self.code).ok()
    }
}

impl Label {
    fn encode(&self) -> Vec<u8> {
        let (kind, reason) = match &self.configured {
            Configured::Snapshot => (1, ""),
            Configured::PerCall { reason } => (0, reason.as_str()),
        };
        [&MAGIC[..], &self.digest, &[kind], reason.as_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (digest, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        let configured = match rest.split_first()? {
            (1, []) => Configured::Snapshot,
            (0, reason) => Configured::PerCall { reason: std::str::from_utf8(reason).ok()?.to_owned() },
            _ => return None,
        };
        Some(Self { digest: *digest, configured })
    }
}

/// Writes a file atomically.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Two entries may have the same key and be written concurrently.
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{number}.{PART}", std::process::id()));
    fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        // The file may have filled up the disk. If it cannot be removed either, that adds nothing to report.
        let _ = fs::remove_file(&temporary);
    })
}

/// The digest of a file, read through a small buffer: the file is mapped later, so it need not be copied.
fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(fs::File::open(path)?)?;
    Ok(*hasher.finalize().as_bytes())
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
    HEXLOWER.encode(&hasher.finalize())
}

#[expect(unsafe_code, reason = "wasmtime takes compiled code on trust; see the SAFETY note")]
fn deserialize_file(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file was made by `Component::serialize` of this program, lies in a folder that only this user
    // can write to, has just had the digest on its label, and is only ever replaced as a whole.
    unsafe { Component::deserialize_file(engine, path) }
}

/// The same code for another engine with the same compiler settings.
pub fn transfer(component: &Component, engine: &Engine) -> Result<Component, String> {
    component.serialize().and_then(|code| deserialize(engine, &code)).map_err(|error| format!("{error:#}"))
}

#[expect(unsafe_code, reason = "wasmtime takes compiled code on trust; see the SAFETY note")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the code comes straight from `Component::serialize`.
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
        return Err(format!(
            "others may write to it (mode {:o}); give a folder that only this user can write to",
            found.mode() & 0o777
        ));
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
    fn a_damaged_entry_is_not_used() {
        let folder = std::env::temp_dir().join(format!("weir-cache-test-{}", std::process::id()));
        let cache = Cache::open(&folder).unwrap();
        let component = Component::new(&Engine::default(), b"\0asm\x0d\0\x01\0").unwrap();
        cache.write("k", &Configured::Snapshot, &component);
        assert!(cache.read("k").unwrap().component(component.engine()).is_some());
        assert!(cache.read("other").is_none());

        let (label, code) = cache.paths("k");
        let sound = fs::read(&code).unwrap();
        for index in [0, sound.len() / 2, sound.len() - 1] {
            let mut bytes = sound.clone();
            bytes[index] ^= 1;
            fs::write(&code, bytes).unwrap();
            assert!(cache.read("k").is_none(), "byte {index}");
        }
        fs::write(&code, &sound).unwrap();
        fs::write(&label, b"nonsense").unwrap();
        assert!(cache.read("k").is_none());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_cannot_be_kept_leaves_nothing_behind() {
        let folder = std::env::temp_dir().join(format!("weir-cache-failed-{}", std::process::id()));
        fs::create_dir_all(folder.join("taken")).unwrap();
        assert!(replace(&folder.join("taken"), b"code").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("weir-cache-open-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let refused = Cache::open(&folder).err().unwrap();
        assert!(refused.contains("others may write"), "{refused}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn labels_survive_and_nonsense_is_refused() {
        for configured in [Configured::Snapshot, Configured::PerCall { reason: "why".into() }] {
            let label = Label { digest: [7; 32], configured };
            assert_eq!(Label::decode(&label.encode()), Some(label));
        }
        let bytes = Label { digest: [7; 32], configured: Configured::Snapshot }.encode();
        assert!((0..bytes.len()).all(|length| Label::decode(&bytes[..length]).is_none()));
    }

    #[test]
    fn parts_of_a_key_do_not_run_together() {
        assert_ne!(key("ab", "c", ""), key("a", "bc", ""));
    }
}
