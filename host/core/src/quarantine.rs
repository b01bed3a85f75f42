//! Quarantines a policy that keeps failing, and lets it recover.
//!
//! Only consecutive faults count; a success resets the count, so one bad input does not disable a policy that works
//! otherwise. When the quarantine ends, one call runs as a trial. If it fails, the next quarantine is twice as long.
//!
//! Not here: a clock. The caller passes the time in: the sandbox, or the client of a remote server.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// When a failing policy is quarantined, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarantineOptions {
    /// Consecutive faults; 0 never quarantines.
    pub after: u32,
    /// The first quarantine's length. It doubles each time the trial call fails.
    pub first: Duration,
    /// The maximum length.
    pub longest: Duration,
}

impl Default for QuarantineOptions {
    fn default() -> Self {
        Self { after: 10, first: Duration::from_millis(500), longest: Duration::from_secs(60) }
    }
}

/// The state of one policy.
pub struct Quarantine {
    options: QuarantineOptions,
    faults_in_a_row: AtomicU32,
    aside: AtomicBool,
    entered: AtomicU64,
    back_off: Mutex<BackOff>,
}

#[derive(Default)]
struct BackOff {
    until: Option<Instant>,
    length: Duration,
    trial: bool,
}

/// Whether a call may run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Admitted,
    /// The policy is quarantined for this much longer.
    SetAside(Duration),
}

impl Quarantine {
    /// A policy without recent faults.
    pub fn new(options: QuarantineOptions) -> Self {
        Self {
            options,
            faults_in_a_row: AtomicU32::new(0),
            aside: AtomicBool::new(false),
            entered: AtomicU64::new(0),
            back_off: Mutex::default(),
        }
    }

    /// Asks to run a call.
    pub fn admit(&self, now: Instant) -> Admission {
        if !self.aside.load(Ordering::Acquire) {
            return Admission::Admitted;
        }
        let mut back_off = self.back_off.lock();
        match back_off.until {
            None => Admission::Admitted,
            Some(until) if now < until => Admission::SetAside(until - now),
            Some(_) if back_off.trial => Admission::SetAside(back_off.length),
            Some(_) => {
                back_off.trial = true;
                Admission::Admitted
            }
        }
    }

    /// A call succeeded.
    pub fn succeeded(&self) {
        if self.faults_in_a_row.load(Ordering::Relaxed) != 0 {
            self.faults_in_a_row.store(0, Ordering::Relaxed);
        }
        if self.aside.load(Ordering::Acquire) {
            *self.back_off.lock() = BackOff::default();
            self.aside.store(false, Ordering::Release);
        }
    }

    /// A call failed. Returns the quarantine's length if this call started one.
    pub fn failed(&self, now: Instant) -> Option<Duration> {
        let faults = self.faults_in_a_row.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.options.after == 0 || faults < self.options.after {
            return None;
        }
        let mut back_off = self.back_off.lock();
        // Calls that were already running when the quarantine started do not extend it.
        if back_off.until.is_some() && !back_off.trial {
            return None;
        }
        let length = match back_off.until {
            None => self.options.first,
            Some(_) => back_off.length.saturating_mul(2),
        };
        let length = length.min(self.options.longest);
        *back_off = BackOff { until: Some(now + length), length, trial: false };
        self.aside.store(true, Ordering::Release);
        self.entered.fetch_add(1, Ordering::Relaxed);
        Some(length)
    }

    /// A trial call ended without a result: it was cancelled, or no instance was available.
    pub fn abandoned(&self) {
        if self.aside.load(Ordering::Acquire) {
            self.back_off.lock().trial = false;
        }
    }

    /// Whether the policy is quarantined.
    pub fn is_aside(&self) -> bool {
        self.aside.load(Ordering::Acquire)
    }

    /// How often it was quarantined.
    pub fn entered(&self) -> u64 {
        self.entered.load(Ordering::Relaxed)
    }
}
