//! The operators' API, under /v1, on its own listener with mutual TLS.
//!
//! ```text
//! socket -> listener (handshake, limits) -> identify (who, role, how often) -> handlers -> Cluster
//!                                                                    |         |
//!                                          what a node says of itself: report   roll (when each was heard)
//! ```
//!
//! [`shape`] has the JSON of every answer; `gslbctl` reads the same types. [`Api`] is what a node gives
//! the routes. Who asks shows a certificate of the cluster or a bearer token ([`token`]), and needs a role:
//! every role reads, and what a change needs is looked up here first and decided when it applies. Nodes
//! may only read. Only `/livez` and `/readyz` answer everybody. A caller that sends the headers
//! `gslb-client` and `gslb-seq` may retry: the same pair never applies twice.
//!
//! Reads are local to the node that is asked, and as old as `age_ms` says; `?consistency=linearizable`
//! asks the leader first, and fails without a quorum. `/v1/status` and `/v1/wait` ask all nodes.

pub mod api;
pub mod error;
pub mod listener;
pub mod routes;
pub mod shape;
pub mod token;

mod backup;
mod caller;
mod diff;
mod handlers;
mod identify;
mod input;
mod issuing;
mod limits;
mod observers;
mod rates;
mod read;
mod reasons;
mod report;
mod roll;

#[cfg(test)]
mod access_tests;
#[cfg(test)]
pub(crate) mod lab;
#[cfg(test)]
mod tests;

pub use api::{Api, ApiParts, ApiSlot, Insight};
pub use backup::backup_of;
pub use listener::{serve_plain, serve_tls};
pub use routes::{operator_routes, peer_routes, probe_routes};
