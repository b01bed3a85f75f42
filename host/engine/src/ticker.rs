//! A thread that advances the epoch of every engine, so that running guests yield to the host.
//!
//! It sleeps while no guest runs, so an idle gateway causes no wake-ups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use parking_lot::Mutex;
use wasmtime::EngineWeak;

/// Time between two ticks. This is the resolution of every deadline; a guest blocks the caller's thread for at most two
/// ticks.
pub const TICK: Duration = Duration::from_millis(1);

/// Ticks without a running guest before the thread sleeps. Waking it costs a system call, which should not happen
/// between two requests of a busy gateway.
const IDLE_TICKS: u32 = 200;

/// The thread and its shared state.
#[derive(Clone)]
pub struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

struct Shared {
    engines: Mutex<Vec<EngineWeak>>,
    running: AtomicU32,
    asleep: AtomicBool,
}

/// Held while a guest runs.
pub struct Running(Arc<Shared>);

impl Ticker {
    /// Starts the thread. It ends when the last clone of the ticker is dropped and no guest runs.
    pub fn start() -> std::io::Result<Self> {
        let shared =
            Arc::new(Shared { engines: Mutex::default(), running: AtomicU32::new(0), asleep: AtomicBool::new(false) });
        let weak = Arc::downgrade(&shared);
        let handle = thread::Builder::new().name("weir-epoch".into()).spawn(move || {
            let mut idle = 0;
            while let Some(shared) = weak.upgrade() {
                shared.tick();
                idle = if shared.running.load(Ordering::SeqCst) > 0 { 0 } else { idle + 1 };
                if idle > IDLE_TICKS {
                    shared.asleep.store(true, Ordering::SeqCst);
                    let nobody_came = shared.running.load(Ordering::SeqCst) == 0;
                    drop(shared);
                    if nobody_came {
                        // The timeout lets the thread notice that the ticker was dropped.
                        thread::park_timeout(Duration::from_secs(1));
                    }
                    if let Some(shared) = weak.upgrade() {
                        shared.asleep.store(false, Ordering::SeqCst);
                    }
                } else {
                    drop(shared);
                    thread::sleep(TICK);
                }
            }
        })?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Also ticks this engine, as long as it lives.
    pub fn add(&self, engine: EngineWeak) {
        self.shared.engines.lock().push(engine);
    }

    /// Keeps the thread awake until dropped.
    pub fn running(&self) -> Running {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Running(Arc::clone(&self.shared))
    }
}

impl Shared {
    fn tick(&self) {
        self.engines.lock().retain(|engine| match engine.upgrade() {
            Some(engine) => {
                engine.increment_epoch();
                true
            }
            None => false,
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}
