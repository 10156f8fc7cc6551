//! Lower-cased names in wire form, and the hash that finds them.
//!
//! A length byte is at most 63 and so below `A`: a whole name, length bytes included, can be
//! lower-cased eight bytes at a time without looking at its labels.

use std::cmp::Ordering;

/// The longest name, its root byte included (RFC 1035 2.3.4).
pub const MAX_LENGTH: usize = 255;

/// Seed of hashes that must be equal on every node and after every restart.
pub const STABLE_SEED: u64 = 0x6773_6c62_5f6e_616d;

const ONES: u64 = 0x0101_0101_0101_0101;
const TOP: u64 = 0x8080_8080_8080_8080;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Lower-cases the ASCII letters of eight bytes.
#[inline]
fn lower_word(word: u64) -> u64 {
    let seven = word & !TOP;
    let from_a = seven.wrapping_add(ONES * (0x80 - 0x41));
    let past_z = seven.wrapping_add(ONES * (0x7f - 0x5a));
    let upper = !word & TOP & (from_a ^ past_z);
    word | (upper >> 2)
}

/// Multiplies to 128 bits and folds them to 64: each input bit reaches all output bits.
#[inline]
#[must_use]
pub fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

#[inline]
fn last_word(tail: &[u8]) -> u64 {
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    u64::from_le_bytes(last)
}

/// Ends a hash. `last` holds at most seven bytes, so its top byte is free for the length.
#[inline]
fn finish(hash: u64, last: u64, length: usize) -> u64 {
    fold(hash ^ last ^ (length as u64) << 56, MULTIPLIER)
}

/// Room for a lower-cased name, and zeroes up to the next multiple of eight bytes.
pub type NameBuffer = [u8; 256];

/// Copies the name of `length` bytes that starts at `start`, lower-cased, to the start of `to`,
/// fills its last word with zeroes, and hashes it, in one pass.
///
/// `None` if the message ends before the name does, or begins less than eight bytes before it.
#[inline]
pub fn lower_and_hash(
    message: &[u8],
    start: usize,
    length: usize,
    to: &mut NameBuffer,
    seed: u64,
) -> Option<u64> {
    let whole = message.get(..start + length)?;
    let (words, tail) = whole.get(start..)?.as_chunks::<8>();
    let (targets, _) = to.as_chunks_mut::<8>();
    let mut hash = seed;
    for (word, target) in words.iter().zip(targets.iter_mut()) {
        let low = lower_word(u64::from_le_bytes(*word));
        *target = low.to_le_bytes();
        hash = fold(hash ^ low, MULTIPLIER);
    }
    let mut last = 0;
    if !tail.is_empty() {
        // The eight bytes that end with the name, without those before the tail.
        let eight = u64::from_le_bytes(*whole.last_chunk()?);
        last = lower_word(eight >> (64 - 8 * tail.len()));
        *targets.get_mut(words.len())? = last.to_le_bytes();
    }
    Some(finish(hash, last, length))
}

/// The hash of a name that is lower-cased already: what [`lower_and_hash`] gives for it.
#[inline]
#[must_use]
pub fn hash(name: &[u8], seed: u64) -> u64 {
    let (words, tail) = name.as_chunks::<8>();
    let mut hash = seed;
    for word in words {
        hash = fold(hash ^ u64::from_le_bytes(*word), MULTIPLIER);
    }
    finish(hash, last_word(tail), name.len())
}

/// Compares two lower-cased names in canonical order: by labels, from the right (RFC 4034 6.1).
#[must_use]
pub fn canonical_cmp(a: &[u8], b: &[u8]) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (labels_a, labels_b) = (Labels::of(a), Labels::of(b));
    labels_a.last_first(a).cmp(labels_b.last_first(b))
}

/// Where the labels of a name start.
struct Labels {
    starts: [u8; MAX_LENGTH / 2 + 1],
    count: usize,
}

impl Labels {
    fn of(name: &[u8]) -> Self {
        let mut labels = Self { starts: [0; MAX_LENGTH / 2 + 1], count: 0 };
        for (start, rest) in labels.starts.iter_mut().zip(ancestry(name)) {
            if rest.len() <= 1 {
                break;
            }
            *start = (name.len() - rest.len()) as u8;
            labels.count += 1;
        }
        labels
    }

    /// The labels, the last one first.
    fn last_first<'n>(&self, name: &'n [u8]) -> impl Iterator<Item = &'n [u8]> {
        let starts = self.starts.iter().take(self.count).rev();
        starts.filter_map(move |start| {
            let (length, rest) = name.get(usize::from(*start)..)?.split_first()?;
            rest.get(..usize::from(*length))
        })
    }
}

/// The name without its first label; `None` for the root.
#[inline]
#[must_use]
pub fn parent(name: &[u8]) -> Option<&[u8]> {
    let (length, _) = name.split_first()?;
    if *length == 0 {
        return None;
    }
    name.get(1 + usize::from(*length)..)
}

/// The name and all its ancestors, itself first, the root last.
pub fn ancestry(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(name), |name| parent(name))
}

/// How many labels the name has, the root not counted.
#[must_use]
pub fn labels(name: &[u8]) -> usize {
    ancestry(name).count().saturating_sub(1)
}

/// Whether `name` is `ancestor` or lies below it.
#[must_use]
pub fn is_at_or_under(name: &[u8], ancestor: &[u8]) -> bool {
    name.len() >= ancestor.len()
        && ancestry(name).find(|n| n.len() <= ancestor.len()).is_some_and(|n| n == ancestor)
}

/// The length of the uncompressed name at the start of `bytes`, its root byte included.
///
/// `None` for a compression pointer, a label over 63, or a name over 255 or cut short.
#[inline]
#[must_use]
pub fn length_at_start(bytes: &[u8]) -> Option<(usize, u8)> {
    let mut at = 0;
    let mut labels = 0;
    loop {
        let length = *bytes.get(at)?;
        if length > 63 {
            return None;
        }
        at += 1 + usize::from(length);
        if at > MAX_LENGTH {
            return None;
        }
        if length == 0 {
            return Some((at, labels));
        }
        labels += 1;
    }
}

/// The name as presentation text, for messages and tests (RFC 1035 5.1).
#[must_use]
pub fn to_text(name: &[u8]) -> String {
    let mut text = String::new();
    for rest in ancestry(name) {
        let Some((length, bytes)) = rest.split_first() else { break };
        for byte in bytes.iter().take(usize::from(*length)) {
            match byte {
                b'.' | b'\\' => text.extend(['\\', char::from(*byte)]),
                0x21..=0x7e => text.push(char::from(*byte)),
                _ => text.push_str(&format!("\\{byte:03}")),
            }
        }
        if *length > 0 {
            text.push('.');
        }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// The wire form of plain text such as `www.example.com`, lower-cased; `None` if it is no name.
///
/// No escapes: it is for constants and tests. Zone files are read by hickory.
#[must_use]
pub fn from_text(text: &str) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(text.len() + 2);
    for label in text.trim_end_matches('.').split('.').filter(|_| text != ".") {
        if label.is_empty() || label.len() > 63 {
            return None;
        }
        name.push(label.len() as u8);
        name.extend(label.bytes().map(|b| b.to_ascii_lowercase()));
    }
    name.push(0);
    (name.len() <= MAX_LENGTH).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Vec<u8> {
        from_text(text).unwrap()
    }

    proptest! {
        #[test]
        fn lower_casing_and_hashing_agree_with_the_plain_way(
            bytes in prop::collection::vec(any::<u8>(), 0..256),
            start in 8_usize..20,
        ) {
            let message = [vec![b'X'; start], bytes.clone()].concat();
            let mut lowered = [0xee; 256];
            let hashed = lower_and_hash(&message, start, bytes.len(), &mut lowered, 7);
            let plain = bytes.to_ascii_lowercase();
            prop_assert_eq!(&lowered[..bytes.len()], &plain[..]);
            let padding = bytes.len()..bytes.len().next_multiple_of(8);
            prop_assert!(lowered[padding].iter().all(|byte| *byte == 0));
            prop_assert_eq!(hashed, Some(hash(&plain, 7)));
            prop_assert_eq!(lower_and_hash(&message, start, bytes.len() + 1, &mut lowered, 7), None);
        }
    }

    #[test]
    fn every_single_byte_is_lower_cased_as_ascii() {
        for byte in 0..=255_u8 {
            let word = lower_word(u64::from_le_bytes([byte; 8]));
            assert_eq!(word.to_le_bytes(), [byte.to_ascii_lowercase(); 8], "byte {byte}");
        }
    }

    #[test]
    fn canonical_order_is_that_of_the_rfc() {
        // The example of RFC 4034 6.1.
        let sorted = [
            "example",
            "a.example",
            "yljkjljk.a.example",
            "z.a.example",
            "zabc.a.example",
            "z.example",
            "*.z.example",
        ];
        for pair in sorted.windows(2) {
            assert_eq!(canonical_cmp(&name(pair[0]), &name(pair[1])), Ordering::Less, "{pair:?}");
            assert_eq!(canonical_cmp(&name(pair[1]), &name(pair[0])), Ordering::Greater);
        }
        assert_eq!(canonical_cmp(&name("."), &name(".")), Ordering::Equal);
        assert_eq!(canonical_cmp(&name("."), &name("a")), Ordering::Less);
    }

    #[test]
    fn ancestors_are_found_on_label_boundaries_only() {
        assert!(is_at_or_under(&name("a.example.com"), &name("example.com")));
        assert!(is_at_or_under(&name("example.com"), &name("example.com")));
        assert!(!is_at_or_under(&name("aexample.com"), &name("example.com")));
        assert!(!is_at_or_under(&name("com"), &name("example.com")));
        assert!(is_at_or_under(&name("com"), &name(".")));
        assert_eq!(labels(&name("a.example.com")), 3);
        assert_eq!(labels(&name(".")), 0);
    }

    #[test]
    fn a_name_is_measured_up_to_its_limits() {
        let mut longest = Vec::new();
        for length in [63, 63, 63, 61] {
            longest.push(length);
            longest.extend(std::iter::repeat_n(b'a', usize::from(length)));
        }
        longest.push(0);
        assert_eq!(longest.len(), 255);
        assert_eq!(length_at_start(&longest), Some((255, 4)));
        longest.splice(254..255, [1, b'a', 0]);
        assert_eq!(length_at_start(&longest), None);
        assert_eq!(length_at_start(&[0xc0, 12]), None);
        assert_eq!(length_at_start(&[64]), None);
        assert_eq!(length_at_start(&[3, b'a']), None);
    }

    #[test]
    fn text_goes_both_ways() {
        assert_eq!(to_text(&name("WWW.Example.com.")), "www.example.com.");
        assert_eq!(to_text(&[3, b'a', b'.', 0, 0]), "a\\.\\000.");
        assert_eq!(to_text(&name(".")), ".");
    }
}
