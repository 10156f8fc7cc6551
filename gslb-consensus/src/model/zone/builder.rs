//! Puts the records of a zone together.

use super::records::{Records, record_at};
use crate::model::record::RecordRef;
use std::cmp::Ordering;
use std::fmt;

/// Collects records in any order and packs them.
#[derive(Debug, Default)]
pub struct RecordsBuilder {
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

/// Why records cannot be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackError {
    /// RDATA longer than 65,535 bytes.
    Rdata,
    /// A zone of more than 4 GiB.
    Zone,
    /// A serial form that is not in canonical order, repeats a record, or has an RRset of two TTLs.
    Order,
}

impl RecordsBuilder {
    /// Adds a record; its owner is a whole lower-cased name.
    ///
    /// # Errors
    /// [`PackError::Rdata`], [`PackError::Zone`]; nothing is added then.
    pub fn push(&mut self, record: RecordRef<'_>) -> Result<(), PackError> {
        let rdata_length = u16::try_from(record.rdata.len()).map_err(|_| PackError::Rdata)?;
        let start = u32::try_from(self.bytes.len()).map_err(|_| PackError::Zone)?;
        let owner_length = u8::try_from(record.owner.len()).map_err(|_| PackError::Zone)?;
        self.bytes.push(owner_length);
        self.bytes.extend_from_slice(record.owner);
        self.bytes.extend_from_slice(&record.rtype.to_be_bytes());
        self.bytes.extend_from_slice(&record.ttl.to_be_bytes());
        self.bytes.extend_from_slice(&rdata_length.to_be_bytes());
        self.bytes.extend_from_slice(record.rdata);
        self.starts.push(start);
        Ok(())
    }

    /// The records in canonical order, each once, every RRset with the smallest TTL in it (RFC 2181 5.2).
    #[must_use]
    pub fn finish(mut self) -> Records {
        if self.is_ordered() {
            return Records::from_ordered(self.bytes, self.starts);
        }
        let Self { bytes, starts } = &mut self;
        let read = |start: &u32| record_at(bytes, *start);
        starts.sort_unstable_by(|a, b| match (read(a), read(b)) {
            (Some(a), Some(b)) => a.compare(&b),
            // Each start is that of a whole record.
            _ => a.cmp(b),
        });
        let mut packed = Self {
            bytes: Vec::with_capacity(bytes.len()),
            starts: Vec::with_capacity(starts.len()),
        };
        let beside = |a: &u32, b: &u32| read(a).zip(read(b)).is_some_and(|(a, b)| a.is_beside(&b));
        for set in starts.chunk_by(beside) {
            let ttl = set.iter().filter_map(read).map(|r| r.ttl).min().unwrap_or_default();
            let mut last = None;
            for record in set.iter().filter_map(read) {
                if last.replace(record.rdata) != Some(record.rdata) {
                    // What was packed once fits again.
                    let _ = packed.push(RecordRef { ttl, ..record });
                }
            }
        }
        Records::from_ordered(packed.bytes, packed.starts)
    }

    /// The records, if they were added as they stand in a zone.
    ///
    /// # Errors
    /// [`PackError::Order`]
    pub fn finish_ordered(self) -> Result<Records, PackError> {
        if self.is_ordered() {
            Ok(Records::from_ordered(self.bytes, self.starts))
        } else {
            Err(PackError::Order)
        }
    }

    /// Whether the records are in canonical order, each once, with one TTL in each RRset.
    fn is_ordered(&self) -> bool {
        let records = || self.starts.iter().filter_map(|start| record_at(&self.bytes, *start));
        records().zip(records().skip(1)).all(|(one, next)| {
            one.compare(&next) == Ordering::Less && (one.ttl == next.ttl || !one.is_beside(&next))
        })
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rdata => "RDATA has at most 65,535 bytes",
            Self::Zone => "the records of a zone take at most 4 GiB",
            Self::Order => "the records are not in canonical order with one TTL an RRset",
        })
    }
}

impl std::error::Error for PackError {}
