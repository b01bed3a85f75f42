//! From the bytes of a component to a policy that serves calls.
//!
//! The slow way: check, describe, check the configuration, configure, snapshot, compile, and keep the result.
//! The quick way: take the kept result. Both end at the same place with the same checks on declaration and
//! configuration. All of it runs on a thread of its own, since compiling takes its time.

pub(crate) mod cache;
mod component;
mod evict;
mod schema;
mod snapshot;

use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use weir_core::Declaration;

use crate::bindings::InterceptorPre;
use crate::capability::{GuestLog, parse_origin};
use crate::engine::Inner;
use crate::error::LoadError;
use crate::instance::{Instance, Template};
use crate::options::{Grants, Metering, PolicyLimits, PolicyOptions};
use crate::policy::Policy;
use crate::profile::{MAX_MEMORY, MAX_TABLE_ELEMENTS, MemoryClass, Profile, SMALL_MEMORY};
use crate::sandbox::Shared;
use crate::variants::Variants;

pub use schema::check as check_config;

pub use schema::violations as schema_violations;

/// A component as it was read.
#[derive(Debug, Clone)]
pub struct PolicySource {
    /// For messages.
    pub file: String,
    /// The component.
    pub bytes: Vec<u8>,
}

/// How the configuration gets into an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configured {
    /// `configure` ran once; every instance starts from the memory that it left.
    Snapshot,
    /// `configure` runs in every fresh instance.
    PerCall {
        /// Why no snapshot could be made.
        reason: String,
    },
}

/// Where the compiled code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeOrigin {
    /// Kept from an earlier load.
    Cache,
    /// Compiled now.
    Compiled,
}

/// What is known about a loaded policy.
#[derive(Debug, Clone)]
pub struct LoadFacts {
    /// How the configuration gets into an instance.
    pub configured: Configured,
    /// Where the compiled code came from.
    pub code: CodeOrigin,
    /// How long loading took.
    pub load_time: Duration,
    /// What the component imports.
    pub imports: Vec<String>,
    /// Bytes of memory that an instance starts with.
    pub initial_memory: u64,
    /// Bytes of the component file.
    pub component_bytes: usize,
    /// What the author or operator should know.
    pub warnings: Vec<String>,
}

/// What a component says and needs, without configuring it.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// What it says about itself.
    pub declaration: Declaration,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    /// What it imports.
    pub imports: Vec<String>,
    /// Those imports that need a grant.
    pub needs_grants: Vec<String>,
    /// Bytes of memory that an instance starts with.
    pub initial_memory: u64,
    /// Bytes of the file.
    pub component_bytes: usize,
    /// What the author should know.
    pub warnings: Vec<String>,
}

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
    // Code that runs `configure` in every instance is not configured yet, so it serves other configurations too.
    let blank = template.configure.is_some().then(|| Template { configure: None, ..template.clone() });
    let variants = Variants::new(source.clone(), &config, declaration.config_schema.clone(), blank);
    Ok(Policy::new(Arc::clone(inner), name, declaration, digest, facts, template, reuse, Some(variants)))
}

/// What stands in the cache's key where a component is kept that nobody configured; it is no JSON, so it is no
/// configuration.
const NOT_CONFIGURED: &str = "not configured";

/// A component without any configuration, from which instances can be made that are then configured. Blocks.
pub fn blank(
    inner: &Arc<Inner>,
    source: &PolicySource,
    metered: bool,
    sandbox: Arc<Shared>,
) -> Result<Template, String> {
    let maker = Maker { inner, source, config: "{}", metered, sandbox };
    let key = cache::key(&HEXLOWER.encode(&Sha256::digest(&source.bytes)), NOT_CONFIGURED, maker.compatibility()?);
    let kept = inner.cache.as_ref().and_then(|cache| cache.read(&key)).and_then(|kept| maker.revive(&kept));
    let made = match kept {
        Some(made) => made,
        None => {
            let small = inner.profiled(maker.profile(MemoryClass::Small))?;
            let component = Component::new(&small.engine, &source.bytes)
                .map_err(|error| format!("it does not compile: {error:#}"))?;
            let configured = Configured::PerCall { reason: "a caller configures it".to_owned() };
            let made = maker.place(component, configured, None)?;
            if let Some(cache) = &inner.cache {
                cache.write(&key, &made.configured, &made.component);
            }
            made
        }
    };
    let pre = component::pre(&inner.profiled(made.profile)?.linker, &made.component)?;
    Ok(maker.template_of(pre, None, made.profile.metered))
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

/// What it takes to make a servable component out of bytes.
struct Maker<'a> {
    inner: &'a Arc<Inner>,
    source: &'a PolicySource,
    config: &'a str,
    metered: bool,
    sandbox: Arc<Shared>,
}

/// A servable component.
struct Made {
    component: Component,
    profile: Profile,
    configured: Configured,
    /// What it said about itself before it was configured; not known for a kept one, which was compared then.
    described: Option<Declaration>,
}

impl Maker<'_> {
    fn profile(&self, memory: MemoryClass) -> Profile {
        Profile { metered: self.metered, memory }
    }

    fn compatibility(&self) -> Result<&str, String> {
        Ok(&self.inner.profiled(self.profile(MemoryClass::Small))?.compatibility)
    }

    /// Describe, check, configure, snapshot, compile. What is kept of it has passed these checks: the key of a
    /// kept component covers its bytes and its configuration.
    fn make(&self) -> Result<Made, Vec<String>> {
        let one = |cause: String| vec![cause];
        let instrumented = snapshot::Instrumented::new(&self.source.bytes);
        let bytes = instrumented.as_ref().map_or(&self.source.bytes[..], |instrumented| &instrumented.wasm);
        let builder = self.compile_builder(bytes).map_err(one)?;
        component::check_imports(&component::imports(&builder), &self.sandbox.grants)?;
        let template = self.builder_template(&builder).map_err(one)?;
        let limits = &self.sandbox.limits;
        let declaration = self.describe(&template, limits)?;
        schema::check(declaration.config_schema.as_deref(), self.config)?;

        let mut instance = self.run(limits, Instance::open(&template, self.deadline())).map_err(one)?;
        self.run(limits, instance.configure(self.config)).map_err(|cause| one(format!("configure: {cause}")))?;
        let (bytes, configured) = match instrumented {
            Ok(instrumented) => match self.run(limits, snapshot::take(&instrumented, instance)) {
                Ok(bytes) => (bytes, Configured::Snapshot),
                Err(reason) => (self.source.bytes.clone(), Configured::PerCall { reason }),
            },
            Err(reason) => (self.source.bytes.clone(), Configured::PerCall { reason }),
        };
        let small = self.inner.profiled(self.profile(MemoryClass::Small)).map_err(one)?;
        let component = match Component::new(&small.engine, &bytes) {
            Ok(component) => Ok((component, configured)),
            // The snapshot is a rewritten binary; should it not be valid, the original still is.
            Err(error) if configured == Configured::Snapshot => {
                let reason = format!("the snapshot is not valid: {error:#}");
                Component::new(&small.engine, &self.source.bytes)
                    .map(|component| (component, Configured::PerCall { reason }))
            }
            Err(error) => Err(error),
        };
        let (component, configured) = component.map_err(|error| one(format!("it does not compile: {error:#}")))?;
        self.place(component, configured, Some(declaration)).map_err(one)
    }

    /// A component from kept code; `None` if it cannot be used, so that it is made anew.
    fn revive(&self, kept: &cache::Kept) -> Option<Made> {
        let small = self.inner.profiled(self.profile(MemoryClass::Small)).ok()?;
        let component = kept.component(&small.engine)?;
        self.place(component, kept.configured.clone(), None).ok()
    }

    /// Moves a component with much memory to the profile that is made for it.
    fn place(
        &self,
        component: Component,
        configured: Configured,
        described: Option<Declaration>,
    ) -> Result<Made, String> {
        let small = self.profile(MemoryClass::Small);
        if initial_memory(&component) <= SMALL_MEMORY {
            return Ok(Made { component, profile: small, configured, described });
        }
        let large = self.profile(MemoryClass::Large);
        let profiled = self.inner.profiled(large)?;
        let component = cache::transfer(&component, &profiled.engine)?;
        Ok(Made { component, profile: large, configured, described })
    }

    fn compile_builder(&self, bytes: &[u8]) -> Result<Component, String> {
        Component::new(&self.inner.builder.engine, bytes)
            .map_err(|error| format!("it is not a valid component: {error:#}"))
    }

    fn builder_template(&self, component: &Component) -> Result<Template, String> {
        let pre = component::pre(&self.inner.builder.linker, component)?;
        Ok(self.template_of(pre, None, false))
    }

    fn template(&self, made: &Made) -> Result<Template, String> {
        let pre = component::pre(&self.inner.profiled(made.profile)?.linker, &made.component)?;
        let per_call = matches!(made.configured, Configured::PerCall { .. }).then(|| self.config.into());
        Ok(self.template_of(pre, per_call, made.profile.metered))
    }

    fn template_of(
        &self,
        pre: InterceptorPre<crate::sandbox::Sandbox>,
        configure: Option<Arc<str>>,
        metered: bool,
    ) -> Template {
        Template { pre, shared: Arc::clone(&self.sandbox), configure, metered }
    }

    /// Asks the component what it is, and checks the answer.
    fn describe(&self, template: &Template, limits: &PolicyLimits) -> Result<Declaration, Vec<String>> {
        let described = self.run(limits, async {
            // Not configured yet, so an instance that configures itself first would do needless work here.
            let template = Template { configure: None, ..template.clone() };
            let mut instance = Instance::fresh(&template, self.deadline()).await?;
            let first = instance.describe().await?;
            let second = instance.describe().await?;
            Ok((first, second))
        });
        let (first, second) = described.map_err(|cause| vec![format!("describe: {cause}")])?;
        let read =
            |declared| crate::convert::declaration(declared).map_err(|error| vec![format!("declared name: {error}")]);
        let declaration = read(first)?;
        if read(second)? != declaration {
            return Err(vec!["it describes itself differently each time; a description must not change".into()]);
        }
        declaration.check().map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        Ok(declaration)
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.sandbox.limits.configure_timeout
    }

    /// Waits for guest code that runs at load, bounded like any other.
    fn run<T>(
        &self,
        limits: &PolicyLimits,
        work: impl Future<Output = Result<T, weir_core::Fault>>,
    ) -> Result<T, String> {
        let _running = self.inner.ticker.running();
        let bounded = async { tokio::time::timeout(limits.configure_timeout, work).await };
        match tokio::runtime::Handle::current().block_on(bounded) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(fault)) => Err(fault.to_string()),
            Err(_) => Err(format!("deadline: it took longer than {} ms", limits.configure_timeout.as_millis())),
        }
    }
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

/// Bytes of the largest memory that an instance starts with. Not known for a component that imports modules,
/// which is then taken to need much.
fn initial_memory(component: &Component) -> u64 {
    const PAGE: u64 = 64 << 10;
    match component.resources_required() {
        Some(required) => required.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE),
        None => u64::MAX,
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
