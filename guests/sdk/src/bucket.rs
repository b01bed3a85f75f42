//! State that outlives a call: the buckets [`session`] (this session and this policy) and [`policy`] (this
//! policy).
//!
//! Invariants: both expire and are limited in size, so a key may always be missing. Calls run concurrently: a read
//! followed by a write loses updates, so use [`Bucket::increment`] or [`Bucket::update`]. Open buckets in `intercept`,
//! never in `configure`.

use crate::bindings::wasi::keyvalue::{atomics, store};

/// How often [`Bucket::update`] retries after losing to another call. Only an extremely contended key reaches this
/// limit.
const UPDATE_ATTEMPTS: usize = 32;

/// An open bucket.
#[derive(Debug)]
pub struct Bucket(store::Bucket);

/// The bucket for this session and this policy.
///
/// # Errors
/// Why the host refused to open it.
pub fn session() -> Result<Bucket, String> {
    open("session")
}

/// The bucket for this policy, shared by all sessions.
///
/// # Errors
/// Why the host refused to open it.
pub fn policy() -> Result<Bucket, String> {
    open("policy")
}

impl Bucket {
    /// The value under a key.
    ///
    /// # Errors
    /// Why the store failed.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.0.get(key).map_err(words)
    }

    /// Sets the value under a key.
    ///
    /// # Errors
    /// Why the store failed, for example because a size limit was reached.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        self.0.set(key, value).map_err(words)
    }

    /// Removes a key, if it exists.
    ///
    /// # Errors
    /// Why the store failed.
    pub fn delete(&self, key: &str) -> Result<(), String> {
        self.0.delete(key).map_err(words)
    }

    /// Whether a key exists.
    ///
    /// # Errors
    /// Why the store failed.
    pub fn exists(&self, key: &str) -> Result<bool, String> {
        self.0.exists(key).map_err(words)
    }

    /// All keys, in no particular order.
    ///
    /// # Errors
    /// Why the store failed.
    pub fn keys(&self) -> Result<Vec<String>, String> {
        let mut keys = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = self.0.list_keys(cursor.as_deref()).map_err(words)?;
            keys.extend(page.keys);
            match page.cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(keys),
            }
        }
    }

    /// Adds to the number under a key (a missing key counts as 0) and returns the sum. Atomic.
    ///
    /// # Errors
    /// Why the store failed, for example because the value is not a number.
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, String> {
        atomics::increment(&self.0, key, delta).map_err(words)
    }

    /// Replaces the value under a key with the result of `next` and returns the new value. Atomic: if another call was
    /// faster, `next` runs again. If it returns `None`, nothing is written.
    ///
    /// # Errors
    /// Why the store failed, or that the key is too contended.
    pub fn update(
        &self,
        key: &str,
        mut next: impl FnMut(Option<&[u8]>) -> Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, String> {
        let (mut handle, mut present) = atomics::Cas::new_with_read(&self.0, key).map_err(words)?;
        for _ in 0..UPDATE_ATTEMPTS {
            let Some(value) = next(present.as_deref()) else { return Ok(None) };
            match atomics::swap(handle, &value) {
                Ok(()) => return Ok(Some(value)),
                Err(atomics::CasError::StoreError(error)) => return Err(words(error)),
                Err(atomics::CasError::CasFailed((fresh, changed))) => {
                    handle = fresh;
                    present = changed;
                }
            }
        }
        Err(format!("the key `{key}` is too contended: gave up after {UPDATE_ATTEMPTS} attempts"))
    }
}

fn open(identifier: &str) -> Result<Bucket, String> {
    store::open(identifier).map(Bucket).map_err(|error| format!("bucket `{identifier}`: {}", words(error)))
}

fn words(error: store::Error) -> String {
    match error {
        store::Error::NoSuchStore => "no such store".to_owned(),
        store::Error::AccessDenied => "access denied".to_owned(),
        store::Error::Other(words) => words,
    }
}
