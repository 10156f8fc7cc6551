//! A backup: one agreed state in one file, which says what it is and proves that it is whole.
//!
//! ```text
//! "GSLBBAK1" | about length u32 | about (TOML) | state length u64 | State::encode() | SHA-256 of all before
//! ```
//!
//! A backup holds what the nodes agree on and nothing else: no key, no certificate, no vote, no log.
//! Whoever restores it brings the identity of the node that it is to live on. `raft::restore` does that.

mod error;
mod file;

pub use error::BackupError;
pub use file::{About, Backup};
