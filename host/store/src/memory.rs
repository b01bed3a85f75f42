//! Policy state in memory: lost on restart; limited in age, keys and bytes.
//!
//! A bucket that is not written for its time to live expires with all its keys; a single key expires the same way. When
//! there is no room, an expired bucket is dropped. If none is expired, the write fails: a policy must not be able to
//! evict another one's state.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Bound;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use weir_core::state::{KeyPage, Scope, StateError, StateStore, Swap, Versioned};

/// Limits of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryStateOptions {
    /// How long a key lives after its last write.
    pub ttl: Duration,
    /// Maximum keys in one bucket.
    pub max_keys: usize,
    /// Maximum bytes of keys and values in one bucket.
    pub max_bucket_bytes: usize,
    /// Maximum bytes in all buckets.
    pub max_total_bytes: usize,
}

/// State in memory.
pub struct MemoryState {
    options: MemoryStateOptions,
    shards: Vec<Mutex<Shard>>,
}

/// Buckets are spread over shards, so that policies on different sessions do not block each other.
const SHARDS: usize = 16;

/// Maximum length of a key, in bytes.
const MAX_KEY: usize = 512;

/// The overhead of a key beyond its text and value.
const KEY_OVERHEAD: usize = 64;

/// Keys in one page.
const PAGE: usize = 100;

#[derive(Default)]
struct Shard {
    buckets: HashMap<Scope, Bucket>,
    bytes: usize,
    /// Versions come from one counter per shard, so a key that was removed and set again never gets a version that a
    /// stale handle still has.
    version: u64,
}

#[derive(Default)]
struct Bucket {
    entries: BTreeMap<String, Entry>,
    bytes: usize,
}

struct Entry {
    value: Vec<u8>,
    version: u64,
    expires: Instant,
}

impl Default for MemoryStateOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(60 * 60),
            max_keys: 10_000,
            max_bucket_bytes: 1 << 20,
            max_total_bytes: 256 << 20,
        }
    }
}

impl MemoryState {
    /// Empty state with those limits.
    pub fn new(options: MemoryStateOptions) -> Self {
        Self { options, shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().bytes).sum()
    }

    fn shard(&self, scope: &Scope) -> MutexGuard<'_, Shard> {
        let mut hasher = DefaultHasher::new();
        scope.hash(&mut hasher);
        self.shards[hasher.finish() as usize % SHARDS].lock()
    }

    fn put(&self, shard: &mut Shard, scope: &Scope, key: &str, value: Vec<u8>, now: Instant) -> Result<(), StateError> {
        if key.len() > MAX_KEY {
            return Err(capacity(format!("the key has {} bytes; at most {MAX_KEY} are allowed", key.len())));
        }
        let MemoryStateOptions { ttl, max_keys, max_bucket_bytes, max_total_bytes } = self.options;
        let cost = cost(key, &value);
        let (old, keys, bucket_bytes) = shard.buckets.get(scope).map_or((0, 0, 0), |bucket| {
            (
                bucket.entries.get(key).map_or(0, |entry| self::cost(key, &entry.value)),
                bucket.entries.len(),
                bucket.bytes,
            )
        });
        let too_many_keys = old == 0 && keys >= max_keys;
        if too_many_keys || bucket_bytes - old + cost > max_bucket_bytes {
            let freed = shard.buckets.get_mut(scope).map_or(0, |bucket| bucket.expire(now));
            shard.bytes -= freed;
            if freed == 0 {
                return Err(capacity(if too_many_keys {
                    format!("the bucket has {keys} keys; at most {max_keys} are allowed")
                } else {
                    format!("the bucket would have more than {max_bucket_bytes} bytes")
                }));
            }
            return self.put(shard, scope, key, value, now);
        }
        let share = max_total_bytes / SHARDS;
        if shard.bytes - old + cost > share {
            shard.expire(now);
            if shard.bytes + cost > share + old {
                return Err(capacity("the state of all policies together is full; try again later".into()));
            }
        }
        shard.version += 1;
        let entry = Entry { value, version: shard.version, expires: now + ttl };
        let bucket = shard.buckets.entry(scope.clone()).or_default();
        let replaced = bucket.entries.insert(key.to_owned(), entry).map_or(0, |entry| self::cost(key, &entry.value));
        bucket.bytes = bucket.bytes - replaced + cost;
        shard.bytes = shard.bytes - replaced + cost;
        Ok(())
    }
}

impl StateStore for MemoryState {
    fn get(&self, scope: &Scope, key: &str) -> Result<Versioned, StateError> {
        Ok(self.shard(scope).versioned(scope, key, Instant::now()))
    }

    fn set(&self, scope: &Scope, key: &str, value: Vec<u8>) -> Result<(), StateError> {
        self.put(&mut self.shard(scope), scope, key, value, Instant::now())
    }

    fn delete(&self, scope: &Scope, key: &str) -> Result<(), StateError> {
        let mut shard = self.shard(scope);
        let Some(bucket) = shard.buckets.get_mut(scope) else { return Ok(()) };
        let freed = bucket.entries.remove(key).map_or(0, |entry| cost(key, &entry.value));
        bucket.bytes -= freed;
        if bucket.entries.is_empty() {
            shard.buckets.remove(scope);
        }
        shard.bytes -= freed;
        Ok(())
    }

    fn keys(&self, scope: &Scope, cursor: Option<&str>) -> Result<KeyPage, StateError> {
        Ok(self.shard(scope).page(scope, cursor, Instant::now()))
    }

    fn increment(&self, scope: &Scope, key: &str, delta: i64) -> Result<i64, StateError> {
        let now = Instant::now();
        let mut shard = self.shard(scope);
        let present = match shard.versioned(scope, key, now).value {
            None => 0,
            Some(value) => std::str::from_utf8(&value)
                .ok()
                .and_then(|text| text.parse::<i64>().ok())
                .ok_or(StateError::NotANumber)?,
        };
        let sum = present.checked_add(delta).ok_or(StateError::NotANumber)?;
        self.put(&mut shard, scope, key, sum.to_string().into_bytes(), now)?;
        Ok(sum)
    }

    fn swap(&self, scope: &Scope, key: &str, version: u64, value: Vec<u8>) -> Result<Swap, StateError> {
        let now = Instant::now();
        let mut shard = self.shard(scope);
        let present = shard.versioned(scope, key, now);
        if present.version != version {
            return Ok(Swap::Stale(present));
        }
        self.put(&mut shard, scope, key, value, now)?;
        Ok(Swap::Done)
    }
}

impl Shard {
    fn versioned(&self, scope: &Scope, key: &str, now: Instant) -> Versioned {
        let entry = self.buckets.get(scope).and_then(|bucket| bucket.entries.get(key));
        match entry.filter(|entry| entry.expires > now) {
            Some(entry) => Versioned { value: Some(entry.value.clone()), version: entry.version },
            None => Versioned { value: None, version: 0 },
        }
    }

    fn page(&self, scope: &Scope, cursor: Option<&str>, now: Instant) -> KeyPage {
        let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let mut keys: Vec<String> = self.buckets.get(scope).map_or_else(Vec::new, |bucket| {
            let live =
                bucket.entries.range::<str, _>((after, Bound::Unbounded)).filter(|(_, entry)| entry.expires > now);
            live.take(PAGE + 1).map(|(key, _)| key.clone()).collect()
        });
        let more = keys.len() > PAGE;
        keys.truncate(PAGE);
        let cursor = keys.last().filter(|_| more).cloned();
        KeyPage { keys, cursor }
    }

    fn expire(&mut self, now: Instant) {
        let mut freed = 0;
        self.buckets.retain(|_, bucket| {
            freed += bucket.expire(now);
            !bucket.entries.is_empty()
        });
        self.bytes -= freed;
    }
}

impl Bucket {
    /// Drops expired keys; returns the number of bytes freed.
    fn expire(&mut self, now: Instant) -> usize {
        let before = self.bytes;
        let bytes = &mut self.bytes;
        self.entries.retain(|key, entry| {
            let live = entry.expires > now;
            if !live {
                *bytes -= cost(key, &entry.value);
            }
            live
        });
        before - self.bytes
    }
}

fn cost(key: &str, value: &[u8]) -> usize {
    key.len() + value.len() + KEY_OVERHEAD
}

fn capacity(message: String) -> StateError {
    StateError::Capacity(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(policy: &str, session: Option<&str>) -> Scope {
        Scope { policy: policy.into(), session: session.map(Into::into) }
    }

    fn state(options: MemoryStateOptions) -> MemoryState {
        MemoryState::new(options)
    }

    #[test]
    fn buckets_are_apart() {
        let state = state(MemoryStateOptions::default());
        let scopes = [scope("a", None), scope("b", None), scope("a", Some("s")), scope("a", Some("t"))];
        for (index, scope) in scopes.iter().enumerate() {
            state.set(scope, "k", vec![index as u8]).unwrap();
        }
        for (index, scope) in scopes.iter().enumerate() {
            assert_eq!(state.get(scope, "k").unwrap().value, Some(vec![index as u8]));
        }
        scopes.iter().for_each(|scope| state.delete(scope, "k").unwrap());
        assert_eq!(state.bytes(), 0);
    }

    #[test]
    fn increments_count_exactly_from_many_threads() {
        let state = state(MemoryStateOptions::default());
        let bucket = scope("p", None);
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..1000 {
                        state.increment(&bucket, "n", 1).unwrap();
                    }
                });
            }
        });
        assert_eq!(state.increment(&bucket, "n", -1).unwrap(), 3999);
        state.set(&bucket, "text", b"x".to_vec()).unwrap();
        assert_eq!(state.increment(&bucket, "text", 1), Err(StateError::NotANumber));
        state.set(&bucket, "max", i64::MAX.to_string().into_bytes()).unwrap();
        assert_eq!(state.increment(&bucket, "max", 1), Err(StateError::NotANumber));
    }

    #[test]
    fn a_stale_swap_gives_the_present_value() {
        let state = state(MemoryStateOptions::default());
        let bucket = scope("p", None);
        assert_eq!(state.swap(&bucket, "k", 0, b"1".to_vec()).unwrap(), Swap::Done);
        let seen = state.get(&bucket, "k").unwrap();
        state.delete(&bucket, "k").unwrap();
        state.set(&bucket, "k", b"1".to_vec()).unwrap();
        let Swap::Stale(present) = state.swap(&bucket, "k", seen.version, b"2".to_vec()).unwrap() else {
            panic!("a key that was removed and set again is not as it was");
        };
        assert_eq!(state.swap(&bucket, "k", present.version, b"2".to_vec()).unwrap(), Swap::Done);
    }

    #[test]
    fn bounds_hold_and_time_makes_room() {
        let ttl = Duration::from_secs(3600);
        let state = state(MemoryStateOptions { ttl, max_keys: 2, max_bucket_bytes: 1000, ..Default::default() });
        let bucket = scope("p", None);
        assert!(state.set(&bucket, &"k".repeat(513), vec![]).is_err());
        assert!(state.set(&bucket, "big", vec![0; 1000]).is_err());
        state.set(&bucket, "a", vec![0; 100]).unwrap();
        state.set(&bucket, "b", vec![0; 100]).unwrap();
        assert!(matches!(state.set(&bucket, "c", vec![]), Err(StateError::Capacity(_))));
        state.set(&bucket, "a", vec![1; 200]).unwrap();
        let mut shard = state.shard(&bucket);
        let later = Instant::now() + ttl;
        assert_eq!(shard.versioned(&bucket, "a", later).value, None);
        assert_eq!(shard.page(&bucket, None, later).keys, [""; 0]);
        state.put(&mut shard, &bucket, "c", vec![], later).unwrap();
        drop(shard);
        assert_eq!(state.bytes(), cost("c", &[]));
    }

    #[test]
    fn keys_come_in_pages() {
        let state = state(MemoryStateOptions::default());
        let bucket = scope("p", None);
        (0..250).for_each(|n| state.set(&bucket, &format!("{n:03}"), vec![]).unwrap());
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = state.keys(&bucket, cursor.as_deref()).unwrap();
            seen.extend(page.keys);
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert!(seen.len() == 250 && seen.is_sorted());
    }
}
