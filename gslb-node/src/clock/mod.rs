//! The clocks of the node, and the only place that reads them.
//!
//! ```text
//! now      monotonic: intervals, deadlines, ages; follows tokio's paused time in tests
//! unix_ms  wall clock: stamps for people and for the leader's agreed time
//! ```

mod read;

pub use read::{now, unix_ms};
