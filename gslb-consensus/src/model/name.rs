//! Domain names as the nodes compare them: wire form, lower case.

use super::wire_name;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest name on the wire, with its root label (RFC 1035 2.3.4).
pub const NAME_WIRE_MAX: usize = 255;
/// Longest label (RFC 1035 2.3.4).
pub const LABEL_MAX: usize = 63;

/// An absolute domain name, ASCII letters lower-cased, uncompressed on the wire with its root label.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsName(Arc<[u8]>);

/// Why a text or wire form is no domain name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// An empty label inside, as in `a..b`.
    EmptyLabel,
    /// A label over 63 bytes.
    LabelTooLong,
    /// Over 255 bytes on the wire.
    NameTooLong,
    /// A backslash that is no escape of RFC 1035 5.1.
    BadEscape,
    /// Wire bytes that end early, carry on, or hold a pointer.
    Wire,
}

impl DnsName {
    /// The root.
    #[must_use]
    pub fn root() -> Self {
        Self(Arc::from([0_u8].as_slice()))
    }

    /// From wire bytes, which must be exactly one uncompressed name; letters are lower-cased.
    ///
    /// # Errors
    /// [`NameError::Wire`], [`NameError::NameTooLong`].
    pub fn from_wire(wire: &[u8]) -> Result<Self, NameError> {
        if wire.len() > NAME_WIRE_MAX {
            return Err(NameError::NameTooLong);
        }
        let mut at = 0;
        loop {
            let length = usize::from(*wire.get(at).ok_or(NameError::Wire)?);
            if length > LABEL_MAX {
                return Err(NameError::Wire);
            }
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
        // Label lengths are at most 63, below 'A', so lower-casing every byte leaves them as they are.
        if at == wire.len() {
            Ok(Self(wire.to_ascii_lowercase().into()))
        } else {
            Err(NameError::Wire)
        }
    }

    /// From wire bytes that are known to be one uncompressed lower-cased name.
    pub(in crate::model) fn from_known(wire: &[u8]) -> Self {
        Self(wire.into())
    }

    /// The wire form: labels with their lengths, and the root label.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels from the left, without the root.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        wire_name::labels(&self.0)
    }

    /// The number of labels, without the root.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.labels().count()
    }

    /// The name without its first label; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let length = usize::from(*self.0.first()?);
        if length == 0 { None } else { self.0.get(1 + length..).map(|rest| Self(rest.into())) }
    }

    /// Whether `self` is `zone` or lies below it.
    #[must_use]
    pub fn is_in(&self, zone: &Self) -> bool {
        wire_name::is_in(&self.0, zone.wire())
    }

    /// Whether the first label is `*` (RFC 4592 2.1.1).
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with(b"\x01*")
    }
}

impl FromStr for DnsName {
    type Err = NameError;

    /// Reads the presentation form; the final dot may be left out.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut wire = Vec::with_capacity(text.len() + 2);
        wire_name::read(text, &mut wire)?;
        Ok(Self(wire.into()))
    }
}

/// Canonical order of RFC 4034 6.1: by labels from the right.
impl Ord for DnsName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        wire_name::compare(&self.0, &other.0)
    }
}

impl PartialOrd for DnsName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        wire_name::write(&self.0, f)
    }
}

impl fmt::Debug for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<DnsName> for String {
    fn from(name: DnsName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for DnsName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyLabel => "a domain name cannot hold an empty label",
            Self::LabelTooLong => "a label of a domain name has at most 63 bytes",
            Self::NameTooLong => "a domain name has at most 255 bytes",
            Self::BadEscape => {
                "a backslash must be followed by a character or by three digits up to 255"
            }
            Self::Wire => "these bytes are no uncompressed domain name",
        })
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DnsName {
        text.parse().unwrap()
    }

    #[test]
    fn names_compare_without_case_and_keep_odd_bytes() {
        assert_eq!(name("WWW.Example.ORG"), name("www.example.org."));
        let odd = name(r"a\.b\000.example.");
        assert_eq!(odd.depth(), 2);
        assert_eq!(odd.to_string(), r"a\.b\000.example.");
        assert_eq!(name(&odd.to_string()), odd);
        assert_eq!(name(".").to_string(), ".");
    }

    #[test]
    fn a_name_lies_in_a_zone_by_labels_not_by_bytes() {
        assert!(name("a.example.").is_in(&name("example.")));
        assert!(name("example.").is_in(&name("example.")));
        assert!(!name("aexample.").is_in(&name("example.")));
        assert!(name("example.").is_in(&DnsName::root()));
        assert_eq!(name("a.b.").parent(), Some(name("b.")));
        assert_eq!(DnsName::root().parent(), None);
    }

    #[test]
    fn the_limits_hold_at_their_edges() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!(name(&longest).wire().len(), 255);
        assert_eq!(format!("{longest}b").parse::<DnsName>(), Err(NameError::NameTooLong));
        assert_eq!("a".repeat(64).parse::<DnsName>(), Err(NameError::LabelTooLong));
        assert_eq!("a..b".parse::<DnsName>(), Err(NameError::EmptyLabel));
        assert_eq!("".parse::<DnsName>(), Err(NameError::EmptyLabel));
    }

    #[test]
    fn the_order_is_the_canonical_one() {
        let mut names =
            ["z.example.", "example.", "a.example.", "yljkjljk.a.example.", "*.z.example."]
                .map(name);
        names.sort();
        let expected =
            ["example.", "a.example.", "yljkjljk.a.example.", "z.example.", "*.z.example."]
                .map(name);
        assert_eq!(names, expected);
    }
}
