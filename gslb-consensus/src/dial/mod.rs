//! Calls to other nodes, as all that make them begin: HTTP/2 over mutual TLS.
//!
//! ```text
//! raft (log, votes, snapshots)  --+
//!                                 +--> builder: this node's certificate, names by a book of their own
//! follow (feed, place files)    --+
//! ```

mod causes;
mod client;

pub use causes::with_causes;
pub(crate) use client::{Patience, builder};
