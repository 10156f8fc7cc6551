//! The data folder: one process at a time, and only the store that belongs there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::OpenError;
use crate::identity::{Identity, random_uuid, write_atomic};
use crate::raft::types::{LogId, Vote};

/// The version of the folder's layout.
const FORMAT: u32 = 1;

/// `data.toml`: whose the folder is and the least that its log must hold.
///
/// It lies beside the log, so that a log that comes back empty or old is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    format: u32,
    cluster_uuid: String,
    node_id: u64,
    data_uuid: String,
    /// The log holds a vote of at least this term.
    voted_term: u64,
    /// The log has been purged up to this index, exclusive: what is below lies in a snapshot.
    purged_below: u64,
}

/// A data folder that this process has locked.
pub(crate) struct Folder {
    root: PathBuf,
    card: Card,
    used: bool,
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
        Ok(Self { root: root.to_path_buf(), card, used, _lock: lock })
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
        let term = vote.map_or(0, |vote| vote.leader_id.term);
        let purged_below = purged.map_or(0, |id| id.index + 1);
        let older = |why: String| Err(OpenError::Older { path: self.log_path(), why });
        if term < self.card.voted_term {
            let why = format!("it voted in term {term}, the node in {}", self.card.voted_term);
            return older(why);
        }
        if purged_below < self.card.purged_below {
            let why = format!(
                "it begins at entry {purged_below}, but entries below {} had been purged",
                self.card.purged_below
            );
            return older(why);
        }
        Ok(())
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
        self.card = card;
        self.write()
    }

    /// Writes the file as it is now.
    pub(super) fn write(&self) -> std::io::Result<()> {
        let text = toml::to_string(&self.card).map_err(std::io::Error::other)?;
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
    })
}

/// Reads `data.toml`.
fn read_card(path: &Path, text: &str) -> Result<Card, OpenError> {
    let damaged = |why: String| OpenError::Damaged { path: path.to_path_buf(), why };
    let card: Card = toml::from_str(text).map_err(|error| damaged(error.message().to_owned()))?;
    if card.format != FORMAT {
        let why = format!("its format is {}, this version knows {FORMAT} only", card.format);
        return Err(damaged(why));
    }
    Ok(card)
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
