//! How one value lies in the database: its checksum, then its bytes.
//!
//! redb checks its pages only in a repair or a full check, so each value carries its own CRC-32.
//! An entry's covers its index too: a value under the wrong key is found as well.

use crate::raft::types::Entry;
use crate::raft::wire::Wire;

/// Length of the checksum in front of a value.
const CRC_LEN: usize = 4;

/// An entry as a value of the log table, under its index.
pub(super) fn seal_entry(entry: &Entry) -> Result<Vec<u8>, String> {
    let term = entry.log_id.leader_id.term;
    let mut value = vec![0; CRC_LEN];
    // The term stands in front of the entry's bytes, so that it can be checked before they are read.
    value.extend_from_slice(&term.to_le_bytes());
    let mut value = entry.encode_behind(value).map_err(|error| error.to_string())?;
    if let Some((crc, content)) = value.split_first_chunk_mut::<CRC_LEN>() {
        *crc = checksum(&entry_context(entry.log_id.index, term), content).to_le_bytes();
    }
    Ok(value)
}

/// The entry of a value; fails if a bit of index, term or bytes is not as it was written.
pub(super) fn open_entry(index: u64, value: &[u8]) -> Result<Entry, String> {
    let damaged = || format!("entry {index}: its checksum does not fit");
    let term = value.get(CRC_LEN..CRC_LEN + 8).ok_or_else(damaged)?;
    let term = u64::from_le_bytes(term.try_into().map_err(|_| damaged())?);
    let content = open(&entry_context(index, term), value).ok_or_else(damaged)?;
    let body = content.get(8..).ok_or_else(damaged)?;
    let entry = Entry::decode(body).map_err(|error| format!("entry {index}: {error}"))?;
    if entry.log_id.index != index || entry.log_id.leader_id.term != term {
        return Err(format!("entry {index}: it says it is {}", entry.log_id));
    }
    Ok(entry)
}

/// A value of the meta table, under its name.
pub(super) fn seal_meta(name: &str, body: &[u8]) -> Vec<u8> {
    seal(name.as_bytes(), body)
}

/// The bytes of a value of the meta table.
pub(super) fn open_meta<'a>(name: &str, value: &'a [u8]) -> Result<&'a [u8], String> {
    open(name.as_bytes(), value).ok_or_else(|| format!("\"{name}\": its checksum does not fit"))
}

/// What an entry's checksum covers beside its bytes.
fn entry_context(index: u64, term: u64) -> [u8; 16] {
    let mut context = [0; 16];
    let (first, second) = context.split_at_mut(8);
    first.copy_from_slice(&index.to_le_bytes());
    second.copy_from_slice(&term.to_le_bytes());
    context
}

/// Puts the checksum over context and content in front of the content.
fn seal(context: &[u8], content: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(CRC_LEN + content.len());
    value.extend_from_slice(&checksum(context, content).to_le_bytes());
    value.extend_from_slice(content);
    value
}

/// The content, if its checksum fits.
fn open<'a>(context: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (crc, content) = value.split_first_chunk::<CRC_LEN>()?;
    (u32::from_le_bytes(*crc) == checksum(context, content)).then_some(content)
}

/// CRC-32 over both parts.
fn checksum(context: &[u8], content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(context);
    hasher.update(content);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::types::{LeaderId, LogId, Proposal};
    use openraft::EntryPayload;

    #[test]
    fn every_flipped_bit_and_every_wrong_index_is_found() {
        let log_id = LogId { leader_id: LeaderId { term: 2, node_id: 1 }, index: 7 };
        let payload = EntryPayload::Normal(Proposal(b"hello".to_vec().into()));
        let entry = Entry { log_id, payload };
        let value = seal_entry(&entry).unwrap();
        assert_eq!(open_entry(7, &value).unwrap(), entry);
        assert!(open_entry(8, &value).is_err());
        for bit in 0..value.len() * 8 {
            let mut damaged = value.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(open_entry(7, &damaged).is_err(), "bit {bit}");
        }
        for len in 0..value.len() {
            assert!(open_entry(7, &value[..len]).is_err(), "length {len}");
        }
    }
}
