//! Where the question of a message ends, and a mark of it.

/// Bytes of the header of a DNS message.
pub const HEADER: usize = 12;

/// Where the first question of a message ends; none if it is cut short or compressed.
#[must_use]
pub fn end(message: &[u8]) -> Option<usize> {
    let mut at = HEADER;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1 + length;
        match length {
            0 => break,
            1..=63 => {}
            _ => return None,
        }
    }
    (at + 4 <= message.len()).then_some(at + 4)
}

/// A number that tells one question from another (FNV-1a): an answer has that of its query.
#[must_use]
pub fn mark(message: &[u8]) -> Option<u64> {
    let question = message.get(HEADER..end(message)?)?;
    let step = |mark: u64, byte: &u8| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    Some(question.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(question: &[u8]) -> Vec<u8> {
        [&[0; HEADER][..], question].concat()
    }

    #[test]
    fn the_question_ends_after_its_class() {
        let whole = message(b"\x01a\x02bc\x00\x00\x01\x00\x01and more");
        assert_eq!(end(&whole), Some(HEADER + 10));
        assert_eq!(end(&message(b"\x00\x00\x01\x00\x01")), Some(HEADER + 5));
        for bad in [&b"\x01a\x00\x00\x01\x00"[..], b"\x01", b"", b"\xc0\x0c\x00\x01\x00\x01"] {
            assert_eq!(end(&message(bad)), None, "{bad:?}");
        }
        assert_eq!(end(&[]), None);
    }

    #[test]
    fn questions_that_differ_have_marks_that_differ() {
        let marks = [&b"\x01a\x00\x00\x01\x00\x01"[..], b"\x01b\x00\x00\x01\x00\x01"]
            .map(|question| mark(&message(question)));
        assert!(marks[0].is_some() && marks[0] != marks[1]);
        assert_eq!(mark(&message(b"\x01a\x00\x00\x01\x00\x01more")), marks[0]);
    }
}
