//! Work that blocks, kept away from the threads that keep Raft's time.
//!
//! On a runtime of one thread there is no other to go to: the work is done where it is asked for. That
//! is how a simulation runs, whose clock must not move on while a file is read.

use std::io;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{block_in_place, spawn_blocking};

/// Does work on files here, after other tasks of this thread have gone elsewhere.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    if is_alone() { work() } else { block_in_place(work) }
}

/// Does work on files on another thread.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if is_alone() { work() } else { spawn_blocking(work).await.map_err(io::Error::other)? }
}

/// Whether the runtime has this thread and no other.
fn is_alone() -> bool {
    Handle::try_current().is_ok_and(|one| one.runtime_flavor() == RuntimeFlavor::CurrentThread)
}
