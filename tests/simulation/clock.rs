//! Simulated time: it passes at once, when nobody has anything to do.

use std::time::Duration;

/// Lets simulated time pass; nobody waits for it in earnest.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// As [`pass`], in ms.
pub(crate) async fn pass_ms(ms: u64) {
    pass(Duration::from_millis(ms)).await;
}
