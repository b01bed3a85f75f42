//! A place for rows that tests can look into, and a registry that is one closure.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use weir_gateway::records::{Exchange, NotAdmitted, Place, RecordMode, Records, Trust, Wanted};
use weir_gateway::{Gateway, GatewayOptions};
use weir_interceptors::Interceptors;
use weir_record::{Row, Status};

use super::{Route, Running};

/// Rows in the order in which they were handed over.
pub struct Rows {
    rows: Arc<Mutex<Vec<Row>>>,
    mode: AtomicU8,
    places: Arc<Semaphore>,
    untrusted: Box<dyn Fn(&str) -> bool + Send + Sync>,
    pub body_limit: usize,
    pub admissions: AtomicU64,
    pub checks: AtomicU64,
}

struct Taken {
    rows: Arc<Mutex<Vec<Row>>>,
    _place: OwnedSemaphorePermit,
}

impl Rows {
    pub fn new() -> Self {
        Self {
            rows: Arc::default(),
            mode: AtomicU8::new(0),
            places: Arc::new(Semaphore::new(10_000)),
            untrusted: Box::new(|_| false),
            body_limit: 64 * 1024,
            admissions: AtomicU64::new(0),
            checks: AtomicU64::new(0),
        }
    }

    pub fn distrusting(self, untrusted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { untrusted: Box::new(untrusted), ..self }
    }

    pub fn with_places(self, places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), ..self }
    }

    pub fn keeping(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }

    pub fn set_mode(&self, mode: RecordMode) {
        let number = match mode {
            RecordMode::Context => 0,
            RecordMode::All => 1,
            RecordMode::Off => 2,
        };
        self.mode.store(number, Ordering::Relaxed);
    }

    pub fn all(&self) -> Vec<Row> {
        self.rows.lock().unwrap().clone()
    }

    /// Waits until there are so many rows, and for none more than that.
    pub async fn wait_for(&self, count: usize) -> Vec<Row> {
        for _ in 0..1500 {
            let rows = self.all();
            if rows.len() >= count {
                assert_eq!(rows.len(), count, "{rows:#?}");
                return rows;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{count} rows were expected: {:#?}", self.all());
    }

    pub fn touched(&self) -> (u64, u64) {
        (self.admissions.load(Ordering::Relaxed), self.checks.load(Ordering::Relaxed))
    }
}

#[async_trait::async_trait]
impl Records for Rows {
    fn mode(&self) -> RecordMode {
        [RecordMode::Context, RecordMode::All, RecordMode::Off][usize::from(self.mode.load(Ordering::Relaxed))]
    }
    fn body_limit(&self) -> usize {
        self.body_limit
    }
    async fn admit(&self, _: &str) -> Result<Box<dyn Place>, NotAdmitted> {
        self.admissions.fetch_add(1, Ordering::Relaxed);
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| NotAdmitted::Full)?;
        Ok(Box::new(Taken { rows: Arc::clone(&self.rows), _place: place }))
    }
    async fn trust(&self, wanted: &Wanted<'_>) -> Trust {
        self.checks.fetch_add(1, Ordering::Relaxed);
        match (self.untrusted)(wanted.url) {
            true => Trust::Untrusted { message: format!("BLOCKED: endpoint {} not in trusted index", wanted.url) },
            false => Trust::Trusted,
        }
    }
}

impl Place for Taken {
    fn fill(self: Box<Self>, exchange: Exchange) {
        let mut rows = self.rows.lock().unwrap();
        let id = i64::try_from(rows.len()).unwrap() + 1;
        rows.push(exchange.into_record().into_row(id, "", |_| String::new()));
    }
}

pub async fn start_recording(routes: Vec<Route>, rows: &Arc<Rows>) -> Running {
    let options = GatewayOptions {
        drain_timeout: Duration::from_secs(5),
        response_timeout: Duration::from_secs(2),
        ..GatewayOptions::default()
    };
    let records = Arc::clone(rows) as Arc<dyn Records>;
    Running::begin(routes, Interceptors::default(), |telemetry, set| {
        Gateway::recording(options, telemetry, records, set)
    })
}

/// The text of a status as rows have it.
pub fn status(status: Status) -> String {
    status.text().into_owned()
}
