//! The handle on the files of the trail.

use super::verify::{Verdict, verify};
use super::{read, writer::Writer};
use crate::state::{Audit, AuditEntry, State};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// After records could not be written: how long until the next trial.
const AGAIN: Duration = Duration::from_secs(5);

/// How long checking and reading wait for the files to hold what the state holds.
const CATCH_UP: Duration = Duration::from_secs(5);

/// Most records that wait for a disk that does not take them; older ones are then missing in the files.
const WAITING_MAX: usize = 100_000;

/// The audit trail in the data folder of this node. Copies are the same trail.
#[derive(Clone)]
pub struct Trail {
    dir: PathBuf,
    writer: Arc<Mutex<Writer>>,
    /// Counts what was written, so that those who wait look again.
    written: watch::Sender<u64>,
}

impl Trail {
    /// Opens the trail in this folder, and makes it if it is not there.
    ///
    /// # Errors
    /// The folder cannot be read or made.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let writer = Writer::open(dir.to_path_buf())?;
        let (dir, writer) = (dir.to_path_buf(), Arc::new(Mutex::new(writer)));
        Ok(Self { dir, writer, written: watch::Sender::new(0) })
    }

    /// Writes the records of the applied state as they come, until the state's sender is gone.
    ///
    /// Taking them and writing them are apart, so that a slow disk lets none of them go by.
    pub async fn follow(self, mut states: watch::Receiver<Arc<State>>) {
        let (records, arriving) = channel();
        // Ends by itself once nobody can send any more.
        drop(spawn_blocking(move || self.write_what_arrives(&arriving)));
        let mut seen = (0, 0, 0);
        loop {
            let audit = Arc::clone(&states.borrow_and_update().audit);
            for entry in audit.after(0).cloned() {
                if entry.place() <= seen {
                    continue;
                }
                seen = entry.place();
                if records.send(entry).is_err() {
                    return;
                }
            }
            if states.changed().await.is_err() {
                return;
            }
        }
    }

    /// Writes all that has arrived at once; what the disk does not take waits and is tried again.
    fn write_what_arrives(&self, arriving: &Receiver<Arc<AuditEntry>>) {
        let mut waiting: Vec<Arc<AuditEntry>> = Vec::new();
        let mut failing = false;
        loop {
            let (first, is_last) = if waiting.is_empty() {
                match arriving.recv() {
                    Ok(entry) => (Some(entry), false),
                    Err(_) => return,
                }
            } else {
                match arriving.recv_timeout(AGAIN) {
                    Ok(entry) => (Some(entry), false),
                    Err(error) => (None, error == RecvTimeoutError::Disconnected),
                }
            };
            waiting.extend(first.into_iter().chain(arriving.try_iter()));
            let surplus = waiting.len().saturating_sub(WAITING_MAX);
            waiting.drain(..surplus);
            // Let go of before the news: who waits for them looks at the writer meanwhile.
            let done = self.writer.lock().unwrap_or_else(PoisonError::into_inner).append(&waiting);
            match done {
                Ok(()) => {
                    waiting.clear();
                    failing = false;
                    self.written.send_modify(|count| *count += 1);
                }
                Err(error) => {
                    if !failing {
                        tracing::error!(%error, "the audit trail cannot be written; trying again");
                    }
                    failing = true;
                }
            }
            if is_last {
                return;
            }
        }
    }

    /// Waits until the files hold the newest record of `audit`, but not for long.
    async fn caught_up(&self, audit: &Audit) {
        let Some(newest) = audit.after(0).last() else { return };
        let holds = || self.writer.lock().unwrap_or_else(PoisonError::into_inner).holds(newest);
        let mut written = self.written.subscribe();
        let _ = timeout(CATCH_UP, written.wait_for(|_| holds())).await;
    }

    /// Recomputes every hash and link, in the files and in the state, and compares them.
    ///
    /// # Errors
    /// The files cannot be read.
    pub async fn verify(&self, audit: Arc<Audit>) -> io::Result<Verdict> {
        self.caught_up(&audit).await;
        let dir = self.dir.clone();
        spawn_blocking(move || verify(&dir, &audit)).await.map_err(io::Error::other)?
    }

    /// The newest records of the files that were made at `since_ms` or later, oldest first.
    ///
    /// # Errors
    /// The files cannot be read.
    pub async fn newest(&self, since_ms: u64, limit: usize) -> io::Result<Vec<AuditEntry>> {
        let dir = self.dir.clone();
        let read = move || read::newest(&dir, since_ms, limit);
        spawn_blocking(read).await.map_err(io::Error::other)?
    }
}
