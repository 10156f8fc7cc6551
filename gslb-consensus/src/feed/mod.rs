//! What an observer is told: of the agreed state all that answers follow from, and nothing else.
//!
//! ```text
//! State (a member's) --[Difference]--> Objects, Commit --[Frame]--> stream --[Frames]--> Assembly
//!                                                                                          |
//!   Serving: the state without users, tokens, votes, audit, sessions; its Sum  <-----------+
//! ```
//!
//! **Object**: one thing that answers follow from: a zone, a region, a weight, a health. **Sum**: a hash
//! over all objects that moves with each of them, so that both ends compare whole states at the cost of
//! what changed. **Full**: all objects; **delta**: those that changed; **beat**: each second, where the
//! sender is and how long ago it knew of a quorum. A sum that differs, or a gap, asks for a full.
//!
//! Nothing here reads a clock, a socket or a file: the same frames give the same state.

mod assembly;
mod difference;
mod frame;
mod mark;
mod object;
mod serving;
mod sum;
mod version;

pub use assembly::{Assembly, FeedFault, Got};
pub use difference::Difference;
pub use frame::{Beat, Frame, Frames, Hello, PlaceFile, Places, Station};
pub use mark::Mark;
pub use object::{Key, Object};
pub use serving::Serving;
pub use sum::Sum;
pub use version::{VERSIONS, Versions};

#[cfg(test)]
mod tests;
