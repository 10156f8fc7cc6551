//! EDNS Client Subnet (RFC 7871), read with the strictness of its section 7.2.1.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The subnet that a query names, kept exactly as it must be echoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientSubnet {
    family: u16,
    source: u8,
    address: [u8; 16],
}

/// The option is not as RFC 7871 demands: the query gets FORMERR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedSubnet;

impl ClientSubnet {
    /// Reads the data of the option.
    ///
    /// Refused: an unknown family, a prefix longer than the family's addresses, an address of
    /// another length than the prefix needs, bits past the prefix, and a scope in a query. Family 0
    /// with /0 and no address says "do not use my address" and is let through.
    #[inline]
    pub fn read(data: &[u8]) -> Result<Self, MalformedSubnet> {
        let (fixed, bytes) = data.split_first_chunk::<4>().ok_or(MalformedSubnet)?;
        let [f0, f1, source, scope] = *fixed;
        let family = u16::from_be_bytes([f0, f1]);
        let longest = match family {
            0 => 0,
            1 => 32,
            2 => 128,
            _ => return Err(MalformedSubnet),
        };
        if scope != 0 || source > longest || bytes.len() != usize::from(source.div_ceil(8)) {
            return Err(MalformedSubnet);
        }
        let past = match source % 8 {
            0 => 0,
            bits => 0xff >> bits,
        };
        if bytes.last().is_some_and(|last| last & past != 0) {
            return Err(MalformedSubnet);
        }
        let mut address = [0; 16];
        match bytes.len() {
            // What resolvers send: /24, /32 and /56 are copied without a call.
            3 => copy::<3>(&mut address, bytes),
            4 => copy::<4>(&mut address, bytes),
            7 => copy::<7>(&mut address, bytes),
            length => address.get_mut(..length).ok_or(MalformedSubnet)?.copy_from_slice(bytes),
        }
        Ok(Self { family, source, address })
    }

    /// The address and its prefix length; `None` if the client hides it (/0).
    #[inline]
    #[must_use]
    pub fn prefix(&self) -> Option<(IpAddr, u8)> {
        if self.source == 0 {
            return None;
        }
        let address = match (self.family, self.address) {
            (1, [a, b, c, d, ..]) => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
            (2, bytes) => IpAddr::V6(Ipv6Addr::from(bytes)),
            _ => return None,
        };
        Some((address, self.source))
    }

    /// The length of the option's data when echoed.
    #[inline]
    #[must_use]
    pub fn length(&self) -> usize {
        4 + usize::from(self.source.div_ceil(8))
    }

    /// The fixed part of the echo, with the scope of the answer; the address bytes follow it.
    #[inline]
    #[must_use]
    pub fn echo(&self, scope: u8) -> [u8; 4] {
        let [f0, f1] = self.family.to_be_bytes();
        // RFC 7871 7.2.1: a /0 source gets scope 0.
        [f0, f1, self.source, if self.source == 0 { 0 } else { scope }]
    }

    /// The address, with zeroes behind its significant bytes.
    #[inline]
    #[must_use]
    pub fn padded_address(&self) -> &[u8; 16] {
        &self.address
    }

    /// The significant bytes of the address.
    #[inline]
    #[must_use]
    pub fn address_bytes(&self) -> &[u8] {
        self.address.get(..usize::from(self.source.div_ceil(8))).unwrap_or_default()
    }
}

/// Copies the first `N` bytes, a length that the compiler knows.
#[inline]
fn copy<const N: usize>(to: &mut [u8; 16], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_reading_holds_for_every_row() {
        let cases: &[(&[u8], bool, &str)] = &[
            (&[0, 1, 24, 0, 192, 0, 2], true, "IPv4 /24"),
            (&[0, 1, 32, 0, 192, 0, 2, 1], true, "IPv4 /32"),
            (&[0, 1, 33, 0, 192, 0, 2, 1, 0], false, "IPv4 /33"),
            (&[0, 1, 24, 0, 192, 0], false, "address too short"),
            (&[0, 1, 24, 0, 192, 0, 2, 0], false, "address too long"),
            (&[0, 1, 20, 0, 192, 0, 0x1f], false, "bits past the prefix"),
            (&[0, 1, 20, 0, 192, 0, 0x10], true, "no bits past the prefix"),
            (&[0, 1, 24, 24, 192, 0, 2], false, "scope in a query"),
            (&[0, 1, 0, 0], true, "IPv4 /0"),
            (&[0, 2, 0, 0], true, "IPv6 /0"),
            (&[0, 2, 56, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 1], true, "IPv6 /56"),
            (
                &[0, 2, 129, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0],
                false,
                "IPv6 /129",
            ),
            (&[0, 0, 0, 0], true, "family 0, hidden"),
            (&[0, 0, 8, 0, 1], false, "family 0 with an address"),
            (&[0, 3, 8, 0, 1], false, "unknown family"),
            (&[0, 1, 24], false, "cut short"),
            (&[], false, "empty"),
        ];
        for (data, good, what) in cases {
            assert_eq!(ClientSubnet::read(data).is_ok(), *good, "{what}");
        }
    }

    #[test]
    fn the_echo_is_the_query_with_a_scope() {
        let subnet = ClientSubnet::read(&[0, 1, 20, 0, 192, 0, 0x10]).unwrap();
        assert_eq!(subnet.echo(17), [0, 1, 20, 17]);
        assert_eq!(subnet.address_bytes(), [192, 0, 0x10]);
        assert_eq!(subnet.prefix(), Some(("192.0.16.0".parse().unwrap(), 20)));
        let hidden = ClientSubnet::read(&[0, 1, 0, 0]).unwrap();
        assert_eq!((hidden.echo(24), hidden.prefix()), ([0, 1, 0, 0], None));
    }
}
