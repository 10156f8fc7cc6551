//! The data folder: one process at a time, and only the store that belongs there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::OpenError;
use super::log_file::LogFile;
use crate::identity::{Identity, random_uuid, write_atomic};
use crate::raft::simulation::Disk;
use crate::raft::types::{LogId, Vote};

/// The version of the folder's layout that is written; version 1 had no checksum in `data.toml`.
const FORMAT: u32 = 2;

/// `data.toml`: whose the folder is and the least that its log must hold.
///
/// It lies beside the log, so that a log that comes back empty or old is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Card {
    format: u32,
    pub(super) cluster_uuid: String,
    pub(super) node_id: u64,
    pub(super) data_uuid: String,
    /// The log holds a vote of at least this term.
    voted_term: u64,
    /// The log has been purged up to this index, exclusive: what is below lies in a snapshot.
    purged_below: u64,
    /// CRC-32 of the text without this line, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check: Option<String>,
}

impl Card {
    /// Refuses a log that holds less than the node has promised.
    pub(super) fn check_age(
        &self,
        vote: Option<&Vote>,
        purged: Option<&LogId>,
    ) -> Result<(), String> {
        let term = vote.map_or(0, |vote| vote.leader_id.term);
        let purged_below = purged.map_or(0, |id| id.index + 1);
        if term < self.voted_term {
            return Err(format!("it voted in term {term}, the node in {}", self.voted_term));
        }
        if purged_below < self.purged_below {
            return Err(format!(
                "it begins at entry {purged_below}, but entries below {} had been purged",
                self.purged_below
            ));
        }
        Ok(())
    }

    /// The text of the file, with its checksum as the last line.
    fn seal(&self) -> Result<String, toml::ser::Error> {
        let text = toml::to_string(&Self { check: None, ..self.clone() })?;
        let check = crc32fast::hash(text.as_bytes());
        Ok(format!("{text}check = \"{check:08x}\"\n"))
    }

    /// Reads the text of the file; fails if a bit is not as it was written.
    pub(super) fn open(text: &str) -> Result<Self, String> {
        let card: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        match (card.format, &card.check) {
            // Of a version without a checksum; the next change of a mark adds it.
            (1, None) => Ok(card),
            (FORMAT, Some(_)) if card.seal().is_ok_and(|sealed| sealed == text) => Ok(card),
            (FORMAT, _) => Err("its checksum does not fit".to_owned()),
            (1, Some(_)) => Err("its checksum does not fit its format".to_owned()),
            (other, _) => Err(format!("its format is {other}, this version knows 1 and {FORMAT}")),
        }
    }
}

/// A data folder that this process has locked.
pub(crate) struct Folder {
    root: PathBuf,
    card: Card,
    used: bool,
    disk: Option<Arc<dyn Disk>>,
    _lock: File,
}

impl Folder {
    /// Makes or opens the data folder of a node, and locks it for this process.
    pub(crate) fn open(root: &Path, identity: &Identity) -> Result<Self, OpenError> {
        let file = |path: &Path, source| OpenError::File { path: path.to_path_buf(), source };
        fs::create_dir_all(root.join("snapshots")).map_err(|error| file(root, error))?;
        let lock_path = root.join("LOCK");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|error| file(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { folder: root.to_path_buf() });
            }
            Err(fs::TryLockError::Error(error)) => return Err(file(&lock_path, error)),
        }
        let card_path = root.join("data.toml");
        let stored = match fs::read_to_string(&card_path) {
            Ok(text) => Some(read_card(&card_path, &text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(file(&card_path, error)),
        };
        let used = stored.is_some();
        let card = match stored {
            Some(card) => card,
            None => new_card(&card_path, identity)?,
        };
        check_owner(root, &card, identity)?;
        Ok(Self { root: root.to_path_buf(), card, used, disk: None, _lock: lock })
    }

    /// Has the log on the disk of a simulation instead of in a file.
    pub(crate) fn with_disk(self, disk: Arc<dyn Disk>) -> Self {
        Self { disk: Some(disk), ..self }
    }

    /// The disk of the simulation, if this is one.
    pub(super) fn disk(&self) -> Option<Arc<dyn Disk>> {
        self.disk.clone()
    }

    /// Reads the card anew, before the log is opened a second time by the same process.
    pub(crate) fn refresh(&mut self, identity: &Identity) -> Result<(), OpenError> {
        let path = self.root.join("data.toml");
        let text = fs::read_to_string(&path)
            .map_err(|source| OpenError::File { path: path.clone(), source })?;
        self.card = read_card(&path, &text)?;
        self.used = true;
        check_owner(&self.root, &self.card, identity)
    }

    /// Where the log lies.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.root.join("log.redb")
    }

    /// What the log is read from.
    pub(super) fn log_file(&self) -> LogFile {
        self.disk().map_or_else(|| LogFile::File(self.log_path()), LogFile::Simulated)
    }

    /// Where snapshots lie.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// The unique id of this folder.
    pub(crate) fn data_uuid(&self) -> &str {
        &self.card.data_uuid
    }

    /// Whether a log must be here already, for the node has worked with it.
    pub(super) fn is_used(&self) -> bool {
        self.used
    }

    /// Refuses a log that holds less than the node has promised.
    pub(super) fn check_age(
        &self,
        vote: Option<&Vote>,
        purged: Option<&LogId>,
    ) -> Result<(), OpenError> {
        let older = |why| OpenError::Older { path: self.log_path(), why };
        self.card.check_age(vote, purged).map_err(older)
    }

    /// The keeper of `data.toml` for the writer of the log.
    pub(super) fn mark(&self) -> Mark {
        Mark { path: self.root.join("data.toml"), card: self.card.clone() }
    }
}

/// Writes down the least that the log must hold, once the log holds it.
pub(super) struct Mark {
    path: PathBuf,
    card: Card,
}

impl Mark {
    /// The unique id of the folder.
    pub(super) fn data_uuid(&self) -> &str {
        &self.card.data_uuid
    }

    /// Raises the marks; writes the file if one of them moved.
    pub(super) fn raise(
        &mut self,
        voted_term: Option<u64>,
        purged_below: Option<u64>,
    ) -> std::io::Result<()> {
        let mut card = self.card.clone();
        card.voted_term = card.voted_term.max(voted_term.unwrap_or(0));
        card.purged_below = card.purged_below.max(purged_below.unwrap_or(0));
        if card == self.card {
            return Ok(());
        }
        card.format = FORMAT;
        self.card = card;
        self.write()
    }

    /// Writes the file as it is now.
    pub(super) fn write(&self) -> std::io::Result<()> {
        let text = self.card.seal().map_err(std::io::Error::other)?;
        write_atomic(&self.path, text.as_bytes(), 0o644)
    }
}

/// A card for a folder that holds nothing yet; it is written once the log is there.
fn new_card(path: &Path, identity: &Identity) -> Result<Card, OpenError> {
    let data_uuid = random_uuid().map_err(|error| OpenError::File {
        path: path.to_path_buf(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(Card {
        format: FORMAT,
        cluster_uuid: identity.cluster_uuid.clone(),
        node_id: identity.node_id,
        data_uuid,
        voted_term: 0,
        purged_below: 0,
        check: None,
    })
}

/// Reads `data.toml`.
fn read_card(path: &Path, text: &str) -> Result<Card, OpenError> {
    Card::open(text).map_err(|why| OpenError::Damaged { path: path.to_path_buf(), why })
}

/// Refuses a folder of another node or cluster.
fn check_owner(root: &Path, card: &Card, identity: &Identity) -> Result<(), OpenError> {
    let foreign = |why: String| Err(OpenError::Foreign { folder: root.to_path_buf(), why });
    if card.cluster_uuid != identity.cluster_uuid {
        let (theirs, ours) = (&card.cluster_uuid, &identity.cluster_uuid);
        return foreign(format!("it is of cluster {theirs}, this node is of {ours}"));
    }
    if card.node_id != identity.node_id {
        let (theirs, ours) = (card.node_id, identity.node_id);
        return foreign(format!("it is of node {theirs}, this is node {ours}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT_1: &str = "format = 1\ncluster_uuid = \"c\"\nnode_id = 3\ndata_uuid = \"d\"\n\
                            voted_term = 7\npurged_below = 40\n";
    const FORMAT_2: &str = "format = 2\ncluster_uuid = \"c\"\nnode_id = 3\ndata_uuid = \"d\"\n\
                            voted_term = 7\npurged_below = 40\ncheck = \"b1760e22\"\n";

    #[test]
    fn both_formats_are_read_and_the_bytes_of_format_2_are_golden() {
        let old = Card::open(FORMAT_1).unwrap();
        assert_eq!((old.node_id, old.voted_term, old.purged_below), (3, 7, 40));
        let new = Card { format: 2, ..old };
        assert_eq!(new.seal().unwrap(), FORMAT_2);
        assert_eq!(Card { check: None, ..Card::open(FORMAT_2).unwrap() }, new);
    }

    #[test]
    fn every_flipped_bit_of_a_card_is_found() {
        for bit in 0..FORMAT_2.len() * 8 {
            let mut damaged = FORMAT_2.as_bytes().to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let Ok(text) = String::from_utf8(damaged) else { continue };
            assert!(Card::open(&text).is_err(), "bit {bit}: {text}");
        }
        for end in 0..FORMAT_2.len() {
            assert!(Card::open(&FORMAT_2[..end]).is_err(), "length {end}");
        }
    }
}
