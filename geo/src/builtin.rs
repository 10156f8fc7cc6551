//! The country table that ships in the executable, for a node without place data of its own.

use crate::edition::{Edition, EditionId};
use crate::error::LoadFault;
use crate::merge::Interner;
use crate::place::{Country, Place};
use crate::places::Places;
use crate::runs::{Key, Runs};
use flate2::read::GzDecoder;
use std::io::Read;
use std::sync::LazyLock;

/// Ranges of IPv4 in units of /24; see `data/README.md` for origin and format.
const V4: &[u8] = include_bytes!("../data/nro-country-v4.delta.csv.gz");
/// Ranges of IPv6 in units of /48.
const V6: &[u8] = include_bytes!("../data/nro-country-v6.delta.csv.gz");

/// When the data was compiled: 2026-06-17.
const BUILD_EPOCH_S: u64 = 1_781_654_400;

/// What the table is called wherever it is shown.
pub const LABEL: &str = "built-in, coarse: country of registration (NRO)";

/// The places of the built-in table.
#[expect(clippy::expect_used, reason = "the data is part of the executable; a test reads it all")]
pub(crate) static PLACES: LazyLock<Places> =
    LazyLock::new(|| unpack().expect("the built-in data is sound"));

/// Which data the built-in table is.
pub(crate) fn edition() -> Edition {
    let id = EditionId::default().with(V4).with(V6);
    Edition { id, build_epoch_s: BUILD_EPOCH_S, label: LABEL.to_owned() }
}

fn unpack() -> Result<Places, LoadFault> {
    let mut interner = Interner::new();
    let v4 = ranges(V4, 32 - 24, &mut interner)?;
    let v6 = ranges(V6, 64 - 48, &mut interner)?;
    Ok(Places::assemble(&interner, &v4, &v6))
}

/// The ranges of one file, whose units are `2^unit_bits` keys.
fn ranges<K: Key>(
    packed: &[u8],
    unit_bits: u8,
    interner: &mut Interner,
) -> Result<Runs<K, u32>, LoadFault> {
    let mut text = Vec::with_capacity(packed.len() * 16);
    GzDecoder::new(packed).read_to_end(&mut text).map_err(LoadFault::Read)?;
    let mut runs = Runs::whole(0);
    let mut at: u64 = 0;
    // Numbers of places by the two letters of the code: no hashing for each of 200,000 lines.
    let mut numbers = vec![0u32; 1 << 16];
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let bad = || LoadFault::Format(format!("line \"{}\"", String::from_utf8_lossy(line)));
        let (start, end, code) = range(line, at).ok_or_else(bad)?;
        let number = numbers.get_mut(usize::from(u16::from_be_bytes(code))).ok_or_else(bad)?;
        if *number == 0 {
            let country: Country =
                std::str::from_utf8(&code).ok().and_then(|c| c.parse().ok()).ok_or_else(bad)?;
            *number = interner.number(Place { country: Some(country), ..Place::default() });
        }
        at = end;
        let units = 1u64 << (K::BITS - unit_bits);
        if end > units {
            return Err(bad());
        }
        runs.push(K::of(start << unit_bits), *number);
        if end < units {
            runs.push(K::of(end << unit_bits), 0);
        }
    }
    Ok(runs)
}

/// One line, `gap,len,CC` with hexadecimal numbers, behind `at`: first unit, unit behind the last,
/// country code.
fn range(line: &[u8], at: u64) -> Option<(u64, u64, [u8; 2])> {
    let mut fields = line.split(|byte| *byte == b',');
    let mut number = || {
        let digits = fields.next().filter(|digits| !digits.is_empty())?;
        digits.iter().try_fold(0u64, |sum, digit| {
            let digit = (*digit as char).to_digit(16)?;
            sum.checked_mul(16)?.checked_add(u64::from(digit))
        })
    };
    let start = at.checked_add(number()?)?;
    let end = start.checked_add(number()?)?;
    let code = fields.next()?.try_into().ok()?;
    (end > start).then_some((start, end, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_of_the_data_is_there() {
        let known = |values: Vec<u32>| values.into_iter().filter(|number| *number != 0).count();
        let mut interner = Interner::new();
        let v4: Runs<u32, u32> = ranges(V4, 8, &mut interner).unwrap();
        let v6: Runs<u64, u32> = ranges(V6, 16, &mut interner).unwrap();
        assert_eq!(known(v4.iter().map(|(.., number)| number).collect()), 141_702);
        assert_eq!(known(v6.iter().map(|(.., number)| number).collect()), 68_366);
        assert_eq!(interner.into_places().len(), 1 + 238);
    }

    #[test]
    fn a_line_is_gap_length_and_code_and_nothing_else() {
        assert_eq!(range(b"1f,2,DE", 16), Some((47, 49, *b"DE")));
        for bad in ["", "1,2", "1,2,DEU", "1,0,DE", "x,2,DE", ",2,DE", "ffffffffffffffff,2,DE"] {
            assert_eq!(range(bad.as_bytes(), 16), None, "{bad}");
        }
    }
}
