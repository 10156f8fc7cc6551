//! Where the log of a folder lies: in a file, or on the disk of a simulation.

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use redb::Builder;

use crate::raft::simulation::{Backend, Disk};

/// Where the log of a folder lies.
pub(super) enum LogFile {
    /// In a file of the folder.
    File(PathBuf),
    /// On the disk of a simulation.
    Simulated(Arc<dyn Disk>),
}

impl LogFile {
    /// Its first bytes, `most` of them if there are so many; none: there is no log.
    pub(super) fn head(&self, most: usize) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::File(path) if std::fs::metadata(path).is_ok_and(|meta| meta.len() > 0) => {
                let mut head = Vec::with_capacity(most);
                std::fs::File::open(path)?.take(most as u64).read_to_end(&mut head)?;
                Ok(Some(head))
            }
            Self::File(_) => Ok(None),
            Self::Simulated(disk) => {
                let len = usize::try_from(disk.len()?).unwrap_or(usize::MAX);
                let mut head = vec![0; len.min(most)];
                disk.read(0, &mut head)?;
                Ok((len > 0).then_some(head))
            }
        }
    }

    /// Opens it; it is made if there is none.
    pub(super) fn open(&self, builder: &Builder) -> Result<redb::Database, redb::DatabaseError> {
        match self {
            Self::File(path) => builder.create(path),
            Self::Simulated(disk) => builder.create_with_backend(Backend(Arc::clone(disk))),
        }
    }
}
