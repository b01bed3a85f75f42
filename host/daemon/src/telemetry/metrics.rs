//! The metrics: one registry, typed handles for counting, one text to scrape.
//!
//! Invariants: label values are bounded (see [`super::labels`]); counting allocates nothing per call except the few
//! short labels of the exchange.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use weir_core::{ChainResult, Weakening};
use weir_engine::EngineStats;
use weir_gateway::ExchangeReport;

use super::labels::{
    BuildLabel, ChainLabel, ExchangeLabel, PolicyLabel, ReloadLabel, RouteLabel, WeakeningLabel, method, status_class,
};
use super::policy_series::{MicrosecondBuckets, PolicyFamilies, PolicySeries};
use crate::load::LoadedSet;

/// All metrics.
pub struct Metrics {
    registry: RwLock<Registry>,
    policies: PolicyFamilies,
    series: RwLock<HashMap<String, Arc<PolicySeries>>>,
    exchanges: Family<ExchangeLabel, Counter>,
    exchange_duration: Family<RouteLabel, Histogram, MicrosecondBuckets>,
    upstream_duration: Family<RouteLabel, Histogram, MicrosecondBuckets>,
    chains: Family<ChainLabel, Counter>,
    chain_duration: Family<RouteLabel, Histogram, MicrosecondBuckets>,
    cancelled: Family<RouteLabel, Counter>,
    reloads: Family<ReloadLabel, Counter>,
    scraped: Scraped,
}

/// Values collected from their owners at each scrape.
#[derive(Default, Clone)]
struct Scraped {
    instances_in_use: Gauge,
    instances_max: Gauge,
    policies: Gauge,
    epoch: Gauge,
    last_reload: Gauge<f64, AtomicU64>,
    last_success: Gauge<f64, AtomicU64>,
    quarantined: Family<PolicyLabel, Gauge>,
    in_flight: Family<PolicyLabel, Gauge>,
    denied_capabilities: Family<PolicyLabel, Gauge>,
    log_lines_dropped: Family<PolicyLabel, Gauge>,
    weakenings: Family<WeakeningLabel, Gauge>,
}

/// The result of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// A new set serves.
    Ok,
    /// The previous set stays.
    Failed,
}

impl Metrics {
    /// All metrics at zero. `panics` is counted by the panic hook.
    pub fn new(panics: &Arc<AtomicU64>) -> Self {
        let mut registry = Registry::with_prefix("weir");
        let policies = PolicyFamilies::register(&mut registry);
        let histogram = || Family::new_with_constructor(MicrosecondBuckets);
        let metrics = Self {
            policies,
            series: RwLock::default(),
            exchanges: Family::default(),
            exchange_duration: histogram(),
            upstream_duration: histogram(),
            chains: Family::default(),
            chain_duration: histogram(),
            cancelled: Family::default(),
            reloads: Family::default(),
            scraped: Scraped::default(),
            registry: RwLock::new(Registry::default()),
        };
        registry.register("exchanges", "Exchanges that were answered", metrics.exchanges.clone());
        registry.register("exchange_duration_seconds", "From request to reply", metrics.exchange_duration.clone());
        registry.register(
            "upstream_duration_seconds",
            "From sending the request on to the head of the response",
            metrics.upstream_duration.clone(),
        );
        registry.register("chains", "Chains that ended", metrics.chains.clone());
        registry.register("chain_duration_seconds", "Time of one chain", metrics.chain_duration.clone());
        registry.register("cancelled", "Callers that went away before the reply", metrics.cancelled.clone());
        registry.register("reloads", "Changes of the folder that were tried", metrics.reloads.clone());
        registry.register_collector(Box::new(Panics(Arc::clone(panics))));
        let build = Family::<BuildLabel, Gauge>::default();
        build.get_or_create(&BuildLabel { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "The program", build);
        metrics.scraped.register(&mut registry);
        for result in ["ok", "failed"] {
            drop(metrics.reloads.get_or_create(&ReloadLabel { result }));
        }
        *metrics.registry.write() = registry;
        metrics
    }

    /// Exposes a counter owned by someone else.
    pub fn watch(&self, collector: Box<dyn Collector>) {
        self.registry.write().register_collector(collector);
    }

    /// A set started serving: its policies are listed at once, even with all counts at zero.
    pub fn serves(&self, set: &LoadedSet, epoch: u64) {
        let mut series = self.series.write();
        self.scraped.forget();
        for policy in &set.policies {
            let name = policy.settings.name.as_str();
            series.entry(name.to_owned()).or_insert_with(|| Arc::new(self.policies.series(name)));
            for weakening in [Weakening::FailOpen, Weakening::Audit, Weakening::Disabled] {
                let label = WeakeningLabel { policy: name.to_owned(), weakening: weakening.as_str() };
                let holds = policy.settings.weakenings().contains(&weakening);
                self.scraped.weakenings.get_or_create(&label).set(i64::from(holds));
            }
        }
        drop(series);
        self.scraped.policies.set(i64::try_from(set.policies.len()).unwrap_or(i64::MAX));
        self.scraped.epoch.set(i64::try_from(epoch).unwrap_or(i64::MAX));
        let now = unix_now();
        self.scraped.last_reload.set(now);
        self.scraped.last_success.set(now);
    }

    /// A change of the folder was tried.
    pub fn reloaded(&self, outcome: ReloadOutcome) {
        let result = match outcome {
            ReloadOutcome::Ok => "ok",
            ReloadOutcome::Failed => "failed",
        };
        self.reloads.get_or_create(&ReloadLabel { result }).inc();
        self.scraped.last_reload.set(unix_now());
    }

    /// The text of all metrics, with current values from the engine and the policies.
    pub fn text(&self, engine: EngineStats, set: &LoadedSet) -> String {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.scraped.instances_in_use.set(i64::from(engine.instances_in_use));
        self.scraped.instances_max.set(i64::from(engine.instances_max));
        for policy in &set.policies {
            let stats = policy.policy.stats();
            let label = PolicyLabel { policy: policy.settings.name.as_str().to_owned() };
            self.scraped.quarantined.get_or_create(&label).set(i64::from(stats.quarantined));
            self.scraped.in_flight.get_or_create(&label).set(i64::from(stats.in_flight));
            self.scraped.denied_capabilities.get_or_create(&label).set(count(stats.denied_capabilities));
            self.scraped.log_lines_dropped.get_or_create(&label).set(count(stats.log_lines_dropped));
        }
        let mut text = String::new();
        let registry = self.registry.read();
        match encode(&mut text, &registry) {
            Ok(()) => text,
            // Writing to a string cannot fail; a broken metric must not break the admin surface.
            Err(error) => format!("# the metrics cannot be written: {error}\n# EOF\n"),
        }
    }

    /// Counts a chain and each policy in it.
    pub(super) fn chain(&self, route: &str, result: &ChainResult, elapsed: Duration) {
        let label =
            ChainLabel { route: route.to_owned(), phase: result.phase.as_str(), status: result.status.as_str() };
        self.chains.get_or_create(&label).inc();
        self.chain_duration.get_or_create(&RouteLabel { route: label.route }).observe(elapsed.as_secs_f64());
        let series = self.series.read();
        for result in &result.results {
            if let Some(series) = series.get(result.interceptor.as_str()) {
                series.count(result);
            }
        }
    }

    /// Counts a cancelled exchange.
    pub(super) fn cancelled(&self, route: &str) {
        self.cancelled.get_or_create(&RouteLabel { route: route.to_owned() }).inc();
    }

    /// Counts an exchange.
    pub(super) fn exchange(&self, exchange: &ExchangeReport<'_>) {
        let label = ExchangeLabel {
            route: exchange.route.to_owned(),
            method: method(exchange.method),
            status: status_class(exchange.status.as_u16()),
            refusal: exchange.refusal.unwrap_or(""),
        };
        self.exchanges.get_or_create(&label).inc();
        let label = RouteLabel { route: label.route };
        self.exchange_duration.get_or_create(&label).observe(exchange.elapsed.as_secs_f64());
        if let Some(elapsed) = exchange.upstream_elapsed {
            self.upstream_duration.get_or_create(&label).observe(elapsed.as_secs_f64());
        }
    }
}

impl Scraped {
    fn register(&self, registry: &mut Registry) {
        let Self {
            instances_in_use,
            instances_max,
            policies,
            epoch,
            last_reload,
            last_success,
            quarantined,
            in_flight,
            denied_capabilities,
            log_lines_dropped,
            weakenings,
        } = self.clone();
        registry.register("instances_in_use", "Calls that hold a sandbox", instances_in_use);
        registry.register("instances_max", "Maximum number of calls that can hold a sandbox", instances_max);
        registry.register("policies", "Policies in the serving set", policies);
        registry.register("config_epoch", "Increases with every set that starts serving", epoch);
        registry.register("last_reload_timestamp_seconds", "When a change was last tried", last_reload);
        registry.register("last_successful_reload_timestamp_seconds", "When a set last started serving", last_success);
        registry.register("policy_quarantined", "1 while a policy is quarantined after failures", quarantined);
        registry.register("policy_in_flight", "Calls of a policy in progress", in_flight);
        registry.register(
            "policy_denied_capabilities",
            "Operations refused because a grant is missing, since the policy was loaded",
            denied_capabilities,
        );
        registry.register(
            "policy_log_lines_dropped",
            "Log lines beyond a policy's rate, since it was loaded",
            log_lines_dropped,
        );
        registry.register("policy_weakened", "1 if an override removes a protection", weakenings);
    }

    /// Removes the series of policies that may be gone.
    fn forget(&self) {
        for family in [&self.quarantined, &self.in_flight, &self.denied_capabilities, &self.log_lines_dropped] {
            family.clear();
        }
        self.weakenings.clear();
    }
}

/// Exposes the panic hook's counter.
#[derive(Debug)]
struct Panics(Arc<AtomicU64>);

impl Collector for Panics {
    fn encode(&self, mut encoder: prometheus_client::encoding::DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        use prometheus_client::encoding::EncodeMetric;
        use prometheus_client::metrics::MetricType;
        let counter = ConstCounter::new(self.0.load(Ordering::Relaxed));
        let encoder =
            encoder.encode_descriptor("panics", "Tasks that panicked; each is a bug.", None, MetricType::Counter)?;
        counter.encode(encoder)
    }
}

fn unix_now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
