//! Reads the system's clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock; inside a paused tokio runtime, that runtime's time.
#[must_use]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The wall clock, ms since 1970; 0 if it is set before that.
#[must_use]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
