//! Sets a policy aside that fails again and again, so that its failures cost nothing, and lets it try again.
//!
//! Only faults in a row count, and any success clears them: one input that breaks a policy does not silence it
//! while others pass. After the time is over one call is let through as a trial; its fault doubles the time.
//!
//! Not here: a clock. The time is handed in, by whoever runs policies: the sandbox, or the client of a remote server.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// When a policy that fails again and again is set aside, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarantineOptions {
    /// Faults in a row; 0 never quarantines.
    pub after: u32,
    /// How long the first time; doubles each time the policy fails its trial call.
    pub first: Duration,
    /// How long at most.
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
    /// The policy is set aside for so long.
    SetAside(Duration),
}

impl Quarantine {
    /// A policy in good standing.
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

    /// A call failed. Gives the time for which the policy is set aside, if it just was.
    pub fn failed(&self, now: Instant) -> Option<Duration> {
        let faults = self.faults_in_a_row.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.options.after == 0 || faults < self.options.after {
            return None;
        }
        let mut back_off = self.back_off.lock();
        // Calls that were already running when the policy was set aside do not lengthen its time.
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

    /// A trial call ended without a verdict on the policy: it was cancelled, or there was no instance.
    pub fn abandoned(&self) {
        if self.aside.load(Ordering::Acquire) {
            self.back_off.lock().trial = false;
        }
    }

    /// Whether the policy is set aside.
    pub fn is_aside(&self) -> bool {
        self.aside.load(Ordering::Acquire)
    }

    /// How often it was set aside.
    pub fn entered(&self) -> u64 {
        self.entered.load(Ordering::Relaxed)
    }
}
