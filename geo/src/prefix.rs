//! An address prefix: the unit in which place data, client subnets and scopes are told.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network prefix with no bit set past its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

/// Why a text is no prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrefixError {
    /// Not `ADDRESS/LENGTH`.
    Syntax,
    /// The length is over 32 (IPv4) or 128 (IPv6).
    Length,
    /// Bits are set past the length; holds what was probably meant.
    HostBits(Prefix),
}

impl Prefix {
    /// The prefix of `length` bits that holds `address`; `None` if the length is too large for the
    /// family.
    #[must_use]
    pub fn containing(address: IpAddr, length: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(v4) if length <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) if length <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
            IpAddr::V4(_) | IpAddr::V6(_) => return None,
        };
        Some(Self { address, length })
    }

    /// The prefix of `address` alone.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        Self { address, length: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// The network address.
    #[must_use]
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// The number of leading bits that are fixed.
    #[must_use]
    pub fn length(self) -> u8 {
        self.length
    }

    /// Whether `address` is of the same family and lies inside.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        Self::containing(address, self.length).is_some_and(|p| p == self)
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, length) = text.split_once('/').ok_or(PrefixError::Syntax)?;
        let address: IpAddr = address.parse().map_err(|_| PrefixError::Syntax)?;
        let length: u8 = length.parse().map_err(|_| PrefixError::Syntax)?;
        let prefix = Self::containing(address, length).ok_or(PrefixError::Length)?;
        if prefix.address == address { Ok(prefix) } else { Err(PrefixError::HostBits(prefix)) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.to_string()
    }
}

impl TryFrom<String> for Prefix {
    type Error = PrefixError;

    fn try_from(text: String) -> Result<Self, PrefixError> {
        text.parse()
    }
}

impl fmt::Display for PrefixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("expected ADDRESS/LENGTH, as 192.0.2.0/24"),
            Self::Length => f.write_str("the prefix length is over 32 (IPv4) or 128 (IPv6)"),
            Self::HostBits(meant) => {
                write!(f, "bits are set past the prefix length; did you mean {meant}?")
            }
        }
    }
}

impl std::error::Error for PrefixError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_with_host_bits_is_refused_with_what_was_meant() {
        let meant: Prefix = "192.0.2.0/24".parse().unwrap();
        assert_eq!("192.0.2.1/24".parse::<Prefix>(), Err(PrefixError::HostBits(meant)));
        assert_eq!("::/129".parse::<Prefix>(), Err(PrefixError::Length));
        assert_eq!("192.0.2.0".parse::<Prefix>(), Err(PrefixError::Syntax));
    }

    #[test]
    fn containing_works_at_both_ends_of_the_length() {
        let all = Prefix::containing("203.0.113.9".parse().unwrap(), 0).unwrap();
        assert_eq!(all.to_string(), "0.0.0.0/0");
        let one = Prefix::containing("2001:db8::1".parse().unwrap(), 128).unwrap();
        assert_eq!(one.to_string(), "2001:db8::1/128");
        assert!(!all.contains("2001:db8::1".parse().unwrap()));
    }
}
