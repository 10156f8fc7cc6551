//! Recomputes the chain: in the state, in the files, and one against the other.

use super::read;
use crate::state::{Audit, AuditEntry, AuditHash};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// What came of checking a node's trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Records in the files.
    pub records: u64,
    /// Files.
    pub files: u64,
    /// The number of the oldest record in the files; a node that joined later has none before; 0: none.
    pub first: u64,
    /// The number of the newest.
    pub last: u64,
    /// Records that the state holds as well.
    pub in_state: u64,
    /// The hash of the newest record of the state: equal on all nodes at one revision.
    pub head: String,
    /// The first record that does not hold.
    pub broken: Option<Broken>,
}

/// A record that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Its number; 0: it cannot be read.
    pub number: u64,
    /// Where it stands: `the state`, or a file with the line.
    pub place: String,
    /// What is wrong.
    pub why: String,
}

/// Checks the files and the state's records; the files must hold all that the state holds.
pub(super) fn verify(dir: &Path, audit: &Audit) -> io::Result<Verdict> {
    let mut verdict = Verdict { head: super::line::hex(&audit.head), ..Verdict::default() };
    let mut chain = Chain::default();
    for (_, path) in read::files(dir)? {
        verdict.files += 1;
        for (line, record) in read::records(&path)? {
            let place = || format!("{}, line {line}", path.display());
            match record {
                Err(why) => verdict.note(0, place(), why),
                Ok(entry) => {
                    verdict.records += 1;
                    if let Err((number, why)) = chain.add(&entry) {
                        verdict.note(number, place(), why);
                    }
                }
            }
        }
    }
    verdict.first = chain.first;
    verdict.last = chain.last.map_or(0, |(number, _)| number);
    if let Err((number, why)) = audit.verify() {
        verdict.note(number, "the state".to_owned(), why);
    }
    for entry in audit.after(0) {
        verdict.in_state += 1;
        match chain.hash_of(entry.number) {
            Some(hash) if *hash == entry.hash => {}
            Some(_) => {
                let why = "the files hold another record than the state".to_owned();
                verdict.note(entry.number, "the state".to_owned(), why);
            }
            None => {
                let why = "the state holds it, the files do not".to_owned();
                verdict.note(entry.number, "the state".to_owned(), why);
            }
        }
    }
    Ok(verdict)
}

impl Verdict {
    /// Keeps the first fault that is found.
    fn note(&mut self, number: u64, place: String, why: String) {
        self.broken.get_or_insert(Broken { number, place, why });
    }
}

/// The chain as far as it was followed.
#[derive(Default)]
struct Chain {
    /// The number of the first record.
    first: u64,
    /// The hashes from there on: a restored cluster goes on behind an earlier record.
    hashes: Vec<AuditHash>,
    last: Option<(u64, AuditHash)>,
    history: u32,
}

impl Chain {
    /// Follows the chain by one record.
    fn add(&mut self, entry: &AuditEntry) -> Result<(), (u64, String)> {
        let before = match self.last {
            // A restore took the cluster back to a record that is known here.
            Some(_) if entry.history > self.history && entry.number > self.first => {
                let number = entry.number - 1;
                self.hash_of(number).map(|hash| (number, *hash)).or(self.last)
            }
            last => last,
        };
        let checked = entry.check_link(before);
        if self.hashes.is_empty() {
            self.first = entry.number;
        }
        // Behind a broken one too, so that only what is broken itself is named.
        let at = usize::try_from(entry.number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.hashes.truncate(at);
        // What is missing between holds no hash that a record could have.
        if at.saturating_sub(self.hashes.len()) < LACK_MAX {
            self.hashes.resize(at, AuditHash::default());
        }
        self.hashes.push(entry.hash);
        self.last = Some((entry.number, entry.hash));
        self.history = entry.history;
        checked
    }

    fn hash_of(&self, number: u64) -> Option<&AuditHash> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.hashes.get(at)
    }
}

/// Most records that may be missing between two and still be counted: more means a forged number.
const LACK_MAX: usize = 10_000_000;
