//! Whether an answer is what was expected.

/// What the answers of one load have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// NOERROR with at least one record.
    Records,
    /// NXDOMAIN without a record.
    NoSuchName,
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
            }
    }
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
}
