//! Snapshots as files: written whole beside the old ones, checked whole when read.
//!
//! ```text
//! "GSLBSNP1" | meta length u32 | meta (wire v1) | body length u64 | State::encode() | CRC-32
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::types::SnapshotMeta;
use super::wire::Wire;
use crate::identity::write_atomic;
use crate::state::State;

/// What a snapshot file begins with; the last character is the version of the layout.
const MAGIC: &[u8; 8] = b"GSLBSNP1";

/// How many snapshots are kept; the older one is the way back if the newest is damaged.
const KEPT: usize = 2;

/// Most bytes of a snapshot that is accepted from another node.
pub(crate) const SNAPSHOT_MAX_BYTES: u64 = 4 << 30;

/// A snapshot on disk, either kept or just received.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotFile {
    pub(crate) path: PathBuf,
}

impl SnapshotFile {
    /// Reads and checks the file, and gives what it says of itself and the state.
    pub(crate) fn read(&self) -> io::Result<(SnapshotMeta, State)> {
        let bytes = fs::read(&self.path)?;
        let (meta, body) = split(&bytes).map_err(|why| damaged(&self.path, &why))?;
        let state = State::decode(body)
            .map_err(|why| io::Error::new(io::ErrorKind::Unsupported, why.to_string()))?;
        Ok((meta, state))
    }

    /// Checks the file and gives what it says of itself.
    pub(crate) fn read_meta(&self) -> io::Result<SnapshotMeta> {
        let bytes = fs::read(&self.path)?;
        split(&bytes).map(|(meta, _)| meta).map_err(|why| damaged(&self.path, &why))
    }
}

/// The folder of the snapshots.
pub(crate) struct SnapshotFolder {
    dir: PathBuf,
    received: AtomicU64,
}

impl SnapshotFolder {
    /// Opens the folder and clears away what an earlier run left half done.
    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tmp") {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { dir, received: AtomicU64::new(0) })
    }

    /// Looks at a folder and changes nothing in it.
    pub(crate) fn look(dir: PathBuf) -> Self {
        Self { dir, received: AtomicU64::new(0) }
    }

    /// A path for a snapshot that arrives.
    pub(crate) fn spool_path(&self) -> PathBuf {
        let count = self.received.fetch_add(1, Ordering::Relaxed);
        self.dir.join(format!("received-{count}.tmp"))
    }

    /// Writes a snapshot and forgets the oldest.
    pub(crate) fn write(&self, meta: &SnapshotMeta, state: &State) -> io::Result<SnapshotFile> {
        let bytes = join(meta, state).map_err(io::Error::other)?;
        let path = self.dir.join(file_name(meta));
        write_atomic(&path, &bytes, 0o600)?;
        self.forget_old()?;
        Ok(SnapshotFile { path })
    }

    /// Takes in a received file, which has been read and found good.
    pub(crate) fn adopt(
        &self,
        meta: &SnapshotMeta,
        file: &SnapshotFile,
    ) -> io::Result<SnapshotFile> {
        let path = self.dir.join(file_name(meta));
        if path != file.path {
            File::open(&file.path)?.sync_all()?;
            fs::rename(&file.path, &path)?;
            File::open(&self.dir)?.sync_all()?;
            self.forget_old()?;
        }
        Ok(SnapshotFile { path })
    }

    /// The newest snapshot that is whole; none if there never was one.
    ///
    /// A damaged one is passed over: whether an older one is enough is for the caller to say.
    pub(crate) fn newest(&self) -> io::Result<Option<(SnapshotMeta, State, SnapshotFile)>> {
        for path in self.list()?.into_iter().rev() {
            let file = SnapshotFile { path };
            match file.read() {
                Ok((meta, state)) => return Ok(Some((meta, state, file))),
                Err(error) if error.kind() == io::ErrorKind::Unsupported => return Err(error),
                Err(error) => tracing::error!(%error, "a snapshot is passed over"),
            }
        }
        Ok(None)
    }

    /// Length of the largest snapshot, bytes.
    pub(crate) fn largest(&self) -> u64 {
        let lens = self.list().unwrap_or_default().into_iter();
        lens.filter_map(|path| fs::metadata(path).ok()).map(|meta| meta.len()).max().unwrap_or(0)
    }

    /// All snapshots, oldest first.
    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "snp") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// Removes all but the newest.
    fn forget_old(&self) -> io::Result<()> {
        let paths = self.list()?;
        let surplus = paths.len().saturating_sub(KEPT);
        for path in paths.into_iter().take(surplus) {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// Refuses a snapshot of another folder: one that names this node with another folder's id.
///
/// One that was made before the node became a member does not name it.
pub(crate) fn check_owner(meta: &SnapshotMeta, node: u64, data_uuid: &str) -> Result<(), String> {
    match meta.last_membership.membership().get_node(&node) {
        Some(dial) if dial.data_uuid != data_uuid => {
            Err(format!("in it node {node} has folder {}, not {data_uuid}", dial.data_uuid))
        }
        _ => Ok(()),
    }
}

/// A name that sorts by log index, then term.
pub(crate) fn file_name(meta: &SnapshotMeta) -> String {
    let (index, term, node) = meta
        .last_log_id
        .map_or((0, 0, 0), |id| (id.index, id.leader_id.term, id.leader_id.node_id));
    format!("{index:020}-{term:020}-{node}.snp")
}

/// The bytes of a snapshot file.
fn join(meta: &SnapshotMeta, state: &State) -> Result<Vec<u8>, String> {
    let meta = meta.encode().map_err(|error| error.to_string())?;
    let meta_len = u32::try_from(meta.len()).map_err(|_| "the membership is too large")?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&meta_len.to_le_bytes());
    bytes.extend_from_slice(&meta);
    let length_at = bytes.len();
    let body_at = length_at + 8;
    bytes.resize(body_at, 0);
    let mut bytes = state.encode_behind(bytes);
    let body_len = (bytes.len() - body_at) as u64;
    if let Some(length) = bytes.get_mut(length_at..body_at) {
        length.copy_from_slice(&body_len.to_le_bytes());
    }
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    Ok(bytes)
}

/// The parts of a snapshot file, if every bit is as it was written.
fn split(bytes: &[u8]) -> Result<(SnapshotMeta, &[u8]), String> {
    let short = || "it ends early".to_owned();
    let (content, crc) = bytes.split_last_chunk::<4>().ok_or_else(short)?;
    let rest = content.strip_prefix(MAGIC).ok_or("it is no snapshot of version 1")?;
    if u32::from_le_bytes(*crc) != crc32fast::hash(content) {
        return Err("its checksum does not fit".to_owned());
    }
    let (meta_len, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let meta_len = u32::from_le_bytes(*meta_len) as usize;
    let (meta, rest) = rest.split_at_checked(meta_len).ok_or_else(short)?;
    let (body_len, body) = rest.split_first_chunk::<8>().ok_or_else(short)?;
    if u64::from_le_bytes(*body_len) != body.len() as u64 {
        return Err(short());
    }
    let meta = SnapshotMeta::decode(meta).map_err(|error| error.to_string())?;
    Ok((meta, body))
}

/// An error that names the file.
fn damaged(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::types::{LeaderId, LogId};

    fn meta(index: u64) -> SnapshotMeta {
        let log_id = LogId { leader_id: LeaderId { term: 1, node_id: 1 }, index };
        SnapshotMeta { last_log_id: Some(log_id), ..SnapshotMeta::default() }
    }

    fn folder(dir: &Path) -> SnapshotFolder {
        SnapshotFolder::open(dir.to_path_buf()).unwrap()
    }

    #[test]
    fn the_newest_two_are_kept_and_the_newest_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        assert!(folder.newest().unwrap().is_none());
        for index in [5, 9, 100] {
            folder.write(&meta(index), &State { index, ..State::default() }).unwrap();
        }
        assert_eq!(folder.list().unwrap().len(), 2);
        let (found, state, _) = folder.newest().unwrap().unwrap();
        assert_eq!((found, state.index), (meta(100), 100));
    }

    #[test]
    fn a_damaged_snapshot_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.write(&meta(5), &State::default()).unwrap();
        let newest = folder.write(&meta(9), &State::default()).unwrap();
        let good = fs::read(&newest.path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&newest.path, &bad).unwrap();
            assert_eq!(folder.newest().unwrap().unwrap().0, meta(5), "byte {at}");
            fs::write(&newest.path, &good[..at]).unwrap();
            assert_eq!(folder.newest().unwrap().unwrap().0, meta(5), "length {at}");
        }
    }
}
