//! When a policy that fails again and again is set aside. Here and not in core, which names no clock.

use std::time::{Duration, Instant};

use weir_core::{Admission, Quarantine, QuarantineOptions};

#[test]
fn sets_aside_after_faults_in_a_row_and_recovers() {
    let second = Duration::from_secs(1);
    let options = QuarantineOptions { after: 3, first: second, longest: 3 * second };
    let quarantine = Quarantine::new(options);
    let start = Instant::now();

    assert_eq!((quarantine.failed(start), quarantine.failed(start)), (None, None));
    quarantine.succeeded();
    assert_eq!((quarantine.failed(start), quarantine.failed(start)), (None, None));
    assert_eq!(quarantine.admit(start), Admission::Admitted);
    assert_eq!(quarantine.failed(start), Some(second));
    assert_eq!(quarantine.failed(start), None, "a call that was already running does not lengthen the time");
    assert_eq!(quarantine.admit(start), Admission::SetAside(second));

    let later = start + second;
    assert_eq!(quarantine.admit(later), Admission::Admitted, "one trial");
    assert!(matches!(quarantine.admit(later), Admission::SetAside(_)), "and only one");
    quarantine.abandoned();
    assert_eq!(quarantine.admit(later), Admission::Admitted, "a cancelled trial is no verdict");
    assert_eq!(quarantine.failed(later), Some(2 * second));
    let later = later + 2 * second;
    assert_eq!(quarantine.admit(later), Admission::Admitted);
    assert_eq!(quarantine.failed(later), Some(3 * second), "bounded");

    assert_eq!(quarantine.admit(later + 3 * second), Admission::Admitted);
    quarantine.succeeded();
    assert!(!quarantine.is_aside());
    assert_eq!(quarantine.entered(), 3);
    assert_eq!(quarantine.admit(later), Admission::Admitted);
}

#[test]
fn zero_never_sets_aside() {
    let quarantine = Quarantine::new(QuarantineOptions { after: 0, ..QuarantineOptions::default() });
    assert!((0..100).all(|_| quarantine.failed(Instant::now()).is_none()));
}
