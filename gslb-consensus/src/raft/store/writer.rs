//! The one thread that writes the log: it keeps the order and commits all that waits at once.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use openraft::storage::IOFlushed;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::database::{Change, Database};
use super::folder::Mark;
use super::inline::Inline;
use crate::raft::disk_pace::Stopwatch;
use crate::raft::simulation::Disk;
use crate::raft::types::{LogId, TypeConfig};

/// How long the committed index may wait for another change to be written with.
pub(super) const COMMITTED_LINGER: Duration = Duration::from_millis(50);

/// Most jobs of one commit.
const BATCH_JOBS: usize = 512;

/// Who is told when a change is on disk.
pub(super) enum Done {
    /// openraft's callback of an append.
    Flushed(IOFlushed<TypeConfig>),
    /// A caller that waits.
    Reply(oneshot::Sender<io::Result<()>>),
}

/// What the thread is asked to do.
pub(super) enum Job {
    Write(Change, Done),
    /// Remember it; written with the next change, or alone after a short while.
    Committed(Option<LogId>),
    /// Make the file as small as what it holds.
    Compact(oneshot::Sender<io::Result<()>>),
    Close,
    #[cfg(test)]
    Fail,
}

/// The way to the thread.
pub(super) struct Writer {
    jobs: Sender<Job>,
    worker: Worker,
}

/// Who does the work.
enum Worker {
    Thread(Mutex<Option<JoinHandle<()>>>),
    /// In a simulation.
    Task(Arc<Inline>),
}

impl Writer {
    /// Starts the thread, which owns the file from now on.
    pub(super) fn start(database: Database, mark: Mark, watch: Arc<Stopwatch>) -> io::Result<Self> {
        let (jobs, receiver) = channel();
        let desk = Desk { database, mark, watch, committed: None, broken: None };
        let thread = std::thread::Builder::new()
            .name("gslb-log".to_owned())
            .spawn(move || desk.run(&receiver))?;
        Ok(Self { jobs, worker: Worker::Thread(Mutex::new(Some(thread))) })
    }

    /// Starts a task instead of the thread, for a simulation.
    pub(super) fn start_on(
        disk: Arc<dyn Disk>,
        database: Database,
        mark: Mark,
        watch: Arc<Stopwatch>,
    ) -> Self {
        let (jobs, receiver) = channel();
        let desk = Desk { database, mark, watch, committed: None, broken: None };
        Self { jobs, worker: Worker::Task(Inline::start(desk, receiver, disk)) }
    }

    fn send(&self, job: Job) -> io::Result<()> {
        self.jobs.send(job).map_err(|_| closed())?;
        if let Worker::Task(task) = &self.worker {
            task.wake();
        }
        Ok(())
    }

    /// Queues a change; `done` is told once it is on disk, or why it is not.
    pub(super) fn write(&self, change: Change, done: Done) -> io::Result<()> {
        self.send(Job::Write(change, done))
    }

    /// Queues the committed index, which nobody waits for.
    pub(super) fn committed(&self, committed: Option<LogId>) -> io::Result<()> {
        self.send(Job::Committed(committed))
    }

    /// Queues that the file is made as small as what it holds.
    pub(super) fn compact(&self, done: oneshot::Sender<io::Result<()>>) -> io::Result<()> {
        self.send(Job::Compact(done))
    }

    /// Writes what is queued, closes the file and ends the thread.
    pub(super) fn close(&self) {
        let _ = self.send(Job::Close);
        match &self.worker {
            Worker::Thread(thread) => {
                let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(thread) = thread {
                    let _ = thread.join();
                }
            }
            Worker::Task(task) => task.close(),
        }
    }
}

/// What the thread works with.
pub(super) struct Desk {
    database: Database,
    mark: Mark,
    watch: Arc<Stopwatch>,
    committed: Option<Option<LogId>>,
    /// The first failure: after it nothing is written again, for a failed sync cannot be retried.
    broken: Option<String>,
}

impl Desk {
    /// Takes jobs until it is told to close or nobody is left to send one.
    fn run(mut self, jobs: &Receiver<Job>) {
        let mut open = true;
        while open {
            let first = if self.lingers() {
                match jobs.recv_timeout(COMMITTED_LINGER) {
                    Ok(job) => Some(job),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(Job::Close),
                }
            } else {
                Some(jobs.recv().unwrap_or(Job::Close))
            };
            open = self.turn(first, jobs);
        }
    }

    /// Whether a committed index waits for a change to be written with.
    pub(super) fn lingers(&self) -> bool {
        self.committed.is_some()
    }

    /// One commit of a job and what waits behind it, or of the committed index alone; whether the
    /// log stays open.
    pub(super) fn turn(&mut self, first: Option<Job>, jobs: &Receiver<Job>) -> bool {
        let (mut batch, mut smaller, mut open) = (Vec::new(), None, true);
        let alone = first.is_none();
        let mut next = first;
        while let Some(job) = next {
            match job {
                Job::Write(change, done) => batch.push((change, done)),
                Job::Committed(committed) => self.committed = Some(committed),
                Job::Compact(done) => {
                    smaller = Some(done);
                    break;
                }
                Job::Close => {
                    open = false;
                    break;
                }
                #[cfg(test)]
                Job::Fail => self.broken = Some("the disk is gone".to_owned()),
            }
            next = if batch.len() < BATCH_JOBS { jobs.try_recv().ok() } else { None };
        }
        if !batch.is_empty() || ((alone || !open) && self.committed.is_some()) {
            self.commit(batch);
        }
        if let Some(done) = smaller {
            let _ = done.send(self.compact());
        }
        open
    }

    /// Makes the file smaller. A failure is as final as that of a write: nobody knows what is there.
    fn compact(&mut self) -> io::Result<()> {
        if self.broken.is_none()
            && let Err(error) = self.database.compact()
        {
            tracing::error!(%error, "the log cannot be made smaller; Raft stops on this node");
            self.broken = Some(error.to_string());
        }
        self.broken.clone().map_or(Ok(()), |why| Err(io::Error::other(why)))
    }

    /// Makes a batch durable and tells everybody who waits, in the order of the jobs.
    fn commit(&mut self, batch: Vec<(Change, Done)>) {
        if self.broken.is_none() {
            self.watch.begin(Instant::now());
            let written = self.write(&batch);
            self.watch.end(Instant::now());
            if let Err(why) = written {
                tracing::error!(%why, "the log cannot be written; Raft stops on this node");
                self.broken = Some(why);
            }
        }
        for (_, done) in batch {
            let result = match &self.broken {
                None => Ok(()),
                Some(why) => Err(io::Error::other(why.clone())),
            };
            match done {
                Done::Flushed(callback) => callback.io_completed(result),
                Done::Reply(sender) => drop(sender.send(result)),
            }
        }
    }

    /// One commit of the file, then the marks beside it.
    fn write(&mut self, batch: &[(Change, Done)]) -> Result<(), String> {
        let committed = self.committed.take().map(Change::Committed);
        let changes = batch.iter().map(|(change, _)| change).chain(committed.as_ref());
        self.database.commit(changes).map_err(|error| error.to_string())?;
        let (mut term, mut below) = (None, None);
        for (change, _) in batch {
            match change {
                Change::Vote(vote) => term = Some(vote.leader_id.term),
                Change::Purge(upto) => below = Some(upto.index + 1),
                _ => {}
            }
        }
        self.mark.raise(term, below).map_err(|error| format!("data.toml: {error}"))
    }
}

/// The error of a store that has been closed.
fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the log is closed")
}

#[cfg(test)]
impl Writer {
    /// Lets everything from now on fail, as a disk does that has failed once.
    pub(super) fn fail_from_now_on(&self) {
        self.jobs.send(Job::Fail).unwrap();
    }
}
