//! The same node on a network, disk and clock that a test makes.
//!
//! ```text
//!   start ---> Cluster (the real one: log, state machine, snapshots, supervisor, tasks of the leader)
//!                |   \
//!     Post <-----+    +----> Disk     instead of HTTP over TLS, and of a file
//!      |  a Call                      (see `World`)
//!      v
//!   Routes of the other node           look ---> Sight: what it holds, for invariants
//! ```
//!
//! Hidden from the documentation and built always: what is simulated is the product itself, not a second
//! build of it with other features. It costs a node one branch a message and one a start.
//! The runtime has one thread and, as a rule, a paused clock: whatever blocks is done in place, so that
//! simulated time stands still meanwhile.

mod disk;
mod post;
mod sight;
mod start;

pub use disk::Disk;
pub use post::{Answer, Answering, Call, Lost, Post, Routes};
pub use sight::{Line, Sight, look};
pub use start::{World, crash, start};

pub(super) use disk::Backend;
pub(super) use post::bring;
