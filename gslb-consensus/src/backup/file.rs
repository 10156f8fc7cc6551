//! The bytes of a backup.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use serde::{Deserialize, Serialize};

use super::BackupError;
use crate::identity::write_atomic;
use crate::state::{Revision, State};

/// What a backup begins with; the last character is the version of the layout.
const MAGIC: &[u8; 8] = b"GSLBBAK1";

/// Permission bits of a backup: it tells all of the traffic, if no secret.
const MODE: u32 = 0o600;

/// What a backup says of itself; later versions may add fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's unique id.
    pub cluster_uuid: String,
    /// The name of the node that wrote it.
    pub node: String,
    /// That node's software.
    pub version: String,
    /// When, ms since 1970 by that node's clock.
    pub made_ms: u64,
    /// The history of the state.
    pub history: u32,
    /// The log index of the state.
    pub index: u64,
}

/// One agreed state, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// What it says of itself.
    pub about: About,
    /// The state.
    pub state: State,
}

impl About {
    /// Which state it is.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision { history: self.history, index: self.index }
    }
}

impl Backup {
    /// The bytes, the hash over all of them last.
    ///
    /// # Errors
    /// What it says of itself has no text form.
    pub fn encode(&self) -> Result<Vec<u8>, BackupError> {
        let about = toml::to_string(&self.about)
            .map_err(|error| BackupError::Damaged(error.to_string()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&u32::try_from(about.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(about.as_bytes());
        let state = self.state.encode();
        bytes.extend_from_slice(&(state.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&state);
        let hash = digest(&SHA256, &bytes);
        bytes.extend_from_slice(hash.as_ref());
        Ok(bytes)
    }

    /// Reads what [`Self::encode`] wrote; fails if a bit is not as it was written.
    ///
    /// # Errors
    /// The bytes are damaged, no backup, or of a version that is not known.
    pub fn decode(bytes: &[u8]) -> Result<Self, BackupError> {
        let damaged = |why: &str| BackupError::Damaged(why.to_owned());
        let short = || damaged("it ends early");
        let (content, hash) = bytes.split_last_chunk::<SHA256_OUTPUT_LEN>().ok_or_else(short)?;
        if !content.starts_with(MAGIC) {
            return Err(match content.starts_with(b"GSLBBAK") {
                true => BackupError::Unknown("its layout is of a later version".to_owned()),
                false => damaged("it does not begin as a backup does"),
            });
        }
        if digest(&SHA256, content).as_ref() != hash {
            return Err(damaged("its hash does not fit"));
        }
        let rest = content.get(MAGIC.len()..).ok_or_else(short)?;
        let (len, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let len = u32::from_le_bytes(*len) as usize;
        let (about, rest) = rest.split_at_checked(len).ok_or_else(short)?;
        let (len, state) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        if u64::from_le_bytes(*len) != state.len() as u64 {
            return Err(short());
        }
        let about = std::str::from_utf8(about).map_err(|_| damaged("its head is no text"))?;
        let about: About = toml::from_str(about)
            .map_err(|error| BackupError::Unknown(error.message().to_owned()))?;
        let state =
            State::decode(state).map_err(|error| BackupError::Unknown(error.to_string()))?;
        if state.revision() != about.revision() {
            return Err(damaged("it is of another revision than it says"));
        }
        Ok(Self { about, state })
    }

    /// The hash of a whole backup's bytes, in hexadecimal: its last bytes.
    #[must_use]
    pub fn hash_of(bytes: &[u8]) -> String {
        let from = bytes.len().saturating_sub(SHA256_OUTPUT_LEN);
        bytes.iter().skip(from).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or is of a version that is not known.
    pub fn load(path: &Path) -> Result<Self, BackupError> {
        let bytes = std::fs::read(path)
            .map_err(|source| BackupError::File { path: path.to_path_buf(), source })?;
        Self::decode(&bytes)
    }

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    /// The bytes are no whole backup, or the file cannot be written.
    pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<Self, BackupError> {
        let backup = Self::decode(bytes)?;
        write_atomic(path, bytes, MODE)
            .map_err(|source| BackupError::File { path: path.to_path_buf(), source })?;
        Ok(backup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup() -> Backup {
        let about = About {
            cluster: "lab".to_owned(),
            cluster_uuid: "0123".to_owned(),
            node: "n1".to_owned(),
            version: "0.1.0".to_owned(),
            made_ms: 1_700_000_000_000,
            history: 2,
            index: 42,
        };
        Backup { about, state: State { history: 2, index: 42, ..State::default() } }
    }

    #[test]
    fn what_was_written_is_read_and_every_flipped_bit_is_found() {
        let good = backup().encode().unwrap();
        assert_eq!(Backup::decode(&good).unwrap(), backup());
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Backup::decode(&bad).is_err(), "bit {bit}");
        }
        for len in 0..good.len() {
            assert!(Backup::decode(&good[..len]).is_err(), "length {len}");
        }
    }

    #[test]
    fn the_head_of_version_1_is_golden() {
        let good = backup().encode().unwrap();
        let head = "GSLBBAK1\u{73}\0\0\0cluster = \"lab\"\ncluster_uuid = \"0123\"\nnode = \"n1\"\n\
                    version = \"0.1.0\"\nmade_ms = 1700000000000\nhistory = 2\nindex = 42\n";
        let text: String = good.iter().map(|byte| *byte as char).collect();
        assert!(text.starts_with(head), "{text:?}");
        assert_eq!(Backup::hash_of(&good).len(), 64);
    }

    #[test]
    fn a_later_layout_is_told_apart_from_damage() {
        let mut later = backup().encode().unwrap();
        later[7] = b'2';
        assert!(matches!(Backup::decode(&later), Err(BackupError::Unknown(_))));
        assert!(matches!(Backup::decode(b"no"), Err(BackupError::Damaged(_))));
    }

    #[test]
    fn a_file_is_written_whole_and_only_for_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lab.gslb");
        Backup::write_bytes(&path, b"torn").unwrap_err();
        assert!(!path.exists());
        Backup::write_bytes(&path, &backup().encode().unwrap()).unwrap();
        assert_eq!(Backup::load(&path).unwrap(), backup());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
