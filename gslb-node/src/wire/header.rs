//! The twelve bytes that open every message (RFC 1035 4.1.1).

/// Length of the header.
pub const LENGTH: usize = 12;

/// Response bit, in the first flag byte.
pub const QR: u8 = 0x80;
/// Authoritative answer, in the first flag byte.
pub const AA: u8 = 0x04;
/// Truncated, in the first flag byte.
pub const TC: u8 = 0x02;
/// Recursion desired, in the first flag byte.
pub const RD: u8 = 0x01;
/// The bits of the first flag byte that hold the opcode.
pub const OPCODE: u8 = 0x78;

/// The header of a query, as far as an answer depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The first flag byte: QR, opcode, AA, TC, RD.
    pub flags: u8,
    /// The four counts: questions in the highest sixteen bits, additional records in the lowest.
    counts: u64,
}

/// One question, and nothing in the other sections.
const ONE_QUESTION: u64 = 1 << 48;

impl Header {
    /// Reads the header; `None` if the message is shorter than one.
    #[inline]
    #[must_use]
    pub fn read(message: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = message.first_chunk()?;
        let [_, _, flags, _, counts @ ..] = *bytes;
        Some(Self { flags, counts: u64::from_be_bytes(counts) })
    }

    /// Whether this is a standard query (RFC 1035 4.1.1) with one question and at most one
    /// additional record.
    #[inline]
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.flags & (QR | OPCODE) == 0 && self.counts & !1 == ONE_QUESTION
    }

    /// Whether a plain query has an additional record.
    #[inline]
    #[must_use]
    pub fn has_additional(self) -> bool {
        self.counts & 1 != 0
    }
}

/// Writes flags and counts of an answer over those of its query; the id stays as it came.
///
/// Opcode and RD are kept. RA, Z and AD are clear, and so is CD (RFC 4035 3.1.6).
#[inline]
pub fn write_answer(message: &mut [u8], flags: u8, rcode: u16, counts: [u16; 4]) {
    let Some(bytes) = message.first_chunk_mut::<LENGTH>() else { return };
    let [_, _, high, low, rest @ ..] = bytes;
    *high = QR | (*high & (OPCODE | RD)) | flags;
    *low = (rcode & 0x0f) as u8;
    let all = counts.into_iter().fold(0, |all, count| all << 16 | u64::from(count));
    *rest = all.to_be_bytes();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_id_opcode_and_rd_and_clears_the_rest() {
        let mut message = [0xab, 0xcd, 0x81 | 0x28, 0xff, 0, 1, 9, 9, 9, 9, 9, 9];
        write_answer(&mut message, AA, 5, [1, 2, 3, 4]);
        assert_eq!(message, [0xab, 0xcd, 0x80 | 0x28 | 0x04 | 0x01, 5, 0, 1, 0, 2, 0, 3, 0, 4]);
    }

    #[test]
    fn eleven_bytes_are_no_header() {
        assert_eq!(Header::read(&[0; 11]), None);
        assert!(Header::read(&[0; 12]).is_some());
    }
}
