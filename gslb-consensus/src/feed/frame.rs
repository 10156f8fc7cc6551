//! The messages of the feed, and their bytes.
//!
//! ```text
//! length u32 (little endian) | Frame, as postcard writes it
//! ```

use super::mark::Mark;
use super::object::{Key, Object};
use crate::state::Revision;
use serde::{Deserialize, Serialize};

/// Longest frame: the largest zone with room to spare.
pub(super) const FRAME_MAX: usize = 256 << 20;

/// A message of the feed. The order is part of the format: add at the end only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Frame {
    /// The first one: who feeds.
    Hello(Hello),
    /// Objects follow: what changed since a revision, or all of them.
    Begin {
        /// The revision that they lead on from; none: they are all that there is.
        from: Option<Revision>,
    },
    /// Objects that are no more, and objects as they are now.
    Objects {
        /// Which are no more.
        gone: Vec<Key>,
        /// Which are new or changed.
        put: Vec<Object>,
    },
    /// The objects are complete; they lead to this.
    Commit(Mark),
    /// Each second.
    Beat(Beat),
    /// Which place data the sender decides by, with every change of it.
    Places(Places),
}

/// Who feeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The cluster's unique id.
    pub cluster_uuid: String,
    /// The sender's software.
    pub version: String,
}

/// Where the sender is, each second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Where its serving state stands.
    pub mark: Mark,
    /// How long ago it knew of a quorum, ms; none: not since it started.
    pub quorum_age_ms: Option<u64>,
    /// The nodes that the feed went through, a member first, the sender last.
    pub path: Vec<Station>,
}

/// A node that the feed went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// Which place data the sender decides by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Equal ids mean equal data.
    pub edition: String,
    /// What it is, for people.
    pub label: String,
    /// Its files, in their order; none: the built-in table.
    pub files: Vec<PlaceFile>,
}

/// One file of place data, named by its content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlaceFile {
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
    /// Its length in bytes.
    pub bytes: u64,
    /// Its name, for people.
    pub name: String,
}

impl Frame {
    /// Its bytes, behind those that are there already.
    pub fn append(&self, bytes: &mut Vec<u8>) {
        let at = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        // Only a value without a length of its own could fail, and there is none.
        let body = postcard::to_stdvec(self).unwrap_or_default();
        bytes.extend_from_slice(&body);
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        if let Some(head) = bytes.get_mut(at..at + 4) {
            head.copy_from_slice(&length.to_le_bytes());
        }
    }

    /// The bytes of several, one behind the other.
    #[must_use]
    pub fn encode_all(frames: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| frame.append(&mut bytes));
        bytes
    }
}

/// Cuts a stream of bytes into frames.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Bytes at the front that were read already.
    read: usize,
}

impl Frames {
    /// Takes bytes in as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.read > 0 {
            self.bytes.drain(..self.read);
            self.read = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, once all of it is there.
    ///
    /// # Errors
    /// It is longer than any frame is, or nothing of this version.
    pub fn cut(&mut self) -> Result<Option<Frame>, String> {
        let Some(rest) = self.bytes.get(self.read..) else { return Ok(None) };
        let Some((head, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > FRAME_MAX {
            return Err(format!("a frame of {length} bytes is longer than any may be"));
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let frame = match postcard::take_from_bytes(body) {
            Ok((frame, [])) => frame,
            Ok(_) => return Err("a frame has bytes too many".to_owned()),
            Err(error) => return Err(format!("a frame cannot be read: {error}")),
        };
        self.read += 4 + length;
        Ok(Some(frame))
    }
}
