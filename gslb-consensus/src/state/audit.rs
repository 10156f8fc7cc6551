//! The audit trail: who changed what, when, from where and why, each record bound to the one before.
//!
//! ```text
//!  record n-1 --hash--> record n: number, revision, time, who, what, before, after | previous | hash
//! ```
//!
//! The hash is SHA-256 over the previous hash and the canonical bytes of the record, so that no record
//! can be changed, added or left out without every later one telling. The state holds the newest
//! records; [`crate::trail`] keeps all of them in files.

use super::caller::{Caller, Proof};
use super::revision::Revision;
use crate::model::limits::{AUDIT_MAX, AUDIT_TEXT_MAX};
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Begins what is hashed of a record; the number is the version of the canonical bytes.
const CANONICAL: &[u8] = b"gslb audit 1";

/// SHA-256 of a record and all before it.
pub type AuditHash = [u8; 32];

/// One accepted change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counts the records of the chain, from 1; 0: from before there was a chain.
    pub number: u64,
    /// Counts restores of the cluster.
    pub history: u32,
    /// Log index of the change.
    pub index: u64,
    /// Agreed time, ms since 1970.
    pub at_ms: u64,
    /// Who asked.
    pub actor: String,
    /// The role by which it was allowed; empty: the cluster's own act.
    pub role: String,
    /// How the caller proved who it is, and from where it asked.
    pub caller: Caller,
    /// What, in words.
    pub change: String,
    /// Why, as given.
    pub reason: String,
    /// What was changed, as it was before; cut if it is long.
    pub before: String,
    /// The same, as it was afterwards.
    pub after: String,
    /// The hash of the record before; zeros for the first.
    pub previous: AuditHash,
    /// The hash of this one.
    pub hash: AuditHash,
}

/// The newest accepted changes, and where the chain stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// How many records the chain has.
    pub count: u64,
    /// The hash of the newest.
    pub head: AuditHash,
    /// The newest records, oldest first.
    pub entries: VecDeque<Arc<AuditEntry>>,
}

impl AuditEntry {
    /// The hash that the record should have.
    ///
    /// # Panics
    /// Never: every field has a serial form.
    #[must_use]
    pub fn computed_hash(&self) -> AuditHash {
        let body = (
            (self.number, self.history, self.index, self.at_ms),
            (&self.actor, &self.role, &self.caller),
            (&self.change, &self.reason, &self.before, &self.after),
        );
        let mut context = Context::new(&SHA256);
        context.update(CANONICAL);
        context.update(&self.previous);
        context.update(&super::envelope::append(&body, Vec::new()));
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }

    /// Where the change applied.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision { history: self.history, index: self.index }
    }

    /// Its place in the order of all records, over restores of the cluster too.
    #[must_use]
    pub fn place(&self) -> (u32, u64, u64) {
        (self.history, self.index, self.number)
    }
}

impl Audit {
    /// Adds a record to the chain; the oldest makes place.
    pub fn add(&mut self, mut entry: AuditEntry) {
        let long = [&mut entry.before, &mut entry.after, &mut entry.reason, &mut entry.change];
        long.into_iter().for_each(|text| cut(text, AUDIT_TEXT_MAX));
        cut(&mut entry.actor, AUDIT_TEXT_MAX);
        self.count += 1;
        entry.number = self.count;
        entry.previous = self.head;
        entry.hash = entry.computed_hash();
        self.head = entry.hash;
        self.keep(entry);
    }

    /// Adds what an entry of the log says that is from before there was a chain.
    pub(super) fn add_unchained(&mut self, entry: AuditEntry) {
        self.keep(entry);
    }

    fn keep(&mut self, entry: AuditEntry) {
        self.entries.push_back(Arc::new(entry));
        while self.entries.len() > AUDIT_MAX {
            self.entries.pop_front();
        }
    }

    /// The records of the chain behind a number.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Arc<AuditEntry>> {
        self.entries.iter().filter(move |entry| entry.number > number)
    }

    /// Recomputes every hash and link; gives the number of the first broken record, and why.
    ///
    /// # Errors
    /// The first record that does not hold.
    pub fn verify(&self) -> Result<(), (u64, String)> {
        let mut last: Option<(u64, AuditHash)> = None;
        for entry in self.entries.iter().filter(|entry| entry.number > 0) {
            entry.check_link(last)?;
            last = Some((entry.number, entry.hash));
        }
        match last {
            Some((number, hash)) if number != self.count || hash != self.head => {
                Err((number, "it is not the head of the chain that the state holds".to_owned()))
            }
            None if self.count > 0 => Err((self.count, "the state does not hold it".to_owned())),
            _ => Ok(()),
        }
    }
}

impl AuditEntry {
    /// Checks the record's own hash, and that it follows the one before.
    ///
    /// # Errors
    /// The number of the record, and what does not hold.
    pub fn check_link(&self, before: Option<(u64, AuditHash)>) -> Result<(), (u64, String)> {
        let broken = |why: String| Err((self.number, why));
        if self.hash != self.computed_hash() {
            return broken("its content does not fit its hash".to_owned());
        }
        match before {
            Some((number, _)) if self.number != number + 1 => {
                broken(format!("it stands behind record {number}: what was between is missing"))
            }
            Some((number, hash)) if self.previous != hash => {
                broken(format!("it does not follow from record {number}"))
            }
            None if self.number == 1 && self.previous != AuditHash::default() => {
                broken("it is the first, but names one before".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// An act of the cluster itself, such as an end by time.
pub(super) fn own_act(at: (u32, u64, u64), change: String, before: String) -> AuditEntry {
    let (history, index, at_ms) = at;
    AuditEntry {
        history,
        index,
        at_ms,
        actor: "cluster".to_owned(),
        caller: Caller { proof: Proof::Node, ..Caller::default() },
        change,
        before,
        after: "none".to_owned(),
        ..AuditEntry::default()
    }
}

/// Cuts a text at a bound, between characters, and says so.
pub(super) fn cut(text: &mut String, max: usize) {
    if text.len() > max {
        let mut end = max.saturating_sub(3);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("...");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(records: u64) -> Audit {
        let mut audit = Audit::default();
        for index in 1..=records {
            let (actor, change) = ("ann".to_owned(), format!("change {index}"));
            audit.add(AuditEntry { index, actor, change, ..AuditEntry::default() });
        }
        audit
    }

    #[test]
    fn a_record_keeps_its_golden_hash() {
        let audit = audit(1);
        let hex: String = audit.head.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, GOLDEN);
    }

    /// The hash of the first record of [`audit`]: another one would mean that old trails break.
    const GOLDEN: &str = "5fdf131c8aa92d62c37332a29b1a2f50852c1431db0ec513c84c5844e29ceede";

    #[test]
    fn the_newest_are_kept_and_the_chain_goes_on() {
        let audit = audit(AUDIT_MAX as u64 + 3);
        assert_eq!(audit.entries.len(), AUDIT_MAX);
        assert_eq!(audit.entries.front().unwrap().number, 4);
        assert_eq!((audit.count, audit.verify()), (AUDIT_MAX as u64 + 3, Ok(())));
        assert_eq!(audit.after(AUDIT_MAX as u64).count(), 3);
    }

    #[test]
    fn whatever_is_changed_in_a_record_is_found() {
        let changes: [fn(&mut AuditEntry); 8] = [
            |e| e.actor.push('x'),
            |e| e.reason.push('x'),
            |e| e.before.push('x'),
            |e| e.at_ms += 1,
            |e| e.caller.from.push('x'),
            |e| e.number += 1,
            |e| e.previous[0] ^= 1,
            |e| e.hash[0] ^= 1,
        ];
        for (which, change) in changes.into_iter().enumerate() {
            let mut audit = audit(5);
            let mut entry = AuditEntry::clone(&audit.entries[2]);
            change(&mut entry);
            audit.entries[2] = Arc::new(entry);
            let (number, _) = audit.verify().unwrap_err();
            assert!((3..=4).contains(&number), "change {which}: {number}");
        }
    }

    #[test]
    fn a_record_that_is_left_out_or_made_anew_is_found() {
        let mut shorter = audit(5);
        shorter.entries.remove(2);
        assert_eq!(shorter.verify().unwrap_err().0, 4);
        let mut shorter = audit(5);
        shorter.entries.pop_back();
        assert_eq!(shorter.verify().unwrap_err().0, 4);
        // One that was changed with a hash that fits is betrayed by the next.
        let mut forged = audit(5);
        let mut entry = AuditEntry::clone(&forged.entries[2]);
        entry.actor = "bob".to_owned();
        entry.hash = entry.computed_hash();
        forged.entries[2] = Arc::new(entry);
        assert_eq!(forged.verify().unwrap_err(), (4, "it does not follow from record 3".into()));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let mut audit = Audit::default();
        let before = "ä".repeat(AUDIT_TEXT_MAX);
        audit.add(AuditEntry { before, ..AuditEntry::default() });
        let kept = &audit.entries[0].before;
        assert!(kept.len() <= AUDIT_TEXT_MAX && kept.ends_with("..."), "{}", kept.len());
    }
}
