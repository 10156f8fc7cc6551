//! The writer of the log as a task, for a simulation: it works on the clock of the others.
//!
//! A thread would not do: simulated time moves on while nobody but a thread has something to do.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::writer::{COMMITTED_LINGER, Desk, Job};
use crate::raft::simulation::Disk;

/// A desk whose work is done by a task, batch by batch, as slowly as its disk is.
pub(super) struct Inline {
    desk: Mutex<Option<(Desk, Receiver<Job>)>>,
    wake: Notify,
}

impl Inline {
    /// Starts the task.
    pub(super) fn start(desk: Desk, jobs: Receiver<Job>, disk: Arc<dyn Disk>) -> Arc<Self> {
        let inline = Arc::new(Self { desk: Mutex::new(Some((desk, jobs))), wake: Notify::new() });
        tokio::spawn(Arc::clone(&inline).run(disk));
        inline
    }

    /// Says that a job waits.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Does what is queued and closes the log, if that has not been done.
    pub(super) fn close(&self) {
        while self.work() {}
    }

    async fn run(self: Arc<Self>, disk: Arc<dyn Disk>) {
        loop {
            let lingers = self.lingers();
            let woken = match lingers {
                None => return,
                Some(true) => timeout(COMMITTED_LINGER, self.wake.notified()).await.is_ok(),
                Some(false) => {
                    self.wake.notified().await;
                    true
                }
            };
            // What arrives while the disk is busy goes into the same commit.
            let delay = disk.delay();
            if woken && !delay.is_zero() {
                sleep(delay).await;
            }
            self.work();
        }
    }

    /// Whether a committed index waits for another change; none: the log is closed.
    fn lingers(&self) -> Option<bool> {
        let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.as_ref().map(|(desk, _)| desk.lingers())
    }

    /// Does all that is queued; whether the log is open still.
    fn work(&self) -> bool {
        let mut place = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((desk, jobs)) = place.as_mut() else { return false };
        let mut next = jobs.try_recv().ok();
        loop {
            if !desk.turn(next, jobs) {
                *place = None;
                return false;
            }
            match jobs.try_recv() {
                Ok(job) => next = Some(job),
                Err(_) => return true,
            }
        }
    }
}
