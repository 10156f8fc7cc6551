//! A zone as declared.

use super::records::Records;
use crate::model::name::DnsName;
use crate::model::record::{RecordRef, rtype};
use serde::{Deserialize, Serialize};

/// A zone: its apex and its static records, in canonical order and without repetition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// The apex.
    pub name: DnsName,
    /// Every static record, sorted by owner, type and RDATA.
    pub records: Records,
}

/// What the nodes need of a SOA record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soa {
    /// TTL of the record itself, seconds.
    pub ttl: u32,
    /// The serial that the file declares.
    pub serial: u32,
    /// The MINIMUM field, seconds (RFC 2308 4).
    pub minimum: u32,
}

impl Soa {
    /// TTL of negative answers (RFC 2308 3).
    #[must_use]
    pub fn negative_ttl(self) -> u32 {
        self.ttl.min(self.minimum)
    }
}

impl Zone {
    /// The records of one owner, by type.
    pub fn records_of<'a>(
        &'a self,
        owner: &DnsName,
    ) -> impl Iterator<Item = RecordRef<'a>> + Clone + use<'a> {
        self.records.of_owner(owner)
    }

    /// The records of one owner and type.
    pub fn rrset<'a>(
        &'a self,
        owner: &DnsName,
        rtype: u16,
    ) -> impl Iterator<Item = RecordRef<'a>> + use<'a> {
        self.records_of(owner).filter(move |r| r.rtype == rtype)
    }

    /// The SOA record at the apex; checked configurations have exactly one.
    #[must_use]
    pub fn soa_record(&self) -> Option<RecordRef<'_>> {
        self.rrset(&self.name, rtype::SOA).next()
    }

    /// The fields of the SOA record.
    #[must_use]
    pub fn soa(&self) -> Option<Soa> {
        let record = self.soa_record()?;
        let tail = record.rdata.len().checked_sub(20)?;
        let field = |at: usize| -> Option<u32> {
            let bytes = record.rdata.get(tail + at..tail + at + 4)?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?))
        };
        Some(Soa { ttl: record.ttl, serial: field(0)?, minimum: field(16)? })
    }

    /// The RDATA of the SOA record with another serial.
    #[must_use]
    pub fn soa_rdata_with_serial(&self, serial: u32) -> Option<Vec<u8>> {
        let mut rdata = self.soa_record()?.rdata.to_vec();
        let at = rdata.len().checked_sub(20)?;
        rdata.get_mut(at..at + 4)?.copy_from_slice(&serial.to_be_bytes());
        Some(rdata)
    }
}
