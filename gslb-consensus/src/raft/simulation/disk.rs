//! A disk that is made of code.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redb::StorageBackend;

/// What takes the bytes of a node's log instead of a file.
pub trait Disk: Debug + Send + Sync {
    /// How many bytes there are.
    fn len(&self) -> io::Result<u64>;

    /// Whether there is nothing yet.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `out` from a place on; all of it is there.
    fn read(&self, at: u64, out: &mut [u8]) -> io::Result<()>;

    /// Makes it so long; what is new is zero.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes what was written outlive a loss of power.
    fn sync(&self) -> io::Result<()>;

    /// Writes at a place.
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// How long the next commit takes.
    fn delay(&self) -> Duration;
}

/// The disk as redb wants it.
#[derive(Debug)]
pub(crate) struct Backend(pub(crate) Arc<dyn Disk>);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}
