//! `wasi:keyvalue`: the buckets `session` and `policy`.
//!
//! The host decides which keys a guest can reach, from the policy's name and the call's session. The guest only chooses
//! the kind of bucket. A call without a session has no `session` bucket.

use wasmtime::Result;
use wasmtime::component::Resource;
use weir_core::state::{Scope, StateError, Swap};

use crate::bindings::wasi::keyvalue::{atomics, store};
use crate::sandbox::Sandbox;

/// An open bucket.
pub struct Bucket {
    scope: Scope,
}

/// The version of a key at the time it was read.
pub struct Cas {
    scope: Scope,
    key: String,
    version: u64,
}

/// Maximum handles a guest may hold. Each uses host memory, which the guest's own limits do not count.
const MAX_HANDLES: usize = 256;

impl Sandbox {
    fn scope(&mut self, bucket: &Resource<Bucket>) -> Result<Scope> {
        self.enter()?;
        Ok(self.table.get(bucket)?.scope.clone())
    }

    fn hold<T: Send + 'static>(&mut self, value: T) -> Result<Result<Resource<T>, store::Error>> {
        if self.table.iter_mut().count() >= MAX_HANDLES {
            let message = format!("more than {MAX_HANDLES} handles are open; drop some");
            return Ok(Err(store::Error::Other(message)));
        }
        Ok(Ok(self.table.push(value)?))
    }
}

impl store::Host for Sandbox {
    fn open(&mut self, identifier: String) -> Result<Result<Resource<Bucket>, store::Error>> {
        self.enter()?;
        let call = self.call()?;
        let session = match identifier.as_str() {
            "policy" => None,
            "session" => match &call.event.context.session_id {
                Some(session) => Some(session.as_str().into()),
                None => return Ok(Err(store::Error::NoSuchStore)),
            },
            _ => {
                let shown: String = identifier.chars().take(64).collect();
                self.shared.log.denied(&format!("bucket {shown:?}: only \"session\" and \"policy\" exist"));
                return Ok(Err(store::Error::AccessDenied));
            }
        };
        let scope = Scope { policy: self.shared.name.clone(), session };
        self.hold(Bucket { scope })
    }
}

impl store::HostBucket for Sandbox {
    fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Result<Result<Option<Vec<u8>>, store::Error>> {
        let scope = self.scope(&bucket)?;
        Ok(self.shared.state.get(&scope, &key).map(|found| found.value).map_err(store_error))
    }

    fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Result<Result<(), store::Error>> {
        let scope = self.scope(&bucket)?;
        Ok(self.shared.state.set(&scope, &key, value).map_err(store_error))
    }

    fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Result<Result<(), store::Error>> {
        let scope = self.scope(&bucket)?;
        Ok(self.shared.state.delete(&scope, &key).map_err(store_error))
    }

    fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Result<Result<bool, store::Error>> {
        let scope = self.scope(&bucket)?;
        Ok(self.shared.state.get(&scope, &key).map(|found| found.value.is_some()).map_err(store_error))
    }

    fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Result<Result<store::KeyResponse, store::Error>> {
        let scope = self.scope(&bucket)?;
        Ok(self
            .shared
            .state
            .keys(&scope, cursor.as_deref())
            .map(|page| store::KeyResponse { keys: page.keys, cursor: page.cursor })
            .map_err(store_error))
    }

    fn drop(&mut self, bucket: Resource<Bucket>) -> Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for Sandbox {
    fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: i64) -> Result<Result<i64, store::Error>> {
        let scope = self.scope(&bucket)?;
        Ok(self.shared.state.increment(&scope, &key, delta).map_err(store_error))
    }

    fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> Result<Result<(), atomics::CasError>> {
        self.enter()?;
        let Cas { scope, key, version } = self.table.delete(cas)?;
        match self.shared.state.swap(&scope, &key, version, value) {
            Ok(Swap::Done) => Ok(Ok(())),
            Ok(Swap::Stale(present)) => {
                let handle = self.hold(Cas { scope, key, version: present.version })?;
                Ok(Err(match handle {
                    Ok(handle) => atomics::CasError::CasFailed((handle, present.value)),
                    Err(error) => atomics::CasError::StoreError(error),
                }))
            }
            Err(error) => Ok(Err(atomics::CasError::StoreError(store_error(error)))),
        }
    }
}

impl atomics::HostCas for Sandbox {
    fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Result<Result<Resource<Cas>, store::Error>> {
        Ok(self.new_with_read(bucket, key)?.map(|(handle, _)| handle))
    }

    fn new_with_read(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> Result<Result<(Resource<Cas>, Option<Vec<u8>>), store::Error>> {
        let scope = self.scope(&bucket)?;
        match self.shared.state.get(&scope, &key) {
            Ok(present) => {
                let handle = self.hold(Cas { scope, key, version: present.version })?;
                Ok(handle.map(|handle| (handle, present.value)))
            }
            Err(error) => Ok(Err(store_error(error))),
        }
    }

    fn drop(&mut self, cas: Resource<Cas>) -> Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

fn store_error(error: StateError) -> store::Error {
    store::Error::Other(error.to_string())
}
