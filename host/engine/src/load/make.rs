//! From bytes to a component that can serve calls: compiled in full, or quickly from the cache.

use std::sync::Arc;
use std::time::Instant;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use weir_core::Declaration;

use super::facts::{Configured, PolicySource};
use super::{cache, component, schema, snapshot};
use crate::bindings::InterceptorPre;
use crate::inner::Inner;
use crate::instance::{Instance, Template};
use crate::options::PolicyLimits;
use crate::profile::{MemoryClass, Profile, SMALL_MEMORY};
use crate::sandbox::Shared;

/// What is needed to make a servable component.
pub struct Maker<'a> {
    /// Shared by all policies.
    pub inner: &'a Arc<Inner>,
    /// The bytes.
    pub source: &'a PolicySource,
    /// The configuration.
    pub config: &'a str,
    /// Whether instructions are counted.
    pub metered: bool,
    /// Shared by all instances.
    pub sandbox: Arc<Shared>,
}

/// A servable component.
pub struct Made {
    /// The compiled component.
    pub component: Component,
    /// The set-up it was compiled for.
    pub profile: Profile,
    /// How the configuration gets into an instance.
    pub configured: Configured,
    /// Its declaration before `configure`. Unknown for a cached component, which was compared when it was cached.
    pub described: Option<Declaration>,
}

impl Maker<'_> {
    fn profile(&self, memory: MemoryClass) -> Profile {
        Profile { metered: self.metered, memory }
    }

    /// What compiled code depends on besides its inputs.
    pub fn compatibility(&self) -> Result<&str, String> {
        Ok(&self.inner.profiled(self.profile(MemoryClass::Small))?.compatibility)
    }

    /// Describe, check, configure, snapshot, compile. A cached result has passed these checks: its key covers the bytes
    /// and the configuration.
    pub fn make(&self) -> Result<Made, Vec<String>> {
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
            // The snapshot is a rewritten binary. If it is not valid, the original still is.
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

    /// A component from the cache; `None` if it is unusable and must be compiled again.
    pub fn revive(&self, kept: &cache::Kept) -> Option<Made> {
        let small = self.inner.profiled(self.profile(MemoryClass::Small)).ok()?;
        let component = kept.component(&small.engine)?;
        self.place(component, kept.configured.clone(), None).ok()
    }

    /// Moves a component with a large memory to the matching profile.
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

    /// Compiles bytes for the set-up that runs `configure`.
    pub fn compile_builder(&self, bytes: &[u8]) -> Result<Component, String> {
        Component::new(&self.inner.builder.engine, bytes)
            .map_err(|error| format!("it is not a valid component: {error:#}"))
    }

    /// The template for instances to be configured.
    pub fn builder_template(&self, component: &Component) -> Result<Template, String> {
        let pre = component::pre(&self.inner.builder.linker, component)?;
        Ok(self.template_of(pre, None, false))
    }

    /// The template for instances that serve calls.
    pub fn template(&self, made: &Made) -> Result<Template, String> {
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

    /// Asks the component to describe itself, and checks the answer.
    pub fn describe(&self, template: &Template, limits: &PolicyLimits) -> Result<Declaration, Vec<String>> {
        let described = self.run(limits, async {
            // Not configured yet, so do not use instances that run `configure` first.
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

    /// Waits for guest code at load, with the same limits as a call.
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

/// Replaces the configuration in the cache key for an unconfigured component. It is not JSON, so it cannot equal a real
/// configuration.
const NOT_CONFIGURED: &str = "not configured";

/// An unconfigured component whose instances can be configured later. Blocks.
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

/// Bytes of the largest initial memory. Unknown for a component that imports modules, which is treated as large.
pub fn initial_memory(component: &Component) -> u64 {
    const PAGE: u64 = 64 << 10;
    match component.resources_required() {
        Some(required) => required.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE),
        None => u64::MAX,
    }
}
