//! From the bytes of a component to a policy that serves calls.
//!
//! In full: check, describe, check the configuration, configure, snapshot, compile, cache the result. Quickly: take the
//! cached result. Both apply the same checks to the declaration and the configuration. All of it runs on its own
//! thread, since compiling is slow.

pub(crate) mod cache;
mod component;
mod evict;
mod facts;
pub(crate) mod make;
mod schema;
mod snapshot;

use std::sync::Arc;
use std::time::Instant;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::capability::{GuestLog, parse_origin};
use crate::error::LoadError;
use crate::inner::Inner;
use crate::instance::Template;
use crate::options::{Grants, Metering, PolicyLimits, PolicyOptions};
use crate::policy::Policy;
use crate::profile::{MAX_MEMORY, MAX_TABLE_ELEMENTS, SMALL_MEMORY};
use crate::sandbox::Shared;
use crate::variants::Variants;
use make::{Maker, initial_memory};

pub use facts::{CodeOrigin, Configured, Inspection, LoadFacts, PolicySource};
pub use schema::check as check_config;
pub use schema::violations as schema_violations;

/// Loads a policy. Blocks.
pub fn load(inner: &Arc<Inner>, source: &PolicySource, options: PolicyOptions) -> Result<Policy, LoadError> {
    let fail = |cause: String| LoadError::new(&source.file, cause);
    let start = Instant::now();
    let PolicyOptions { alias, config, limits, mut grants, metering, reuse } = options;
    check_limits(&limits).map_err(|causes| LoadError::all(&source.file, causes))?;
    grants.http = read_origins(&grants.http).map_err(|causes| LoadError::all(&source.file, causes))?;
    component::check_bytes(&source.bytes, limits.component_size).map_err(fail)?;

    let config = config.unwrap_or_else(|| "{}".to_owned());
    let metered = metering == Metering::Always;
    let sandbox = |name: &str| shared(inner, name, &limits, &grants);
    let maker = Maker { inner, source, config: &config, metered, sandbox: sandbox(&source.file) };

    let digest = HEXLOWER.encode(&Sha256::digest(&source.bytes));
    let key = cache::key(&digest, &config, maker.compatibility().map_err(fail)?);
    let kept = inner.cache.as_ref().and_then(|cache| cache.read(&key)).and_then(|kept| maker.revive(&kept));
    let (made, code) = match kept {
        Some(made) => (made, CodeOrigin::Cache),
        None => {
            let made = maker.make().map_err(|causes| LoadError::all(&source.file, causes))?;
            if let Some(cache) = &inner.cache {
                cache.write(&key, &made.configured, &made.component);
            }
            (made, CodeOrigin::Compiled)
        }
    };

    let imports = component::imports(&made.component);
    component::check_imports(&imports, &grants).map_err(|causes| LoadError::all(&source.file, causes))?;
    let template = maker.template(&made).map_err(fail)?;
    let declaration = maker.describe(&template, &limits).map_err(|causes| LoadError::all(&source.file, causes))?;
    if made.described.as_ref().is_some_and(|before| *before != declaration) {
        return Err(fail(
            "it describes itself differently before and after configure; a description must not change".into(),
        ));
    }
    let initial_memory = initial_memory(&made.component);
    let facts = LoadFacts {
        warnings: warnings(&made.configured, initial_memory),
        configured: made.configured,
        code,
        load_time: start.elapsed(),
        imports,
        initial_memory,
        component_bytes: source.bytes.len(),
    };
    let name = alias.unwrap_or_else(|| declaration.name.clone());
    let template = Template { shared: sandbox(name.as_str()), ..template };
    // Code that runs `configure` in every instance is not configured yet, so other configurations can use it too.
    let blank = template.configure.is_some().then(|| Template { configure: None, ..template.clone() });
    let variants = Variants::new(source.clone(), &config, declaration.config_schema.clone(), blank);
    Ok(Policy::new(Arc::clone(inner), name, declaration, digest, facts, template, reuse, Some(variants)))
}

/// Describes a component without configuring it. Blocks.
pub fn inspect(inner: &Arc<Inner>, source: &PolicySource) -> Result<Inspection, LoadError> {
    let fail = |cause: String| LoadError::new(&source.file, cause);
    let all = |causes: Vec<String>| LoadError::all(&source.file, causes);
    let limits = PolicyLimits::default();
    component::check_bytes(&source.bytes, limits.component_size).map_err(fail)?;
    let everything = Grants { clock: true, random: true, http: Vec::new() };
    let sandbox = shared(inner, &source.file, &limits, &everything);
    let maker = Maker { inner, source, config: "{}", metered: false, sandbox };

    let component = maker.compile_builder(&source.bytes).map_err(fail)?;
    let imports = component::imports(&component);
    let needs_grants = component::needing_grants(&imports);
    let unknown = component::check_imports(&imports, &component::all_grants());
    unknown.map_err(all)?;
    let template = maker.builder_template(&component).map_err(fail)?;
    let declaration = maker.describe(&template, &limits).map_err(all)?;
    schema::check_schema(declaration.config_schema.as_deref()).map_err(|cause| all(vec![cause]))?;
    let initial_memory = initial_memory(&component);
    Ok(Inspection {
        declaration,
        digest: HEXLOWER.encode(&Sha256::digest(&source.bytes)),
        imports,
        needs_grants,
        initial_memory,
        component_bytes: source.bytes.len(),
        warnings: warnings(&Configured::Snapshot, initial_memory),
    })
}

fn shared(inner: &Inner, name: &str, limits: &PolicyLimits, grants: &Grants) -> Arc<Shared> {
    let name: Arc<str> = name.into();
    Arc::new(Shared {
        log: GuestLog::new(Arc::clone(&name)),
        name,
        limits: limits.clone(),
        grants: grants.clone(),
        state: Arc::clone(&inner.options.state),
    })
}

fn check_limits(limits: &PolicyLimits) -> Result<(), Vec<String>> {
    let PolicyLimits { memory, table_elements, output: _, host_calls: _, configure_timeout: _, component_size: _ } =
        limits;
    let mut causes = Vec::new();
    if *memory > MAX_MEMORY {
        causes.push(format!("limits.memory is {memory} bytes; at most {MAX_MEMORY} are possible"));
    }
    if *table_elements > MAX_TABLE_ELEMENTS {
        causes.push(format!("limits.table_elements is {table_elements}; at most {MAX_TABLE_ELEMENTS} are possible"));
    }
    if causes.is_empty() { Ok(()) } else { Err(causes) }
}

fn read_origins(origins: &[String]) -> Result<Vec<String>, Vec<String>> {
    let (read, wrong): (Vec<_>, Vec<_>) = origins.iter().map(|origin| parse_origin(origin)).partition(Result::is_ok);
    if wrong.is_empty() {
        Ok(read.into_iter().flatten().collect())
    } else {
        Err(wrong.into_iter().filter_map(Result::err).collect())
    }
}

fn warnings(configured: &Configured, initial_memory: u64) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Configured::PerCall { reason } = configured {
        warnings.push(format!("configure runs in every fresh instance, which costs its time on every call: {reason}"));
    }
    if initial_memory > SMALL_MEMORY {
        warnings.push(format!(
            "an instance starts with {} KiB of memory; at most {} KiB make fresh instances cheap (a smaller stack helps: \
             link with -zstack-size=65536)",
            initial_memory >> 10,
            SMALL_MEMORY >> 10
        ));
    }
    warnings
}
