//! What the node says of itself: logs by tracing, metrics for Prometheus.
//!
//! ```text
//! tracing events ------> log      a line for people, or one JSON object
//! probes, compilation -> Metrics  counted when they happen
//! all else ------------> Source   read at each scrape: the data path counts for itself only
//! ```
//!
//! Every metric starts with `gslb_`. Labels are bounded: by type, code, region and endpoint, never by
//! client or by name.

mod exposition;
mod log;
mod metrics;

pub use exposition::{Exposition, Labels, Source};
pub use log::{LogError, start_log};
pub use metrics::Metrics;
