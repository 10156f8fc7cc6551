//! What openraft sees of the log.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};
use openraft::{EntryPayload, OptionalSend};
use tokio::sync::oneshot;

use super::OpenError;
use super::database::{Change, Contents, Database};
use super::folder::Folder;
use super::writer::{Done, Writer};
use crate::raft::disk_pace::Stopwatch;
use crate::raft::types::{Entry, LogId, TypeConfig, Vote};

/// Most bytes of commands that one message to a follower carries.
const MESSAGE_BYTES: usize = 1 << 20;

/// The log: reads come from memory, changes go through the writer.
#[derive(Clone)]
pub(crate) struct LogStore {
    contents: Arc<RwLock<Contents>>,
    writer: Arc<Writer>,
}

impl LogStore {
    /// Opens the log of a folder, whole and checked; `watch` takes the time of every write.
    pub(crate) fn open(folder: &Folder, watch: &Arc<Stopwatch>) -> Result<Self, OpenError> {
        let (database, contents) = Database::open(folder)?;
        let (mark, watch) = (folder.mark(), Arc::clone(watch));
        let writer = match folder.disk() {
            Some(disk) => Writer::start_on(disk, database, mark, watch),
            None => Writer::start(database, mark, watch)
                .map_err(|source| OpenError::File { path: folder.log_path(), source })?,
        };
        Ok(Self { contents: Arc::new(RwLock::new(contents)), writer: Arc::new(writer) })
    }

    /// Whether the node has never voted nor received an entry.
    pub(crate) fn is_new(&self) -> bool {
        let contents = self.read();
        contents.vote.is_none() && contents.entries.is_empty() && contents.purged.is_none()
    }

    /// Bytes of the commands up to an index.
    pub(crate) fn command_bytes(&self, upto: u64) -> u64 {
        let contents = self.read();
        let entries = contents.entries.range(..=upto).map(|(_, entry)| command_len(entry));
        entries.fold(0, |sum, length| sum + length as u64)
    }

    /// How far the log is purged, its last index, and its entries from an index on.
    pub(crate) fn lines(&self, from: u64) -> (Option<LogId>, Option<u64>, Vec<Entry>) {
        let contents = self.read();
        let last = contents.entries.last_key_value().map(|(index, _)| *index);
        let entries = contents.entries.range(from..).map(|(_, entry)| entry.clone()).collect();
        (contents.purged, last, entries)
    }

    /// Makes the file as small as what it holds.
    pub(crate) async fn compact(&self) -> io::Result<()> {
        let (sender, receiver) = oneshot::channel();
        self.writer.compact(sender)?;
        receiver.await.map_err(|_| io::Error::other("the writer of the log is gone"))?
    }

    /// Writes what is queued and closes the file; blocks until that is done.
    pub(crate) fn close(&self) {
        self.writer.close();
    }

    /// Lets every later write fail.
    #[cfg(test)]
    pub(crate) fn fail_from_now_on(&self) {
        self.writer.fail_from_now_on();
    }

    fn read(&self) -> RwLockReadGuard<'_, Contents> {
        self.contents.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Contents> {
        self.contents.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a change and waits until it is on disk.
    async fn write(&self, change: Change) -> io::Result<()> {
        let (sender, receiver) = oneshot::channel();
        self.writer.write(change, Done::Reply(sender))?;
        receiver.await.map_err(|_| io::Error::other("the writer of the log is gone"))?
    }
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> io::Result<Vec<Entry>> {
        let contents = self.read();
        if is_empty(&range) {
            return Ok(Vec::new());
        }
        Ok(contents.entries.range(range).map(|(_, entry)| entry.clone()).collect())
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.read().vote)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        let contents = self.read();
        let mut bytes = 0;
        let mut given = Vec::new();
        if start >= end {
            return Ok(given);
        }
        for entry in contents.entries.range(start..end).map(|(_, entry)| entry) {
            bytes += command_len(entry);
            if bytes > MESSAGE_BYTES && !given.is_empty() {
                break;
            }
            given.push(entry.clone());
        }
        Ok(given)
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<TypeConfig>> {
        let contents = self.read();
        let last = contents.entries.last_key_value().map(|(_, entry)| entry.log_id);
        Ok(LogState { last_purged_log_id: contents.purged, last_log_id: last.or(contents.purged) })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        self.write(Change::Vote(*vote)).await?;
        self.change().vote = Some(*vote);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        self.change().committed = committed;
        self.writer.committed(committed)
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.read().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        {
            let mut contents = self.change();
            for entry in &entries {
                let last = contents.entries.last_key_value().map(|(_, entry)| entry.log_id);
                let next = last.or(contents.purged).map(|id| id.index + 1);
                let index = entry.log_id.index;
                // A hole would be read as a shorter log later: fail here, where it is made.
                if next.is_some_and(|next| next != index) {
                    let why =
                        format!("entry {index} does not follow the log, which ends at {last:?}");
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
                }
                contents.entries.insert(index, entry.clone());
            }
        }
        self.writer.write(Change::Append(entries), Done::Flushed(callback))
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        let from = last.map_or(0, |id| id.index + 1);
        self.change().entries.split_off(&from);
        self.write(Change::TruncateFrom(from)).await
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        {
            let mut contents = self.change();
            contents.entries = contents.entries.split_off(&(upto.index + 1));
            contents.purged = Some(upto);
        }
        self.write(Change::Purge(upto)).await
    }
}

/// Length of the command of an entry, bytes.
fn command_len(entry: &Entry) -> usize {
    match &entry.payload {
        EntryPayload::Normal(proposal) => proposal.0.len(),
        _ => 0,
    }
}

/// Whether a range holds nothing, which `BTreeMap::range` would panic upon.
fn is_empty(range: &impl RangeBounds<u64>) -> bool {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(start) => start.saturating_add(1),
        Bound::Unbounded => 0,
    };
    match range.end_bound() {
        Bound::Included(end) => start > *end,
        Bound::Excluded(end) => start >= *end,
        Bound::Unbounded => false,
    }
}
