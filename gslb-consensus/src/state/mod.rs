//! What the nodes agree on while they run, and how a command changes it.
//!
//! ```text
//! Envelope (who, when, once) --> apply(&mut State, index, ..) --> Reply
//!                                   |  rights: may the caller do this?
//!   config, runtime weights, overrides, votes --> agreed health, nodes, roster, access, audit
//!                                   |
//!                 effective: what of an endpoint counts now, and why
//! ```
//!
//! `apply` is deterministic: it reads no clock, random source, float or unordered map. Time is agreed:
//! each envelope carries the leader's stamp, and the state keeps the largest seen. Every accepted command
//! of an operator, every change of the nodes and every end by time is a record of [`audit`]; what nodes
//! report of health is none.

pub mod access;
pub mod apply;
pub mod audit;
pub mod caller;
pub mod command;
pub mod document_change;
pub mod effective;
pub mod envelope;
pub mod generation;
pub mod guarded;
pub mod health;
pub mod joining;
pub mod node_record;
pub mod observer_record;
pub mod overrides;
pub mod reply;
pub mod revision;
pub mod roster;
pub mod session;
pub mod snapshot;
pub mod weights;

mod agreed;
mod difference;
mod restore;
mod rights;
mod snapshot_v1;
mod snapshot_v2;
mod snapshot_v3;
mod touched;

pub use access::{Access, Grant, Role, Token, User};
pub use agreed::State;
pub use audit::{Audit, AuditEntry, AuditHash};
pub use caller::{Caller, Proof};
pub use command::Command;
pub use effective::{EndpointState, Why};
pub use envelope::{Envelope, UnknownFormat};
pub use generation::Generation;
pub use guarded::Guarded;
pub use health::{Health, Report, Vantage, Vote};
pub use joining::{Granted, Invite, Joining, SealedIssuer, Spent};
pub use node_record::NodeRecord;
pub use observer_record::ObserverRecord;
pub use overrides::{Override, OverrideKind, OverrideTarget};
pub use reply::{RefusalCode, Reply};
pub use revision::Revision;
pub use roster::{Roster, Seat};
pub use weights::RuntimeWeight;

#[cfg(test)]
mod joining_tests;
#[cfg(test)]
mod rights_tests;
#[cfg(test)]
mod roster_tests;
#[cfg(test)]
mod tests;
