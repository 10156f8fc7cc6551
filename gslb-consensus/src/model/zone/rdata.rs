//! RDATA as bytes: from what the library has read, from hexadecimal digits, and that of DS.

use crate::model::record::rtype;
use hickory_proto::rr::{RData, RecordType};
use hickory_proto::serialize::binary::{
    BinDecoder, BinEncodable, BinEncoder, NameEncoding, Restrict,
};

/// RDATA on the wire.
pub(super) fn rdata_wire(rdata: &RData) -> Result<Vec<u8>, String> {
    let mut wire = Vec::new();
    let mut encoder = BinEncoder::new(&mut wire);
    // Whole names, so that they do not point into one another; lower case, so that equal zones are equal bytes.
    encoder.set_canonical_form(true);
    encoder.set_name_encoding(NameEncoding::UncompressedLowercase);
    rdata.emit(&mut encoder).map_err(|e| e.to_string())?;
    Ok(wire)
}

/// RDATA of `\# LENGTH HEX...` (RFC 3597 5), checked by the library where it knows the type.
pub(super) fn generic_rdata(rtype: u16, words: &[&str]) -> Result<Vec<u8>, String> {
    let length: usize =
        words.get(1).and_then(|w| w.parse().ok()).ok_or("expected a length behind \\#")?;
    let bytes = hex(&words.get(2..).unwrap_or_default().concat())
        .ok_or("expected hexadecimal digits behind the length")?;
    if bytes.len() != length {
        return Err(format!("\\# says {length} bytes, but {} follow", bytes.len()));
    }
    if [rtype::A, rtype::AAAA, rtype::NS, rtype::CNAME, rtype::SOA].contains(&rtype) {
        return Err("this type has a text form of its own: use it".to_owned());
    }
    // Types that the library knows must hold what they should (RFC 3597 5); others pass as they are.
    let mut decoder = BinDecoder::new(&bytes);
    let stated =
        Restrict::new(u16::try_from(length).map_err(|_| "RDATA has at most 65,535 bytes")?);
    let decoded = RData::read(&mut decoder, RecordType::from(rtype), stated).map_err(|e| {
        format!("these bytes are no RDATA of type {}: {e}", RecordType::from(rtype))
    })?;
    rdata_wire(&decoded)
}

/// RDATA of a DS record (RFC 4034 5.3), which the library reads only with its signing features.
pub(super) fn ds_rdata(words: &[&str]) -> Result<Vec<u8>, String> {
    let shape = "a DS record is KEY-TAG ALGORITHM DIGEST-TYPE HEX";
    let tag: u16 = words.first().and_then(|w| w.parse().ok()).ok_or(shape)?;
    let algorithm: u8 = words.get(1).and_then(|w| w.parse().ok()).ok_or(shape)?;
    let digest_type: u8 = words.get(2).and_then(|w| w.parse().ok()).ok_or(shape)?;
    let digest =
        hex(&words.get(3..).unwrap_or_default().concat()).filter(|d| !d.is_empty()).ok_or(shape)?;
    let mut rdata = tag.to_be_bytes().to_vec();
    rdata.extend([algorithm, digest_type]);
    rdata.extend(digest);
    Ok(rdata)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}
