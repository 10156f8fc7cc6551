//! One static resource record.

use super::name::DnsName;
use serde::{Deserialize, Serialize};

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

/// One static resource record of class IN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Owner name.
    pub owner: DnsName,
    /// RR type.
    pub rtype: u16,
    /// TTL, seconds; equal in an RRset (RFC 2181 5.2).
    pub ttl: u32,
    /// RDATA on the wire, names in it uncompressed.
    pub rdata: Vec<u8>,
}
