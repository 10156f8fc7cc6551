//! Polls a condition until a deadline.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How long a condition may take before a test gives up: many times what it takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Time between two looks at a condition.
const INTERVAL: Duration = Duration::from_millis(25);

/// Looks again and again until `probe` gives a value.
///
/// # Panics
/// When [`PATIENCE`] is over; the message holds `what` and the last reason.
pub fn until<T, E: Debug>(what: &str, mut probe: impl FnMut() -> Result<T, E>) -> T {
    let start = Instant::now();
    loop {
        match probe() {
            Ok(value) => return value,
            Err(why) if start.elapsed() > PATIENCE => {
                panic!("waited {PATIENCE:?} for {what}; the last look said: {why:?}")
            }
            Err(_) => std::thread::park_timeout(INTERVAL),
        }
    }
}

/// Looks again and again until `holds` is true.
///
/// # Panics
/// When [`PATIENCE`] is over.
pub fn until_true(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, || if holds() { Ok(()) } else { Err("not yet") });
}
