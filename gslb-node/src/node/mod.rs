//! One running node: which parts it has, in which order they start, and how they end.
//!
//! ```text
//! identity -> sockets -> place data -> cluster -> rebuild -> DNS (once there is state)
//!                                        |  `-> probes -> reports
//!                                        `----> API
//! ```
//!
//! [`Center`] lists every part. The parts know each other by channels only: the agreed state, the
//! place data and the serving set are watched, never asked for, so that none can hold up another.

mod backups;
mod center;
mod certificates;
mod dns;
mod file_mark;
mod freshness;
mod gate;
mod insight;
mod observing;
mod place_feed;
mod place_files;
mod place_report;
mod rebuild;
mod renewal;
mod reports;
mod scrape;
mod signals;
mod sockets;
mod start_error;

pub use crate::serve::keep_no_large_blocks;
pub use center::Center;
pub use start_error::StartError;
