//! Choices drawn from bytes: a shorter or smaller tape makes a simpler case, so failures shrink.

use proptest::prelude::*;

/// Bytes that stand for choices; past their end every choice is the first one.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    bytes: Vec<u8>,
    at: usize,
}

/// Any tape up to a length.
pub(crate) fn tape(length: usize) -> impl Strategy<Value = Tape> {
    prop::collection::vec(any::<u8>(), 0..length).prop_map(|bytes| Tape { bytes, at: 0 })
}

impl Tape {
    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    /// A number from 0 to `most`.
    pub(crate) fn number(&mut self, most: u64) -> u64 {
        let wide = (0..4).fold(0, |value, _| value << 8 | u64::from(self.byte()));
        wide % (most + 1)
    }

    /// A count from `least` to `most`, in one byte.
    pub(crate) fn count(&mut self, least: usize, most: usize) -> usize {
        least + usize::from(self.byte()) % (most - least + 1)
    }

    /// True in one of `of` cases.
    pub(crate) fn one_in(&mut self, of: u8) -> bool {
        self.byte() % of == of - 1
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::from(self.byte()) % from.len()]
    }
}
