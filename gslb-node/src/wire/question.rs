//! The question of a query, read once: measured, lower-cased and hashed in one pass.

use super::header;
use super::name::{self, NameBuffer};

/// What a query asks; its lower-cased name is in the caller's [`NameBuffer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The hash of the lower-cased name, under the seed that was given.
    pub hash: u64,
    /// The query type.
    pub qtype: u16,
    /// The query class.
    pub qclass: u16,
    /// The length of the name, its root byte included.
    pub name_length: u8,
    /// The labels of the name, the root not counted.
    pub labels: u8,
}

impl Question {
    /// Reads the question after the header; `None` if it is malformed.
    ///
    /// A compression pointer is malformed here: nothing stands before it that it could mean.
    #[inline]
    #[must_use]
    pub fn read(message: &[u8], seed: u64, lowered: &mut NameBuffer) -> Option<Self> {
        let bytes = message.get(header::LENGTH..)?;
        let (name_length, labels) = name::length_at_start(bytes)?;
        let [t0, t1, c0, c1] = *bytes.get(name_length..)?.first_chunk()?;
        Some(Self {
            hash: name::lower_and_hash(message, header::LENGTH, name_length, lowered, seed)?,
            qtype: u16::from_be_bytes([t0, t1]),
            qclass: u16::from_be_bytes([c0, c1]),
            name_length: name_length as u8,
            labels,
        })
    }

    /// Where the question ends in the message.
    #[inline]
    #[must_use]
    pub fn end(&self) -> usize {
        header::LENGTH + usize::from(self.name_length) + 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_lower_cased_and_hashed() {
        let mut message = vec![0; 12];
        message.extend(b"\x03wWw\x07eXample\x03COM\0\0\x1c\0\x01rest");
        let mut lowered = [0; 256];
        let question = Question::read(&message, 42, &mut lowered).unwrap();
        assert_eq!(&lowered[..17], b"\x03www\x07example\x03com\0");
        assert_eq!(question.hash, name::hash(b"\x03www\x07example\x03com\0", 42));
        assert_eq!((question.qtype, question.qclass, question.labels), (28, 1, 3));
        assert_eq!(&message[question.end()..], b"rest");
    }

    #[test]
    fn pointers_and_short_questions_are_malformed() {
        let mut lowered = [0; 256];
        for tail in [&b"\xc0\x0c\0\x01\0\x01"[..], b"\x03www\0\0\x01\0", b"\x03ww", b""] {
            let mut message = vec![0; 12];
            message.extend(tail);
            assert_eq!(Question::read(&message, 0, &mut lowered), None, "{tail:?}");
        }
    }
}
