//! Puts a backup into a data folder: the node goes on from it alone, in a higher history.
//!
//! ```text
//!  backup + identity --> data/restoring/: snapshot, log, data.toml (a new folder id)
//!  data/*            --> data/before-H/             nothing is deleted
//!  data/restoring/*  --> data/, data.toml last      until then no node starts here
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::snapshot::SnapshotFolder;
use super::store::{Folder, OpenError, write_restored};
use super::types::{Dial, LeaderId, LogId, Membership, SnapshotMeta, StoredMembership};
use crate::backup::Backup;
use crate::identity::Identity;
use crate::state::{NodeRecord, Revision};

/// The term that a restored log begins with.
const TERM: u64 = 1;

/// The files that a node works with; `data.toml` is the last to come, for it says that all is there.
const FILES: [&str; 3] = ["snapshots", "log.redb", "data.toml"];

/// What is to be restored, and where.
pub struct Restore<'a> {
    /// The data folder of a node that does not run.
    pub data_dir: &'a Path,
    /// Who the node is.
    pub identity: &'a Identity,
    /// Where the others reach it.
    pub record: NodeRecord,
    /// What it is to go on from.
    pub backup: Backup,
    /// Start above this history, if one is known that is higher than that of backup and folder.
    pub above: u32,
    /// Whether somebody confirmed that the cluster that was is given up.
    pub gives_up: bool,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The revision that the node goes on from.
    pub revision: Revision,
    /// Where what was in the data folder lies now.
    pub before: Option<PathBuf>,
}

/// Why nothing was restored.
#[derive(Debug)]
pub enum RestoreError {
    /// The node has worked before, or is not the one that begins a cluster: what the cluster has
    /// agreed on since the backup would be given up.
    NeedsConfirmation,
    /// The data folder cannot be used.
    Open(OpenError),
    /// The system refused a file operation.
    File(PathBuf, io::Error),
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsConfirmation => f.write_str(
                "this node belongs to a cluster that has begun: restoring gives up what it has \
                 agreed on since the backup, and that has to be confirmed",
            ),
            Self::Open(error) => error.fmt(f),
            Self::File(path, source) => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for RestoreError {}

impl From<OpenError> for RestoreError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

/// Puts a backup into a data folder.
///
/// # Errors
/// The node runs, the cluster has begun and nobody confirmed, or a file cannot be written. What was
/// there is then still there, under `before-H` if it was moved already.
pub fn restore(ask: Restore<'_>) -> Result<Restored, RestoreError> {
    let dir = ask.data_dir;
    fs::create_dir_all(dir).map_err(|error| RestoreError::File(dir.to_path_buf(), error))?;
    let _lock = lock(dir)?;
    let used = FILES.iter().any(|name| dir.join(name).exists());
    let has_begun = used || ask.identity.has_founded() || !ask.identity.founder;
    if has_begun && !ask.gives_up {
        return Err(RestoreError::NeedsConfirmation);
    }
    let history = ask.backup.state.history.max(ask.above).max(history_of(dir)) + 1;
    let (id, index) = (ask.identity.node_id, ask.backup.state.index);
    let work = dir.join("restoring");
    let file = |error| RestoreError::File(work.clone(), error);
    if work.exists() {
        fs::remove_dir_all(&work).map_err(file)?;
    }
    write(&work, &ask, history)?;
    let before = if used { Some(set_aside(dir, history)?) } else { None };
    // A founder that has begun once starts nothing anew if its data is lost again.
    ask.identity.set_founded().map_err(|error| {
        RestoreError::File(dir.to_path_buf(), io::Error::other(error.to_string()))
    })?;
    for name in FILES {
        move_in(&work.join(name), &dir.join(name))?;
    }
    fs::remove_dir_all(&work).map_err(file)?;
    tracing::info!(id, history, index, "restored");
    Ok(Restored { revision: Revision { history, index }, before })
}

/// Locks the folder against a node.
fn lock(dir: &Path) -> Result<File, RestoreError> {
    let path = dir.join("LOCK");
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = open.map_err(|error| RestoreError::File(path.clone(), error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => {
            Err(OpenError::Locked { folder: dir.to_path_buf() }.into())
        }
        Err(fs::TryLockError::Error(error)) => Err(RestoreError::File(path, error)),
    }
}

/// The history of what is in the folder, or was before an earlier restore; 0 if that cannot be read.
fn history_of(dir: &Path) -> u32 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let earlier = entries.filter_map(|entry| {
        entry.file_name().to_str()?.strip_prefix("before-")?.parse::<u32>().ok()
    });
    // What is set aside as `before-H` made place for history H.
    let restored = earlier.max().unwrap_or(0);
    let snapshots = SnapshotFolder::look(dir.join("snapshots"));
    let newest = snapshots.newest().ok().flatten().map_or(0, |(_, state, _)| state.history);
    newest.max(restored)
}

/// Writes the new folder.
fn write(work: &Path, ask: &Restore<'_>, history: u32) -> Result<(), RestoreError> {
    let file = |error| RestoreError::File(work.to_path_buf(), error);
    let folder = Folder::open(work, ask.identity)?;
    let id = ask.identity.node_id;
    let leader_id = LeaderId { term: TERM, node_id: id };
    let last = LogId { leader_id, index: ask.backup.state.index };
    let dial = Dial { raft: ask.record.raft.clone(), data_uuid: folder.data_uuid().to_owned() };
    let membership = Membership::new(vec![[id].into()], BTreeMap::from([(id, dial)]))
        .map_err(|error| file(io::Error::other(error.to_string())))?;
    let meta = SnapshotMeta {
        last_log_id: Some(last),
        last_membership: StoredMembership::new(Some(last), membership),
    };
    let state = ask.backup.state.clone().restored(history, id, ask.record.clone());
    let snapshots = SnapshotFolder::open(folder.snapshots()).map_err(file)?;
    snapshots.write(&meta, &state).map_err(file)?;
    write_restored(&folder, last)?;
    Ok(())
}

/// Moves what is in the folder into a folder of its own.
fn set_aside(dir: &Path, history: u32) -> Result<PathBuf, RestoreError> {
    let before = dir.join(format!("before-{history}"));
    fs::create_dir(&before).map_err(|error| RestoreError::File(before.clone(), error))?;
    // `data.toml` goes first: without it no node takes the rest for its own.
    for name in FILES.iter().rev() {
        let from = dir.join(name);
        if from.exists() {
            move_in(&from, &before.join(name))?;
        }
    }
    Ok(before)
}

/// Renames, and makes that durable.
fn move_in(from: &Path, to: &Path) -> Result<(), RestoreError> {
    let moved = fs::rename(from, to).and_then(|()| match to.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    });
    moved.map_err(|error| RestoreError::File(to.to_path_buf(), error))
}
