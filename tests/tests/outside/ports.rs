//! What stands around the gateway here: policies that are closures, and ports that remember.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use weir_core::{
    BoxFuture, ChainResult, Completed, Declaration, Ended, Entry, Hook, Interceptor, InterceptorName, Invocation, Kind,
    Outcome, Overrides, Phase, resolve,
};
use weir_gateway::records::{Exchange, NotAdmitted, Place, RecordMode, Records, Trust, Wanted};
use weir_gateway::{ExchangeReport, Telemetry};
use weir_record::Row;

/// A policy over the text of a payload.
struct Closure<F>(F);

impl<F: Fn(&str) -> Outcome + Send + Sync> Interceptor for Closure<F> {
    fn invoke<'a>(&'a self, invocation: Invocation<'a>) -> BoxFuture<'a, Completed> {
        let ended = Ended::Outcome((self.0)(invocation.payload.text()));
        Box::pin(async move { Completed { ended, elapsed: Duration::ZERO, fuel: None } })
    }
}

/// A policy that looks at shouted texts.
pub fn policy(name: &str, kind: Kind, judge: impl Fn(&str) -> Outcome + Send + Sync + 'static) -> Entry {
    let declaration = Declaration {
        name: InterceptorName::new(name).unwrap(),
        version: None,
        description: None,
        kind,
        hooks: vec![Hook { events: vec!["shout/*".to_owned()], phase: Phase::Request }],
        mode: None,
        fail_open: None,
        priority_hint: None,
        compat: None,
        config_schema: None,
    };
    let settings = resolve(&declaration, None, Overrides::default()).unwrap();
    Entry { settings, interceptor: Arc::new(Closure(judge)) }
}

/// Remembers what the gateway reports and records.
#[derive(Default)]
pub struct Ports {
    lines: Mutex<Vec<String>>,
    rows: Arc<Mutex<Vec<Row>>>,
}

/// Room for one row.
struct Room(Arc<Mutex<Vec<Row>>>);

impl Ports {
    /// Waits until all of these lines have been reported.
    pub fn wait_for(&self, expected: &[&str]) {
        let lines = || self.lines.lock().unwrap().clone();
        wait(|| expected.iter().all(|line| lines().iter().any(|known| known == line)), || format!("{:#?}", lines()));
    }

    /// Waits until there are so many rows.
    pub fn rows(&self, count: usize) -> Vec<Row> {
        let rows = || self.rows.lock().unwrap().clone();
        wait(|| rows().len() >= count, || format!("{:#?}", rows()));
        assert_eq!(rows().len(), count, "{:#?}", rows());
        rows()
    }
}

fn wait(done: impl Fn() -> bool, found: impl Fn() -> String) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(10), "not in time: {}", found());
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Telemetry for Ports {
    fn chain(&self, route: &str, result: &ChainResult, _: Duration) {
        let line = format!("chain {route} {} {} {}", result.event, result.phase, result.status.as_str());
        self.lines.lock().unwrap().push(line);
    }

    fn cancelled(&self, route: &str) {
        self.lines.lock().unwrap().push(format!("cancelled {route}"));
    }

    fn exchange(&self, report: &ExchangeReport<'_>) {
        let ExchangeReport { route, protocol, method, status, refusal, .. } = report;
        let line = format!("exchange {route} {protocol} {method} {} {}", status.as_u16(), refusal.unwrap_or("-"));
        self.lines.lock().unwrap().push(line);
    }
}

#[async_trait]
impl Records for Ports {
    fn mode(&self) -> RecordMode {
        RecordMode::Context
    }

    fn body_limit(&self) -> usize {
        1024
    }

    async fn admit(&self, _: &str) -> Result<Box<dyn Place>, NotAdmitted> {
        Ok(Box::new(Room(Arc::clone(&self.rows))))
    }

    async fn trust(&self, _: &Wanted<'_>) -> Trust {
        Trust::Trusted
    }
}

impl Place for Room {
    fn fill(self: Box<Self>, exchange: Exchange) {
        self.0.lock().unwrap().push(exchange.into_record().into_row(1, "", |_| String::new()));
    }
}
