//! The last serving state in one file, for a start with nobody reachable.
//!
//! ```text
//! "GSLBSRV1" | frames: Begin, Objects .., Commit, as the feed has them | SHA-256 of all before
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use crate::feed::{Assembly, Frame, Frames, Serving};
use crate::identity::write_atomic;

/// What the file begins with; the last character is the version of its layout.
const MAGIC: &[u8; 8] = b"GSLBSRV1";

/// Permission bits: it tells all of the traffic, if no secret.
const MODE: u32 = 0o600;

/// The last serving state in one file.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    path: PathBuf,
}

impl Store {
    /// The store of a data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { path: data.join("serving.gslb") }
    }

    /// The state that was stored; none if there is none, or none that is sound.
    ///
    /// What is damaged is laid aside under a name of its own, and the log says so.
    ///
    /// # Errors
    /// The file is there, but the system does not let it be read or laid aside.
    pub(crate) fn load(&self) -> io::Result<Option<Serving>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match decode(&bytes) {
            Ok(serving) => Ok(Some(serving)),
            Err(why) => {
                let aside = self.path.with_extension("damaged");
                let (file, aside_text) = (self.path.display(), aside.display());
                tracing::error!(
                    %file, why, aside = %aside_text,
                    "the stored serving state is of no use and laid aside: \
                     DNS stays closed until there is a new one"
                );
                fs::rename(&self.path, &aside)?;
                Ok(None)
            }
        }
    }

    /// Stores a state, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self, serving: &Serving) -> io::Result<()> {
        write_atomic(&self.path, &encode(serving), MODE)
    }
}

fn encode(serving: &Serving) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    serving.frames().iter().for_each(|frame| frame.append(&mut bytes));
    let hash = digest(&SHA256, &bytes);
    bytes.extend_from_slice(hash.as_ref());
    bytes
}

fn decode(bytes: &[u8]) -> Result<Serving, String> {
    let short = || "it ends early".to_owned();
    let (content, hash) = bytes.split_last_chunk::<SHA256_OUTPUT_LEN>().ok_or_else(short)?;
    let Some(frames) = content.strip_prefix(MAGIC) else {
        return Err(match content.starts_with(b"GSLBSRV") {
            true => "its layout is of a later version".to_owned(),
            false => "it does not begin as such a file does".to_owned(),
        });
    };
    if digest(&SHA256, content).as_ref() != hash {
        return Err("its hash does not fit".to_owned());
    }
    let (mut cutter, mut assembly) = (Frames::default(), Assembly::default());
    cutter.feed(frames);
    while let Some(frame) = cutter.cut()? {
        if !matches!(frame, Frame::Begin { .. } | Frame::Objects { .. } | Frame::Commit(_)) {
            return Err("it holds what is no state".to_owned());
        }
        assembly.take(frame).map_err(|fault| fault.to_string())?;
    }
    assembly.serving().cloned().ok_or_else(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{NodeRecord, State};
    use std::sync::Arc;

    fn serving() -> Serving {
        let record = NodeRecord { name: "n1".into(), raft: "r:1".into(), api: "a:1".into() };
        let mut state = State { history: 2, index: 42, time_ms: 7, ..State::default() };
        Arc::make_mut(&mut state.nodes).insert(1, record);
        Serving::of(&state)
    }

    #[test]
    fn what_was_stored_is_read_and_every_flipped_bit_is_found() {
        let good = encode(&serving());
        assert_eq!(decode(&good).unwrap(), serving());
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bad).is_err(), "bit {bit}");
        }
        for length in 0..good.len() {
            assert!(decode(&good[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn what_is_damaged_is_laid_aside_and_a_new_one_takes_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        assert!(store.load().unwrap().is_none());
        store.save(&serving()).unwrap();
        assert_eq!(store.load().unwrap(), Some(serving()));
        fs::write(dir.path().join("serving.gslb"), "torn").unwrap();
        assert!(store.load().unwrap().is_none());
        assert_eq!(fs::read(dir.path().join("serving.damaged")).unwrap(), b"torn");
        assert!(store.load().unwrap().is_none());
        store.save(&serving()).unwrap();
        assert_eq!(store.load().unwrap(), Some(serving()));
    }
}
