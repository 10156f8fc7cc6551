//! Names in wire form as plain bytes: compared, read and written without a copy of each.

use super::name::{LABEL_MAX, NAME_WIRE_MAX, NameError};
use std::cmp::Ordering;
use std::fmt;

/// The labels from the left, without the root.
pub(super) fn labels(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = wire;
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first()?;
        let (label, tail) = tail.split_at_checked(usize::from(*length))?;
        rest = tail;
        (!label.is_empty()).then_some(label)
    })
}

/// Canonical order of RFC 4034 6.1: by labels from the right.
pub(super) fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let (mine, theirs) = (labels(one).count(), labels(other).count());
    let ones = labels(one).skip(mine.saturating_sub(theirs));
    let others = labels(other).skip(theirs.saturating_sub(mine));
    // Both have the same number of labels left: of those that differ, the last decides.
    let different = ones.zip(others).filter(|(a, b)| a != b).last();
    different.map_or(mine.cmp(&theirs), |(a, b)| a.cmp(b))
}

/// Whether `name` is `zone` or lies below it.
pub(super) fn is_in(name: &[u8], zone: &[u8]) -> bool {
    let mut rest = name;
    while rest.len() > zone.len() {
        let Some((length, tail)) = rest.split_first() else { return false };
        rest = tail.get(usize::from(*length)..).unwrap_or_default();
    }
    rest == zone
}

/// Appends the name that `text` means to `wire`, lower-cased; the final dot may be left out.
///
/// After an error `wire` ends with a part of the name.
pub(super) fn read(text: &str, wire: &mut Vec<u8>) -> Result<(), NameError> {
    let start = wire.len();
    if text != "." {
        let mut rest =
            text.strip_suffix('.').filter(|t| !t.ends_with('\\')).unwrap_or(text).as_bytes();
        let mut is_last = false;
        while !is_last {
            let at = wire.len();
            wire.push(0);
            is_last = take_label(&mut rest, wire)?;
            let length = wire.len() - at - 1;
            if length == 0 {
                return Err(NameError::EmptyLabel);
            }
            let head = wire.get_mut(at).filter(|_| length <= LABEL_MAX);
            *head.ok_or(NameError::LabelTooLong)? =
                u8::try_from(length).map_err(|_| NameError::LabelTooLong)?;
        }
    }
    wire.push(0);
    if wire.len() - start > NAME_WIRE_MAX {
        return Err(NameError::NameTooLong);
    }
    // Label lengths are at most 63, below 'A', so lower-casing every byte leaves them as they are.
    wire.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
    Ok(())
}

/// Takes one label with its escapes off `rest`; true when the text ends with it.
fn take_label(rest: &mut &[u8], label: &mut Vec<u8>) -> Result<bool, NameError> {
    loop {
        let Some((byte, tail)) = rest.split_first() else { return Ok(true) };
        *rest = tail;
        match byte {
            b'.' => return Ok(false),
            b'\\' => {
                if let Some(digits) = tail.get(..3).filter(|d| d.iter().all(u8::is_ascii_digit)) {
                    let value = digits.iter().fold(0_u16, |v, d| v * 10 + u16::from(d - b'0'));
                    label.push(u8::try_from(value).map_err(|_| NameError::BadEscape)?);
                    *rest = tail.get(3..).unwrap_or_default();
                } else {
                    let (escaped, tail) = tail.split_first().ok_or(NameError::BadEscape)?;
                    label.push(*escaped);
                    *rest = tail;
                }
            }
            other => label.push(*other),
        }
    }
}

/// Writes the presentation form, with its final dot.
pub(super) fn write(wire: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    let mut empty = true;
    for label in labels(wire) {
        empty = false;
        for part in label.chunk_by(|a, b| is_plain(*a) && is_plain(*b)) {
            match (part, std::str::from_utf8(part)) {
                ([byte @ (b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$')], _) => {
                    write!(out, "\\{}", char::from(*byte))?;
                }
                ([byte], _) if !is_plain(*byte) => write!(out, "\\{byte:03}")?,
                (_, Ok(plain)) => out.write_str(plain)?,
                // Plain bytes are ASCII.
                (_, Err(_)) => return Err(fmt::Error),
            }
        }
        out.write_str(".")?;
    }
    if empty { out.write_str(".") } else { Ok(()) }
}

/// Whether a byte of a label stands for itself in text.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !br#".\";()@$"#.contains(&byte)
}
