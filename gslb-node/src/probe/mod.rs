//! Probes: every node checks every endpoint and reports what it finds when that changes.
//!
//! ```text
//! state watch --> targets --> scheduler --(one task a target)--> check --> observation
//!                                                                             |
//!   ReportHealth <-- reporter <-- board (own verdicts) <-- edge <-- verdict <--+
//! ```
//!
//! A **target** is an endpoint and how it is probed. The **verdict** is what this vantage holds of it
//! after rise and fall. The **board** has the own verdicts; the **reporter** brings the agreed votes
//! in line with it, whatever happens in between: errors, expiry, a change of the configuration.
//! Nothing here waits for a leader: probes go on, and only the reports queue up as one difference.

mod board;
mod check;
mod jitter;
mod observation;
mod reporter;
#[cfg(test)]
mod reporter_tests;
mod scheduler;
mod target;
mod tls;
mod verdict;

pub use board::Board;
pub use check::Prober;
pub use observation::Observation;
pub use reporter::{Reporter, Sink, SinkError};
pub use scheduler::{Scheduler, Watcher};
pub use target::{Target, targets};
pub use tls::TrustError;
pub use verdict::{Phase, Verdict};

#[cfg(test)]
mod https_tests;
