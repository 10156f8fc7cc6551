//! What clients were told: every write with its fate, and the history of each register.

use crate::lab::REGIONS;
use gslb_tests::history::{Ask, Operation};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a client was told of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It applied at this log index.
    Done(u64),
    /// It was refused, or never got anywhere: nothing has changed.
    Nothing,
    /// Nobody can tell.
    Unknown,
}

/// What clients were told.
#[derive(Default)]
pub(crate) struct Ledger {
    clock: AtomicU64,
    /// Fates by the name under which the write was made, which no other write has.
    writes: Mutex<BTreeMap<String, Fate>>,
    histories: Mutex<BTreeMap<usize, Vec<Operation>>>,
    fresh: [AtomicU64; REGIONS.len()],
    reads: AtomicU64,
}

impl Ledger {
    /// A moment; each is later than the ones before.
    pub(crate) fn moment(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    /// A value that the register has never held.
    pub(crate) fn fresh(&self, register: usize) -> u64 {
        self.fresh[register].fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes down what became of a write.
    pub(crate) fn write(&self, name: String, fate: Fate) {
        let before = self.writes.lock().unwrap().insert(name, fate);
        assert_eq!(before, None, "two writes of one name");
    }

    /// Takes down an operation on a register; without an end nobody can tell what became of it.
    pub(crate) fn record(&self, register: usize, operation: Operation) {
        if matches!(operation.ask, Ask::Read(_)) {
            self.reads.fetch_add(1, Ordering::Relaxed);
        }
        self.histories.lock().unwrap().entry(register).or_default().push(operation);
    }

    /// All writes by their names.
    pub(crate) fn writes(&self) -> BTreeMap<String, Fate> {
        self.writes.lock().unwrap().clone()
    }

    /// The history of each register.
    pub(crate) fn histories(&self) -> BTreeMap<usize, Vec<Operation>> {
        self.histories.lock().unwrap().clone()
    }

    /// How many writes were acknowledged, how many are unknown, and how many reads were answered.
    pub(crate) fn counts(&self) -> (usize, usize, u64) {
        let writes = self.writes();
        let count = |wanted: fn(&Fate) -> bool| writes.values().filter(|fate| wanted(fate)).count();
        (
            count(|fate| matches!(fate, Fate::Done(_))),
            count(|fate| *fate == Fate::Unknown),
            self.reads.load(Ordering::Relaxed),
        )
    }
}
