//! Whether an answer is what was expected.

use super::question;

/// What the answers of one load have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// NOERROR with at least one record.
    Records,
    /// NXDOMAIN without a record.
    NoSuchName,
    /// NOERROR with one A record, which is one of these addresses.
    OneOf(&'static [[u8; 4]]),
}

impl Expected {
    /// Whether this message is an authoritative, whole answer of that kind. Its question is
    /// checked apart.
    #[must_use]
    pub fn fits(self, message: &[u8]) -> bool {
        let Some(&[high, low, _, _, an_high, an_low]) = message.get(2..8) else { return false };
        // QR and AA, and no TC.
        let whole = high & 0b1000_0110 == 0b1000_0100;
        let records = u16::from_be_bytes([an_high, an_low]);
        whole
            && match self {
                Self::Records => low & 15 == 0 && records > 0,
                Self::NoSuchName => low & 15 == 3 && records == 0,
                Self::OneOf(all) => {
                    low & 15 == 0
                        && records == 1
                        && address(message).is_some_and(|a| all.contains(&a))
                }
            }
    }
}

/// The address of the first answer, if that is an A record whose owner is the name of the question.
fn address(message: &[u8]) -> Option<[u8; 4]> {
    let record = message.get(question::end(message)?..)?;
    let (head, data) = record.split_first_chunk::<12>()?;
    // Name (RFC 1035 4.1.4), type, class; behind them TTL and length.
    let is_a = head.starts_with(&[0xc0, 12, 0, 1, 0, 1]) && head.ends_with(&[0, 4]);
    data.first_chunk().copied().filter(|_| is_a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_fits_by_its_flags_and_its_records() {
        let message = |high: u8, low: u8, records: u8| [0, 1, high, low, 0, 1, 0, records];
        for (high, low, records, has_records, no_name) in [
            (0x84, 0, 1, true, false),
            (0x85, 0x80, 4, true, false),
            (0x84, 3, 0, false, true),
            (0x84, 0, 0, false, false),
            (0x84, 3, 1, false, false),
            (0x84, 2, 0, false, false),
            (0x86, 0, 1, false, false),
            (0x80, 0, 1, false, false),
            (0x04, 0, 1, false, false),
        ] {
            let message = message(high, low, records);
            assert_eq!(Expected::Records.fits(&message), has_records, "{message:?}");
            assert_eq!(Expected::NoSuchName.fits(&message), no_name, "{message:?}");
        }
        assert!(!Expected::Records.fits(&[0, 1, 0x84]));
    }

    #[test]
    fn an_address_fits_if_it_is_one_of_those_expected() {
        let answer = |kind: u8, address: [u8; 4]| {
            let head = [0, 1, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1];
            let record = [0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 30, 0, 4];
            [&head[..], &record, &address].concat()
        };
        let expected = Expected::OneOf(&[[192, 0, 2, 1], [192, 0, 2, 2]]);
        assert!(expected.fits(&answer(1, [192, 0, 2, 2])));
        assert!(!expected.fits(&answer(1, [192, 0, 2, 3])));
        assert!(!expected.fits(&answer(16, [192, 0, 2, 2])));
        let whole = answer(1, [192, 0, 2, 2]);
        assert!(!expected.fits(&whole[..whole.len() - 1]));
        let mut servfail = whole;
        servfail[3] = 2;
        assert!(!expected.fits(&servfail));
    }
}
