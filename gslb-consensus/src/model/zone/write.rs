//! Writes a zone in its one canonical text form: absolute names, one record a line, in order.

use super::Zone;
use crate::model::name::DnsName;
use crate::model::record::RecordRef;
use crate::model::wire_name;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The canonical text of a zone; reading it gives the same zone.
#[must_use]
pub fn write(zone: &Zone) -> String {
    let mut text = String::with_capacity(zone.records.len() * 48);
    zone.records.iter().for_each(|record| line(record, &mut text));
    text
}

/// Adds the line of one record, with its line break.
pub fn line(record: RecordRef<'_>, text: &mut String) {
    let _ = wire_name::write(record.owner, text);
    let (word, rdata) = presentation(record);
    let _ = writeln!(text, " {} IN {word} {rdata}", record.ttl);
}

/// Type word and RDATA of a record as text; the generic form of RFC 3597 where there is no other.
#[must_use]
pub fn presentation(record: RecordRef<'_>) -> (String, String) {
    let known = match record.rtype {
        1 => v4(record.rdata).map(|rdata| ("A", rdata)),
        28 => v6(record.rdata).map(|rdata| ("AAAA", rdata)),
        2 => one_name(record.rdata).map(|rdata| ("NS", rdata)),
        5 => one_name(record.rdata).map(|rdata| ("CNAME", rdata)),
        12 => one_name(record.rdata).map(|rdata| ("PTR", rdata)),
        6 => soa(record.rdata).map(|rdata| ("SOA", rdata)),
        15 => numbers_and_name(record.rdata, 1).map(|rdata| ("MX", rdata)),
        33 => numbers_and_name(record.rdata, 3).map(|rdata| ("SRV", rdata)),
        16 => strings(record.rdata).map(|rdata| ("TXT", rdata)),
        43 => ds(record.rdata).map(|rdata| ("DS", rdata)),
        _ => None,
    };
    if let Some((word, rdata)) = known {
        return (word.to_owned(), rdata);
    }
    let mut rdata = format!("\\# {} ", record.rdata.len());
    for byte in record.rdata {
        let _ = write!(rdata, "{byte:02x}");
    }
    (format!("TYPE{}", record.rtype), rdata)
}

fn v4(rdata: &[u8]) -> Option<String> {
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(rdata).ok()?).to_string())
}

fn v6(rdata: &[u8]) -> Option<String> {
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(rdata).ok()?).to_string())
}

/// Splits the name at the front off `rdata`, in the case that it was declared in.
fn split_name(rdata: &[u8]) -> Option<(String, &[u8])> {
    let mut at = 0;
    loop {
        let length = usize::from(*rdata.get(at)?);
        at += 1 + length;
        if length == 0 {
            break;
        }
    }
    let (name, rest) = (rdata.get(..at)?, rdata.get(at..)?);
    Some((DnsName::from_wire(name).ok()?.to_string(), rest))
}

fn one_name(rdata: &[u8]) -> Option<String> {
    split_name(rdata).and_then(|(name, rest)| rest.is_empty().then_some(name))
}

fn soa(rdata: &[u8]) -> Option<String> {
    let (mname, rest) = split_name(rdata)?;
    let (rname, rest) = split_name(rest)?;
    let numbers: Vec<String> = rest
        .chunks_exact(4)
        .map(|c| c.iter().fold(0_u32, |v, b| v << 8 | u32::from(*b)).to_string())
        .collect();
    (rest.len() == 20).then(|| format!("{mname} {rname} {}", numbers.join(" ")))
}

fn numbers_and_name(rdata: &[u8], count: usize) -> Option<String> {
    let (numbers, name) = (rdata.get(..2 * count)?, rdata.get(2 * count..)?);
    let mut words: Vec<String> = numbers
        .chunks_exact(2)
        .map(|c| c.iter().fold(0_u16, |v, b| v << 8 | u16::from(*b)).to_string())
        .collect();
    words.push(one_name(name)?);
    Some(words.join(" "))
}

fn strings(rdata: &[u8]) -> Option<String> {
    let mut words = Vec::new();
    let mut rest = rdata;
    while let Some((length, tail)) = rest.split_first() {
        let text = tail.get(..usize::from(*length))?;
        rest = tail.get(usize::from(*length)..)?;
        // The library's reader takes no \DDD inside quotes for bytes past ASCII: leave those to the generic form.
        if !text.iter().all(|b| (0x20..0x7f).contains(b) && *b != b'"' && *b != b'\\') {
            return None;
        }
        words.push(format!("\"{}\"", String::from_utf8_lossy(text)));
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn ds(rdata: &[u8]) -> Option<String> {
    let (head, digest) = (rdata.get(..4)?, rdata.get(4..)?);
    let [tag_high, tag_low, algorithm, digest_type] = head else { return None };
    let mut text =
        format!("{} {algorithm} {digest_type} ", u16::from_be_bytes([*tag_high, *tag_low]));
    for byte in digest {
        let _ = write!(text, "{byte:02X}");
    }
    Some(text)
}
