//! The numbers of the DNS registries that this program names.

/// Record and query types.
pub mod rtype {
    /// An IPv4 address.
    pub const A: u16 = 1;
    /// A name server of a zone, or of a delegated one.
    pub const NS: u16 = 2;
    /// An alias.
    pub const CNAME: u16 = 5;
    /// The start of a zone.
    pub const SOA: u16 = 6;
    /// A pointer to another name.
    pub const PTR: u16 = 12;
    /// Used for ANY at names that have nothing else (RFC 8482).
    pub const HINFO: u16 = 13;
    /// A mail exchanger.
    pub const MX: u16 = 15;
    /// Text.
    pub const TXT: u16 = 16;
    /// An IPv6 address.
    pub const AAAA: u16 = 28;
    /// A service location.
    pub const SRV: u16 = 33;
    /// The EDNS pseudo record (RFC 6891).
    pub const OPT: u16 = 41;
    /// Delegation signer: it lives at the parent's side of a cut.
    pub const DS: u16 = 43;
    /// Service binding.
    pub const SVCB: u16 = 64;
    /// Service binding of HTTPS; browsers ask it with every A.
    pub const HTTPS: u16 = 65;
    /// Key negotiation: the first of the types that mean an operation, not data.
    pub const TKEY: u16 = 249;
    /// A signature of the message itself (RFC 8945).
    pub const TSIG: u16 = 250;
    /// Incremental transfer.
    pub const IXFR: u16 = 251;
    /// Full transfer: the last of the types that mean an operation.
    pub const AXFR: u16 = 252;
    /// Any type (RFC 8482: one RRset is enough).
    pub const ANY: u16 = 255;
}

/// Classes.
pub mod class {
    /// The Internet.
    pub const IN: u16 = 1;
    /// Chaos: used to ask a server who it is.
    pub const CH: u16 = 3;
}

/// Response codes, with the upper bits that travel in the OPT record.
pub mod rcode {
    /// No error.
    pub const NOERROR: u16 = 0;
    /// The query could not be read.
    pub const FORMERR: u16 = 1;
    /// The server failed.
    pub const SERVFAIL: u16 = 2;
    /// The name does not exist.
    pub const NXDOMAIN: u16 = 3;
    /// The operation is not implemented.
    pub const NOTIMP: u16 = 4;
    /// The server will not answer this.
    pub const REFUSED: u16 = 5;
    /// The EDNS version is not implemented (RFC 6891 6.1.3).
    pub const BADVERS: u16 = 16;
}

/// EDNS option codes.
pub mod option {
    /// Which server answered (RFC 5001).
    pub const NSID: u16 = 3;
    /// The client's subnet (RFC 7871).
    pub const SUBNET: u16 = 8;
    /// Why the answer is as it is (RFC 8914).
    pub const EDE: u16 = 15;
}

/// Extended DNS errors (RFC 8914).
pub mod ede {
    /// The node has been cut off for long: the answer is from the last agreed state.
    pub const STALE_ANSWER: u16 = 3;
    /// The node serves no zone that holds this name.
    pub const NOT_AUTHORITATIVE: u16 = 20;
}
