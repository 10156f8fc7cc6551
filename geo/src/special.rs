//! The IPv6 spaces whose addresses stand for an IPv4 host.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Where in an address of such a space the IPv4 address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Embedded {
    /// The IPv4 host that the address stands for.
    pub(crate) host: Ipv4Addr,
    /// The bits before the IPv4 address: what an IPv4 prefix length grows by when told in IPv6.
    offset: u8,
    /// The length of the space's prefix; in Teredo there are other bits between it and the IPv4
    /// address.
    space: u8,
}

impl Embedded {
    /// The length in IPv6 of the prefix of length `v4_length` around the host: all of IPv4 is all
    /// of the space.
    pub(crate) fn length(self, v4_length: u8) -> u8 {
        if v4_length == 0 { self.space } else { self.offset + v4_length }
    }
}

/// The spaces as (first address, length): v4-mapped (RFC 4291 2.5.5.2), NAT64 (RFC 6052 2.1),
/// Teredo (RFC 4380) and 6to4 (RFC 3056).
pub(crate) const SPACES: [(u128, u8); 4] =
    [(0xFFFF_0000_0000, 96), (0x0064_FF9B << 96, 96), (0x2001_0000 << 96, 32), (0x2002 << 112, 16)];

/// The IPv4 host that `address` stands for, if it lies in one of the spaces.
pub(crate) fn embedded(address: Ipv6Addr) -> Option<Embedded> {
    let bits = address.to_bits();
    let top = (bits >> 112) as u16;
    // Nearly every address leaves here: all spaces lie in these four /16.
    if !matches!(top, 0 | 0x0064 | 0x2001 | 0x2002) {
        return None;
    }
    let low = bits as u32;
    let (host, offset, space) = match top {
        0x2002 => ((bits >> 80) as u32, 16, 16),
        // Teredo stores the client's address inverted (RFC 4380 4).
        0x2001 if (bits >> 96) as u16 == 0 => (!low, 96, 32),
        0 if bits >> 32 == 0xFFFF => (low, 96, 96),
        0x0064 if bits >> 32 == 0x0064_FF9B << 64 => (low, 96, 96),
        _ => return None,
    };
    Some(Embedded { host: Ipv4Addr::from_bits(host), offset, space })
}

/// The shortest length of a prefix around `address`, itself in none of the spaces, that reaches
/// into none of them.
pub(crate) fn shortest_length_outside(address: Ipv6Addr) -> u8 {
    let common = |(first, _): &(u128, u8)| (first ^ address.to_bits()).leading_zeros() as u8;
    SPACES.iter().map(common).max().map_or(0, |shared| shared + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_space_gives_its_ipv4_host() {
        let table = [
            ("::ffff:192.0.2.33", Some(96)),
            ("64:ff9b::192.0.2.33", Some(96)),
            ("2002:c000:221::1", Some(16)),
            ("2001:0:4136:e378:8000:63bf:3fff:fdde", Some(96)),
            ("::192.0.2.33", None),
            ("64:ff9b:1::192.0.2.33", None),
            ("2001:1::1", None),
            ("2001:db8::1", None),
            ("::fffe:192.0.2.33", None),
        ];
        for (text, offset) in table {
            let found = embedded(text.parse().unwrap());
            assert_eq!(found.map(|inner| inner.length(24)), offset.map(|o: u8| o + 24), "{text}");
            assert!(found.is_none_or(|inner| inner.host == Ipv4Addr::new(192, 0, 2, 33)), "{text}");
        }
    }

    #[test]
    fn a_prefix_of_the_shortest_length_outside_holds_no_special_address() {
        for (text, length) in [("::1", 81), ("2003::", 16), ("2001:1::", 32), ("8000::", 1)] {
            assert_eq!(shortest_length_outside(text.parse().unwrap()), length, "{text}");
        }
    }
}
