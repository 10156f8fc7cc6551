//! Which place data a table was made from: what nodes compare to see that they decide by the same
//! data.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A hash of content, to compare editions with; it guards against mix-ups, not against forgers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct EditionId(u128);

impl EditionId {
    /// This id with `bytes` added; the order counts, and the bounds between additions too.
    ///
    /// FNV-1a over 64-bit words with a rotation: each step is a bijection of the state, so contents
    /// of one length that differ in one word never meet.
    #[must_use]
    pub fn with(self, bytes: &[u8]) -> Self {
        const PRIME: u128 = (1 << 88) + 0x13B;
        const OFFSET: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
        let mix =
            |state: u128, word: u64| (state ^ u128::from(word)).wrapping_mul(PRIME).rotate_left(41);
        let (words, rest) = bytes.as_chunks::<8>();
        let state = mix(self.0 ^ OFFSET, bytes.len() as u64);
        let state = words.iter().fold(state, |state, word| mix(state, u64::from_le_bytes(*word)));
        let state = rest.iter().fold(state, |state, byte| mix(state, u64::from(*byte)));
        Self((0..4).fold(state, mix))
    }
}

impl fmt::Display for EditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<EditionId> for String {
    fn from(id: EditionId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for EditionId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = if digits { u128::from_str_radix(&text, 16).ok() } else { None };
        number.map(Self).ok_or_else(|| "expected 32 hexadecimal digits".to_owned())
    }
}

/// Identity, age and name of a table's data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Equal ids mean equal data.
    pub id: EditionId,
    /// When the oldest of the data was built, in seconds since 1970; 0 if there is none.
    pub build_epoch_s: u64,
    /// What it is, for a person.
    pub label: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_every_bound_and_the_order_count() {
        let id = |parts: &[&[u8]]| parts.iter().fold(EditionId::default(), |id, p| id.with(p));
        let base = id(&[b"0123456789", b"abc"]);
        assert_ne!(base, id(&[b"0123456789a", b"bc"]));
        assert_ne!(base, id(&[b"abc", b"0123456789"]));
        assert_ne!(id(&[b"0123456789"]), id(&[b"0123456789", b""]));
        let mut seen = std::collections::BTreeSet::new();
        for bit in 0..80 {
            let mut bytes = *b"0123456789";
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(seen.insert(id(&[&bytes, b"abc"])));
        }
        assert!(!seen.contains(&base));
    }

    #[test]
    fn an_id_goes_through_text_and_never_changes() {
        let id = EditionId::default().with(b"The quick brown fox");
        assert_eq!(EditionId::try_from(id.to_string()), Ok(id));
        assert_eq!(id.to_string(), "b8802f5c0b4ba23eaf2e56e9be0149b8");
        assert!(EditionId::try_from("+".repeat(32)).is_err());
    }
}
