//! Log, snapshots and state machine together: openraft's own suite, and what a disk may do.

use std::io;
use std::path::Path;
use std::sync::Arc;

use openraft::storage::{RaftLogReader, RaftLogStorage, RaftLogStorageExt, RaftStateMachine};
use openraft::testing::log::{StoreBuilder, Suite};
use openraft::{EntryPayload, ErrorSubject, ErrorVerb, StorageError};
use tempfile::TempDir;
use tokio::sync::watch;

use super::disk_pace::Stopwatch;
use super::machine::StateMachine;
use super::snapshot::{SnapshotFile, SnapshotFolder};
use super::store::{Folder, LogStore, OpenError};
use super::types::{Entry, LeaderId, LogId, Proposal, SnapshotMeta, TypeConfig, Vote};
use super::view::View;
use crate::identity::{Authority, Identity};
use crate::state::State;

/// The identity of a node, made in a folder of its own.
pub(super) fn identity(dir: &Path, authority: &Authority, id: u64) -> Identity {
    let folder = dir.join(format!("identity-{id}"));
    authority.issue_node(id, &format!("node-{id}"), id == 1, &[]).unwrap().save(&folder).unwrap();
    Identity::load(&folder).unwrap()
}

/// A watch for a disk that may take a second.
pub(super) fn stopwatch() -> Arc<Stopwatch> {
    Arc::new(Stopwatch::new(std::time::Duration::from_secs(1)))
}

/// A data folder of node 1, and who node 1 is.
struct Disk {
    dir: TempDir,
    identity: Identity,
}

impl Disk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let identity = identity(dir.path(), &Authority::create("test").unwrap(), 1);
        Self { dir, identity }
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn open(&self) -> Result<(Folder, LogStore), OpenError> {
        let folder = Folder::open(&self.data(), &self.identity)?;
        let store = LogStore::open(&folder, &stopwatch())?;
        Ok((folder, store))
    }

    fn refused(&self) -> OpenError {
        match self.open() {
            Ok(_) => panic!("the store was accepted"),
            Err(error) => error,
        }
    }
}

pub(super) fn log_id(term: u64, index: u64) -> LogId {
    LogId { leader_id: LeaderId { term, node_id: 1 }, index }
}

pub(super) fn entry(term: u64, index: u64) -> Entry {
    let payload = EntryPayload::Normal(Proposal(format!("command {index}").into_bytes().into()));
    Entry { log_id: log_id(term, index), payload }
}

pub(super) fn vote(term: u64) -> Vote {
    Vote { leader_id: LeaderId { term, node_id: 1 }, committed: true }
}

/// Builds the stores that openraft's suite tries.
struct Builder;

impl StoreBuilder<TypeConfig, LogStore, StateMachine, Disk> for Builder {
    async fn build(&self) -> Result<(Disk, LogStore, StateMachine), StorageError<TypeConfig>> {
        let disk = Disk::new();
        let fail = |error: io::Error| {
            StorageError::from_io_error(ErrorSubject::Store, ErrorVerb::Read, error)
        };
        let (folder, store) =
            disk.open().map_err(|error| fail(io::Error::other(error.to_string())))?;
        let snapshots = SnapshotFolder::open(folder.snapshots()).map_err(fail)?;
        let (_, closing) = watch::channel(false);
        let machine = StateMachine::open(Arc::new(snapshots), Arc::new(View::new()), closing)
            .map_err(fail)?;
        Ok((disk, store, machine))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_pass_the_suite_of_openraft() {
    Suite::<TypeConfig, LogStore, StateMachine, Builder, Disk>::test_all(Builder).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_log_holds_all_that_was_written() {
    let disk = Disk::new();
    let (folder, mut store) = disk.open().unwrap();
    store.save_vote(&vote(2)).await.unwrap();
    store.blocking_append((0..20).map(|index| entry(1, index))).await.unwrap();
    store.truncate_after(Some(log_id(1, 14))).await.unwrap();
    store.blocking_append([entry(2, 15), entry(2, 16)]).await.unwrap();
    store.purge(log_id(1, 4)).await.unwrap();
    store.save_committed(Some(log_id(2, 15))).await.unwrap();
    store.close();
    drop((folder, store));

    let (_folder, mut store) = disk.open().unwrap();
    assert_eq!(store.read_vote().await.unwrap(), Some(vote(2)));
    assert_eq!(store.read_committed().await.unwrap(), Some(log_id(2, 15)));
    let state = store.get_log_state().await.unwrap();
    assert_eq!(state.last_purged_log_id, Some(log_id(1, 4)));
    assert_eq!(state.last_log_id, Some(log_id(2, 16)));
    let mut wanted: Vec<Entry> = (5..15).map(|index| entry(1, index)).collect();
    wanted.extend([entry(2, 15), entry(2, 16)]);
    assert_eq!(store.try_get_log_entries(..).await.unwrap(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_leaves_a_hole_is_refused() {
    let disk = Disk::new();
    let (_folder, mut store) = disk.open().unwrap();
    store.blocking_append([entry(1, 0), entry(1, 1)]).await.unwrap();
    let error = store.blocking_append([entry(1, 3)]).await.unwrap_err();
    assert!(error.to_string().contains("entry 3 does not follow"), "{error}");
}

#[test]
fn a_second_process_is_kept_out_until_the_first_has_closed() {
    let disk = Disk::new();
    let (folder, store) = disk.open().unwrap();
    assert!(matches!(disk.refused(), OpenError::Locked { .. }));
    store.close();
    drop((folder, store));
    disk.open().unwrap();
}

#[test]
fn a_log_that_is_gone_is_refused_and_not_begun_anew() {
    let disk = Disk::new();
    let (folder, store) = disk.open().unwrap();
    store.close();
    drop((folder, store));
    std::fs::remove_file(disk.data().join("log.redb")).unwrap();
    let error = disk.refused();
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("quarantined"), "{error}");
    // Nor is one that was emptied.
    std::fs::write(disk.data().join("log.redb"), b"").unwrap();
    assert!(matches!(disk.refused(), OpenError::Missing { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_the_log_is_refused() {
    let disk = Disk::new();
    let (folder, mut store) = disk.open().unwrap();
    store.save_vote(&vote(1)).await.unwrap();
    store.close();
    drop((folder, store));
    let log = disk.data().join("log.redb");
    let old = std::fs::read(&log).unwrap();

    let (folder, mut store) = disk.open().unwrap();
    store.save_vote(&vote(2)).await.unwrap();
    store.close();
    drop((folder, store));
    std::fs::write(&log, old).unwrap();
    let error = disk.refused();
    assert!(matches!(error, OpenError::Older { .. }), "{error}");
    assert!(error.to_string().contains("term 1"), "{error}");
}

#[test]
fn the_folder_of_another_node_or_cluster_is_refused() {
    let disk = Disk::new();
    let (folder, store) = disk.open().unwrap();
    store.close();
    drop((folder, store));
    let other = identity(disk.dir.path(), &Authority::create("test").unwrap(), 2);
    let Err(error) = Folder::open(&disk.data(), &other) else {
        panic!("the folder was accepted");
    };
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_the_middle_of_the_log_is_found_and_named() {
    let disk = Disk::new();
    let (folder, mut store) = disk.open().unwrap();
    store.blocking_append((0..50).map(|index| entry(1, index))).await.unwrap();
    store.close();
    drop((folder, store));
    let path = disk.data().join("log.redb");
    let mut bytes = std::fs::read(&path).unwrap();
    let needle = b"command 25";
    let hits: Vec<usize> =
        (0..bytes.len() - needle.len()).filter(|at| bytes[*at..].starts_with(needle)).collect();
    assert!(!hits.is_empty());
    for at in hits {
        bytes[at] ^= 1;
    }
    std::fs::write(&path, bytes).unwrap();
    let error = disk.refused();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_snapshot_is_never_installed() {
    let disk = Disk::new();
    let (folder, _store) = disk.open().unwrap();
    let snapshots = Arc::new(SnapshotFolder::open(folder.snapshots()).unwrap());
    let (_closing, closing) = watch::channel(false);
    let mut machine =
        StateMachine::open(Arc::clone(&snapshots), Arc::new(View::new()), closing).unwrap();
    let meta = SnapshotMeta { last_log_id: Some(log_id(1, 9)), ..SnapshotMeta::default() };
    let whole = snapshots.write(&meta, &State { index: 9, ..State::default() }).unwrap();
    let bytes = std::fs::read(&whole.path).unwrap();
    std::fs::remove_file(&whole.path).unwrap();
    let received = SnapshotFile { path: snapshots.spool_path() };
    for end in 0..bytes.len() {
        std::fs::write(&received.path, &bytes[..end]).unwrap();
        machine.install_snapshot(&meta, received.clone()).await.unwrap_err();
        assert!(received.read_meta().is_err(), "turned away before Raft hears of it");
    }
    // Nor is one that is whole, but not the one that was announced.
    std::fs::write(&received.path, &bytes).unwrap();
    let other = SnapshotMeta { last_log_id: Some(log_id(1, 8)), ..SnapshotMeta::default() };
    machine.install_snapshot(&other, received.clone()).await.unwrap_err();
    assert_eq!(machine.applied(), None);
    assert!(snapshots.newest().unwrap().is_none());
    machine.install_snapshot(&meta, received).await.unwrap();
    assert_eq!(machine.applied(), meta.last_log_id);
}
