//! The disk of one node: it knows what was synced, and can lose, delay, fail and lie.

use gslb_consensus::raft::simulation::Disk;
use gslb_tests::load::random::Random;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The disk of one node, through all of its starts.
#[derive(Clone, Debug)]
pub(crate) struct SimDisk(Arc<Mutex<Platter>>);

#[derive(Debug)]
struct Platter {
    /// What a loss of power leaves for sure.
    synced: Vec<u8>,
    /// What the running node reads.
    now: Vec<u8>,
    /// Changes since the last sync, in order; a length that was set is one without bytes.
    unsynced: Vec<(u64, Vec<u8>)>,
    random: Random,
    /// The start that may use it; whoever is from before the last crash may not.
    start: u64,
    delay_ms: (u64, u64),
    slower_ms: u64,
    fails: bool,
    lies: bool,
}

/// The disk, for one start of its node.
#[derive(Debug)]
struct Handle {
    disk: SimDisk,
    start: u64,
}

impl SimDisk {
    /// An empty disk on which a commit takes so long, ms.
    pub(crate) fn new(seed: u64, delay_ms: (u64, u64)) -> Self {
        Self(Arc::new(Mutex::new(Platter {
            synced: Vec::new(),
            now: Vec::new(),
            unsynced: Vec::new(),
            random: Random::new(seed),
            start: 0,
            delay_ms,
            slower_ms: 0,
            fails: false,
            lies: false,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    /// The disk for a node that starts now.
    pub(crate) fn attach(&self) -> Arc<dyn Disk> {
        Arc::new(Handle { disk: self.clone(), start: self.lock().start })
    }

    /// Loses power: of what was not synced some is there, some is not, and one write is torn.
    ///
    /// A disk that lied kept what it had in order, as one with a cache does, and loses the end of it.
    pub(crate) fn crash(&self) {
        let mut guard = self.lock();
        let platter = &mut *guard;
        platter.start += 1;
        let lost = std::mem::take(&mut platter.unsynced);
        let kept = platter.random.below(lost.len() + 1);
        for (number, (at, bytes)) in lost.iter().enumerate() {
            let keeps = match platter.lies {
                true => number < kept,
                false => platter.random.below(2) == 0,
            };
            let end = match platter.random.below(8) {
                0 if !platter.lies => platter.random.below(bytes.len() + 1),
                _ => bytes.len(),
            };
            if keeps {
                change(&mut platter.synced, *at, &bytes[..end]);
            }
        }
        platter.now = platter.synced.clone();
    }

    /// Has each commit take so much longer, ms.
    pub(crate) fn set_slower(&self, ms: u64) {
        self.lock().slower_ms = ms;
    }

    /// Has every write and sync fail, or no longer.
    pub(crate) fn set_fails(&self, fails: bool) {
        self.lock().fails = fails;
    }

    /// Has it say from now on that it synced, and not do so.
    pub(crate) fn set_lies(&self) {
        self.lock().lies = true;
    }
}

/// Writes bytes at a place; none: sets the length to it.
fn change(content: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let at = at as usize;
    if bytes.is_empty() {
        content.resize(at, 0);
        return;
    }
    if content.len() < at + bytes.len() {
        content.resize(at + bytes.len(), 0);
    }
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Handle {
    /// The disk, if it is there for this start and does not fail.
    fn get(&self, writes: bool) -> io::Result<MutexGuard<'_, Platter>> {
        let platter = self.disk.lock();
        if platter.start != self.start || (writes && platter.fails) {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(platter)
    }
}

impl Disk for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.get(false)?.now.len() as u64)
    }

    fn read(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.get(false)?;
        let at = at as usize;
        let there = platter.now.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(there);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.get(true)?;
        platter.now.resize(len as usize, 0);
        platter.unsynced.push((len, Vec::new()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut platter = self.get(true)?;
        if !platter.lies {
            for (at, bytes) in std::mem::take(&mut platter.unsynced) {
                change(&mut platter.synced, at, &bytes);
            }
        }
        Ok(())
    }

    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut platter = self.get(true)?;
        if !bytes.is_empty() {
            change(&mut platter.now, at, bytes);
            platter.unsynced.push((at, bytes.to_vec()));
        }
        Ok(())
    }

    fn delay(&self) -> Duration {
        let mut platter = self.disk.lock();
        let (least, most) = platter.delay_ms;
        let drawn = platter.random.below((most - least + 1) as usize) as u64;
        Duration::from_millis(least + drawn + platter.slower_ms)
    }
}
