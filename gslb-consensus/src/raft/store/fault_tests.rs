//! A disk that fails at any call, is full, or loses what was not synced.

use std::io;
use std::sync::{Arc, Mutex};

use openraft::EntryPayload;
use redb::StorageBackend;

use super::database::{Change, Contents, Database};
use crate::raft::types::{Entry, LeaderId, LogId, Proposal, Vote};

/// What the disk does from a call on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// This call and every later one fail.
    Dead,
    /// What would make the file grow or change fails.
    Full,
    /// Half of a write arrives, then nothing does.
    Torn,
}

/// A disk in memory, which knows what was synced.
#[derive(Debug, Default)]
struct State {
    synced: Vec<u8>,
    now: Vec<u8>,
    /// Writes since the last sync.
    unsynced: Vec<(usize, Vec<u8>)>,
    calls: usize,
    fault: Option<(usize, Fault)>,
}

#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<State>>);

fn broken() -> io::Error {
    io::Error::from_raw_os_error(5)
}

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

impl Disk {
    fn with(fault: Option<(usize, Fault)>) -> Self {
        Self(Arc::new(Mutex::new(State { fault, ..State::default() })))
    }

    /// What is left after a power cut: of the unsynced writes those whose bit is set in `kept`.
    fn after_a_cut(&self, kept: u64) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        let mut bytes = state.synced.clone();
        for (number, (at, data)) in state.unsynced.iter().enumerate() {
            if kept & (1 << (number % 64)) != 0 {
                put(&mut bytes, *at, data);
            }
        }
        // A length is set at once or not at all; redb reads what lies behind as zeros.
        if kept & 1 != 0 {
            bytes.resize(state.now.len(), 0);
        }
        bytes
    }
}

impl State {
    /// Counts a call; the fault that holds for it.
    fn call(&mut self) -> Option<Fault> {
        self.calls += 1;
        self.fault.filter(|(from, _)| self.calls > *from).map(|(_, fault)| fault)
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.0.lock().unwrap().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        if state.call() == Some(Fault::Dead) {
            return Err(broken());
        }
        let at = offset as usize;
        let there = state.now.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(there);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        match state.call() {
            None => state.now.resize(len as usize, 0),
            Some(Fault::Full) => return Err(io::ErrorKind::StorageFull.into()),
            Some(_) => return Err(broken()),
        }
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        match state.call() {
            None | Some(Fault::Full) => {
                state.synced = state.now.clone();
                state.unsynced.clear();
                Ok(())
            }
            Some(_) => Err(broken()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        let at = offset as usize;
        let fault = state.call();
        let arrives = match fault {
            None => data,
            Some(Fault::Torn) => &data[..data.len() / 2],
            Some(_) => &[],
        };
        put(&mut state.now, at, arrives);
        state.unsynced.push((at, arrives.to_vec()));
        match fault {
            None => Ok(()),
            Some(Fault::Full) => Err(io::ErrorKind::StorageFull.into()),
            Some(_) => Err(broken()),
        }
    }
}

fn log_id(term: u64, index: u64) -> LogId {
    LogId { leader_id: LeaderId { term, node_id: 1 }, index }
}

fn entries(term: u64, indexes: std::ops::Range<u64>) -> Vec<Entry> {
    let payload = |index| {
        EntryPayload::Normal(Proposal(vec![index as u8; 200 + 3_000 * (index as usize % 3)].into()))
    };
    indexes.map(|index| Entry { log_id: log_id(term, index), payload: payload(index) }).collect()
}

/// One commit each, of every kind of change.
fn script() -> Vec<Change> {
    let vote =
        |term| Change::Vote(Vote { leader_id: LeaderId { term, node_id: 1 }, committed: true });
    vec![
        vote(1),
        Change::Append(entries(1, 0..6)),
        Change::Committed(Some(log_id(1, 3))),
        vote(2),
        Change::TruncateFrom(5),
        Change::Append(entries(2, 5..30)),
        Change::Purge(log_id(2, 20)),
        Change::Append(entries(2, 30..34)),
    ]
}

/// What the log holds after each commit, on a good disk; and how many calls that takes.
fn on_a_good_disk() -> (Vec<Contents>, usize) {
    let disk = Disk::with(None);
    let database = Database::on(disk.clone()).unwrap();
    let mut states = vec![Contents::default()];
    for change in &script() {
        database.commit([change]).unwrap();
        states.push(database.contents().unwrap());
    }
    let calls = disk.0.lock().unwrap().calls;
    (states, calls)
}

/// Runs the script until the disk fails; how many commits were acknowledged.
fn run(disk: &Disk) -> usize {
    let Ok(database) = Database::on(disk.clone()) else { return 0 };
    script().iter().take_while(|change| database.commit([*change]).is_ok()).count()
}

#[test]
fn whatever_call_fails_nothing_acknowledged_is_lost() {
    let (states, calls) = on_a_good_disk();
    assert!(calls > 50, "{calls}");
    for fault in [Fault::Dead, Fault::Full, Fault::Torn] {
        for from in 0..calls {
            let disk = Disk::with(Some((from, fault)));
            let acknowledged = run(&disk);
            for kept in [0, u64::MAX, 0x5555_5555_5555_5555, 0x9249_2492_4924_9249] {
                let found = Database::read(&disk.after_a_cut(kept));
                let what = format!("{fault:?} from call {from}, kept {kept:x}");
                match found {
                    // The commit that was under way may be there too: nobody was told that it is not.
                    Ok((found, _)) => {
                        let close = &states[acknowledged..(acknowledged + 2).min(states.len())];
                        assert!(close.contains(&found), "{what}: {acknowledged} acknowledged");
                    }
                    Err(why) => assert_eq!(acknowledged, 0, "{what}: {why}"),
                }
            }
        }
    }
}

#[test]
fn a_full_disk_keeps_all_and_takes_more_once_there_is_room() {
    let (states, calls) = on_a_good_disk();
    let disk = Disk::with(Some((calls / 2, Fault::Full)));
    let acknowledged = run(&disk);
    assert!(acknowledged > 0 && acknowledged < script().len(), "{acknowledged}");
    disk.0.lock().unwrap().fault = None;
    let database = Database::on(disk).unwrap();
    let found = database.contents().unwrap();
    let at = states.iter().position(|state| *state == found).unwrap();
    assert!(at == acknowledged || at == acknowledged + 1);
    for change in script().iter().skip(at) {
        database.commit([change]).unwrap();
    }
    assert_eq!(database.contents().unwrap(), states[states.len() - 1]);
}

#[test]
fn a_smaller_file_holds_the_same_whatever_call_fails() {
    let shrunk = |from: Option<usize>| {
        let disk = Disk::with(None);
        let mut database = Database::on(disk.clone()).unwrap();
        for change in &script() {
            database.commit([change]).unwrap();
        }
        let before = database.contents().unwrap();
        let calls = disk.0.lock().unwrap().calls;
        disk.0.lock().unwrap().fault = from.map(|from| (calls + from, Fault::Full));
        let done = database.compact().is_ok();
        let calls = disk.0.lock().unwrap().calls - calls;
        for kept in [0, u64::MAX, 0x5555_5555_5555_5555] {
            let (found, _) = Database::read(&disk.after_a_cut(kept)).unwrap();
            assert_eq!(found, before, "full from call {from:?}, kept {kept:x}");
        }
        (done, calls)
    };
    let (done, calls) = shrunk(None);
    assert!(done && calls > 0);
    for from in 0..calls {
        shrunk(Some(from));
    }
}
