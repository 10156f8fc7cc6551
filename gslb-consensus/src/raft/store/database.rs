//! The redb file: what lies in it, the whole check at opening, and one commit for many changes.

use std::collections::BTreeMap;
use std::path::Path;

use redb::backends::InMemoryBackend;
use redb::{Builder, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};

use super::OpenError;
use super::folder::Folder;
use super::record::{open_entry, open_meta, seal_entry, seal_meta};
use crate::raft::types::{Entry, LogId, Vote};
use crate::raft::wire::Wire;

/// Entries by index.
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log.v1");

/// The vote, what has been purged, what is known to be committed, and whose the file is.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta.v1");

/// Where redb's header (format 3) has its flags, the bit that names the last commit's slot, and the
/// bit that is set while the file is open.
const FLAGS_AT: usize = 9;
const NAMED_SLOT: u8 = 1;
const UNCLEAN: u8 = 2;

/// Where the two commit slots lie, how long each is, and where in it the number of the commit is.
const SLOTS_AT: usize = 64;
const SLOT_LEN: usize = 128;
const COMMIT_ID_AT: usize = 104;

/// Length of the header.
const HEAD_LEN: usize = SLOTS_AT + 2 * SLOT_LEN;

/// Memory for redb's page cache; the entries are cached by the store itself.
const PAGE_CACHE_BYTES: usize = 4 << 20;

/// All that the log holds, as read at opening and then kept up to date.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Contents {
    pub(super) vote: Option<Vote>,
    pub(super) purged: Option<LogId>,
    pub(super) committed: Option<LogId>,
    pub(super) entries: BTreeMap<u64, Entry>,
}

/// One change of the log, in the order in which openraft asked for it.
pub(super) enum Change {
    /// Adds entries at the end.
    Append(Vec<Entry>),
    /// Removes the entries from an index on.
    TruncateFrom(u64),
    /// Removes the entries up to a log id, inclusive.
    Purge(LogId),
    /// Replaces the vote.
    Vote(Vote),
    /// Remembers how far the log is known to be committed.
    Committed(Option<LogId>),
}

/// The open file.
pub(super) struct Database(redb::Database);

impl Database {
    /// Opens the log of a folder and reads and checks all of it.
    pub(super) fn open(folder: &Folder) -> Result<(Self, Contents), OpenError> {
        let (path, file) = (folder.log_path(), folder.log_file());
        let head = file.head(HEAD_LEN);
        let head = head.map_err(|source| OpenError::File { path: path.clone(), source })?;
        if folder.is_used() && head.is_none() {
            return Err(OpenError::Missing { path });
        }
        let damaged = |why: String| OpenError::Damaged { path: path.clone(), why };
        if let Some(head) = head {
            check_head(&head).map_err(damaged)?;
        }
        let db = file.open(&builder()).map_err(|error| sort_error(&path, &error.into()))?;
        let (contents, data_uuid) = read_all(&db).map_err(damaged)?;
        let database = Self(db);
        match data_uuid {
            Some(uuid) if folder.is_used() && uuid != folder.data_uuid() => {
                let why = format!("the log is of folder {uuid}, not {}", folder.data_uuid());
                return Err(OpenError::Foreign { folder: path, why });
            }
            None if folder.is_used() => return Err(OpenError::Missing { path }),
            _ if !folder.is_used() => {
                // A log without its card: only a start that was cut short leaves one, empty.
                if contents.vote.is_some() || !contents.entries.is_empty() {
                    let why = "a log is here, but data.toml is not".to_owned();
                    return Err(OpenError::Foreign { folder: path, why });
                }
                database.claim(folder).map_err(|error| sort_error(&path, &error))?;
            }
            _ => {}
        }
        folder.check_age(contents.vote.as_ref(), contents.purged.as_ref())?;
        Ok((database, contents))
    }

    /// Reads and checks all of a log that lies in memory; gives the id of its folder too.
    ///
    /// Opening may repair what a crash left, so that it writes: here into memory alone.
    pub(super) fn read(bytes: &[u8]) -> Result<(Contents, Option<String>), String> {
        check_head(bytes)?;
        let copy = InMemoryBackend::new();
        let text = |error: std::io::Error| error.to_string();
        copy.set_len(bytes.len() as u64).map_err(text)?;
        copy.write(0, bytes).map_err(text)?;
        let db = builder().create_with_backend(copy).map_err(|error| error.to_string())?;
        read_all(&db)
    }

    /// Writes the folder's id into a new log, then the folder's card.
    fn claim(&self, folder: &Folder) -> Result<(), redb::Error> {
        let mark = folder.mark();
        let mut txn = self.0.begin_write()?;
        txn.set_two_phase_commit(true);
        {
            txn.open_table(LOG)?;
            let uuid = mark.data_uuid().as_bytes();
            let mut meta = txn.open_table(META)?;
            meta.insert("data_uuid", seal_meta("data_uuid", uuid).as_slice())?;
        }
        txn.commit()?;
        mark.write().map_err(redb::Error::Io)
    }

    /// Gives pages that hold nothing back to the file system; two-phase, as every commit.
    pub(super) fn compact(&mut self) -> Result<(), redb::Error> {
        self.0.compact()?;
        Ok(())
    }

    /// Makes changes durable, all or none, in one commit.
    pub(super) fn commit<'a>(
        &self,
        changes: impl IntoIterator<Item = &'a Change>,
    ) -> Result<(), redb::Error> {
        let mut txn = self.0.begin_write()?;
        txn.set_two_phase_commit(true);
        {
            let mut log = txn.open_table(LOG)?;
            let mut meta = txn.open_table(META)?;
            for change in changes {
                match change {
                    Change::Append(entries) => {
                        for entry in entries {
                            let value = seal_entry(entry).map_err(invalid)?;
                            log.insert(entry.log_id.index, value.as_slice())?;
                        }
                    }
                    Change::TruncateFrom(index) => log.retain_in(*index.., |_, _| false)?,
                    Change::Purge(upto) => {
                        log.retain_in(..=upto.index, |_, _| false)?;
                        put(&mut meta, "purged", &Some(*upto))?;
                    }
                    Change::Vote(vote) => put(&mut meta, "vote", vote)?,
                    Change::Committed(committed) => put(&mut meta, "committed", committed)?,
                }
            }
        }
        txn.commit()?;
        Ok(())
    }
}

/// Writes the log of a folder that begins behind a snapshot, and the marks of its card.
///
/// The vote is the one that wrote the last entry: no later vote can be below it.
pub(crate) fn write_restored(folder: &Folder, last: LogId) -> Result<(), OpenError> {
    let path = folder.log_path();
    let (database, _) = Database::open(folder)?;
    let vote = Vote { leader_id: last.leader_id, committed: false };
    let changes = [Change::Vote(vote), Change::Purge(last), Change::Committed(Some(last))];
    database.commit(&changes).map_err(|error| sort_error(&path, &error))?;
    let raised = folder.mark().raise(Some(last.leader_id.term), Some(last.index + 1));
    raised.map_err(|source| OpenError::File { path, source })
}

/// How a log is opened: every page is checked.
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(PAGE_CACHE_BYTES).set_check_integrity_on_open(true);
    builder
}

/// Refuses a log that was closed well and yet names the older of its two commits as the last one.
///
/// The bit that names it has no checksum in redb (its design document, "Super-header"): flipped, it
/// would undo an acknowledged commit without a sign. After a crash both may be right, so that only
/// the marks in `data.toml` tell.
fn check_head(head: &[u8]) -> Result<(), String> {
    let Some(flags) = head.get(FLAGS_AT) else { return Err("it ends early".to_owned()) };
    let commit_of = |slot: usize| -> Option<u64> {
        let at = SLOTS_AT + slot * SLOT_LEN + COMMIT_ID_AT;
        Some(u64::from_le_bytes(head.get(at..at + 8)?.try_into().ok()?))
    };
    let named = usize::from(flags & NAMED_SLOT);
    match (commit_of(named), commit_of(1 - named)) {
        (Some(named), Some(other)) if named < other && flags & UNCLEAN == 0 => {
            Err(format!("it names commit {named} as the last one, but holds commit {other}"))
        }
        (Some(_), Some(_)) => Ok(()),
        _ => Err("it ends early".to_owned()),
    }
}

/// Writes one value of the meta table.
fn put(
    meta: &mut redb::Table<'_, &str, &[u8]>,
    name: &'static str,
    value: &impl Wire,
) -> Result<(), redb::Error> {
    let body = value.encode().map_err(|error| invalid(error.to_string()))?;
    meta.insert(name, seal_meta(name, &body).as_slice())?;
    Ok(())
}

/// Reads and checks every value; gives the contents and the folder id written in the file.
fn read_all(db: &redb::Database) -> Result<(Contents, Option<String>), String> {
    let text = |error: redb::Error| error.to_string();
    let txn = db.begin_read().map_err(|error| text(error.into()))?;
    let mut contents = Contents::default();
    let meta = match txn.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok((contents, None)),
        Err(error) => return Err(text(error.into())),
    };
    let get = |name: &'static str| -> Result<Option<Vec<u8>>, String> {
        let value = meta.get(name).map_err(|error| text(error.into()))?;
        value.map(|value| open_meta(name, value.value()).map(<[u8]>::to_vec)).transpose()
    };
    let data_uuid = match get("data_uuid")? {
        Some(bytes) => Some(String::from_utf8(bytes).map_err(|error| error.to_string())?),
        None => None,
    };
    contents.vote = get("vote")?.map(|bytes| decode(&bytes)).transpose()?;
    contents.purged = get("purged")?.map(|bytes| decode(&bytes)).transpose()?.flatten();
    contents.committed = get("committed")?.map(|bytes| decode(&bytes)).transpose()?.flatten();
    let log = txn.open_table(LOG).map_err(|error| text(error.into()))?;
    for item in log.iter().map_err(|error| text(error.into()))? {
        let (index, value) = item.map_err(|error| text(error.into()))?;
        let entry = open_entry(index.value(), value.value())?;
        contents.entries.insert(index.value(), entry);
    }
    check_order(&contents)?;
    Ok((contents, data_uuid))
}

/// The entries must follow what was purged without a gap, and their terms never fall.
fn check_order(contents: &Contents) -> Result<(), String> {
    let mut last = contents.purged;
    for (index, entry) in &contents.entries {
        let wanted = last.map_or(0, |id| id.index + 1);
        if *index != wanted {
            return Err(format!("entry {wanted} is missing, the next one is {index}"));
        }
        if last.is_some_and(|id| entry.log_id.leader_id < id.leader_id) {
            return Err(format!("entry {index} is of an earlier term than the one before it"));
        }
        last = Some(entry.log_id);
    }
    Ok(())
}

/// Decodes a value of the meta table.
fn decode<T: Wire>(bytes: &[u8]) -> Result<T, String> {
    T::decode(bytes).map_err(|error| error.to_string())
}

/// An error for a value that has no bytes; the input was made by this process.
fn invalid(why: String) -> redb::Error {
    redb::Error::Io(std::io::Error::new(std::io::ErrorKind::InvalidInput, why))
}

/// Tells damage apart from what the system refused.
fn sort_error(path: &Path, error: &redb::Error) -> OpenError {
    match error {
        redb::Error::Io(source) if source.kind() != std::io::ErrorKind::InvalidData => {
            let source = std::io::Error::new(source.kind(), source.to_string());
            OpenError::File { path: path.to_path_buf(), source }
        }
        redb::Error::DatabaseAlreadyOpen => {
            OpenError::Locked { folder: path.parent().unwrap_or(path).to_path_buf() }
        }
        other => OpenError::Damaged { path: path.to_path_buf(), why: other.to_string() },
    }
}

#[cfg(test)]
impl Database {
    /// A log on a disk of the test's.
    pub(super) fn on(disk: impl StorageBackend) -> Result<Self, redb::Error> {
        Ok(Self(builder().create_with_backend(disk)?))
    }

    /// All that it holds.
    pub(super) fn contents(&self) -> Result<Contents, String> {
        read_all(&self.0).map(|(contents, _)| contents)
    }
}
