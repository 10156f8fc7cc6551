//! All of the audit trail, in files of this node's data folder.
//!
//! ```text
//!  applied state --> follow --> writer --> audit/00000001.jsonl  00000002.jsonl ...
//!                                             |   a head line, then one record a line, synced
//!                     newest, verify <--------+   8 MiB at most, then the next; never rewritten
//! ```
//!
//! The records come from the state that every node applies, so that all nodes hold the same ones. A
//! record that a crash took from the end of a file is in the state still and is written again. A node
//! that joined late begins with the oldest record of the state that it was given; one that was away for
//! more than the state holds lacks the records between, and [`Trail::verify`] says which.

mod line;
mod read;
mod trail_handle;
mod verify;
mod writer;

pub use trail_handle::Trail;
pub use verify::{Broken, Verdict};

#[cfg(test)]
mod tests;
