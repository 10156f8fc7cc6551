//! One static resource record.

use super::name::DnsName;
use super::wire_name;
use std::cmp::Ordering;

/// RR types that the model has rules about.
pub mod rtype {
    #![allow(missing_docs, reason = "the IANA names")]
    pub const A: u16 = 1;
    pub const NS: u16 = 2;
    pub const CNAME: u16 = 5;
    pub const SOA: u16 = 6;
    pub const AAAA: u16 = 28;
    pub const DS: u16 = 43;
}

/// One static resource record of class IN that is being put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Owner name.
    pub owner: DnsName,
    /// RR type.
    pub rtype: u16,
    /// TTL, seconds.
    pub ttl: u32,
    /// RDATA on the wire, names in it uncompressed.
    pub rdata: Vec<u8>,
}

impl Record {
    /// The record as it stands in a zone.
    #[must_use]
    pub fn as_ref(&self) -> RecordRef<'_> {
        let (owner, rdata) = (self.owner.wire(), self.rdata.as_slice());
        RecordRef { owner, rtype: self.rtype, ttl: self.ttl, rdata }
    }
}

/// One static resource record of class IN, where it lies in its zone's [`Records`](super::zone::Records).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// Owner name: wire form, lower case.
    pub owner: &'a [u8],
    /// RR type.
    pub rtype: u16,
    /// TTL, seconds; equal in an RRset (RFC 2181 5.2).
    pub ttl: u32,
    /// RDATA on the wire, names in it uncompressed.
    pub rdata: &'a [u8],
}

impl RecordRef<'_> {
    /// The owner as a name of its own.
    #[must_use]
    pub fn owner_name(&self) -> DnsName {
        DnsName::from_known(self.owner)
    }

    /// Whether the owner is `name` or lies below it.
    #[must_use]
    pub fn is_in(&self, name: &DnsName) -> bool {
        wire_name::is_in(self.owner, name.wire())
    }

    /// Whether the owner lies below that of `other`, or is the same.
    pub(super) fn is_below(&self, other: &RecordRef<'_>) -> bool {
        wire_name::is_in(self.owner, other.owner)
    }

    /// The order of the records in a zone: by owner (RFC 4034 6.1), type and RDATA.
    pub(super) fn compare(&self, other: &RecordRef<'_>) -> Ordering {
        wire_name::compare(self.owner, other.owner)
            .then_with(|| self.rtype.cmp(&other.rtype))
            .then_with(|| self.rdata.cmp(other.rdata))
    }

    /// Whether both are of one RRset.
    pub(super) fn is_beside(&self, other: &RecordRef<'_>) -> bool {
        self.rtype == other.rtype && self.owner == other.owner
    }
}
