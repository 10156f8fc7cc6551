//! Encodes the part of an answer that follows the question, once, when it is compiled.
//!
//! ```text
//! | header 12 | question: any.thing.BASE. type class | BODY ...                    | OPT |
//!               ^ 12         ^ 12 + delta            ^ 16 + base + delta
//! ```
//!
//! A body is written as if the question were `base` exactly. It may serve any question that ends in
//! `base`: then each pointer moves by `delta`, the difference of the lengths, and `fixups` says
//! where the pointers are. The owner that *is* the question is a pointer to 12 and never moves.

use super::code::{class, rtype};
use super::{header, name};
use std::collections::HashMap;

/// A pointer may not reach further (14 bits), even after it moved.
const FURTHEST: usize = 0x3fff;

/// The most that a body may take: a TCP message less the header, the longest question and an OPT.
pub const MAX_LENGTH: usize = 65_535 - 12 - 259 - 512;

/// Who owns a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// The name that was asked, however long it is.
    Question,
    /// A name in wire form.
    Name(&'a [u8]),
}

/// Which section comes next; sections are written in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Answer.
    Answer,
    /// Authority.
    Authority,
    /// Additional.
    Additional,
}

/// Records of equal size that may be given in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rotation {
    /// Where the first one starts in the body.
    pub start: u16,
    /// How many there are; 0 if there is nothing to rotate.
    pub count: u16,
    /// The size of each.
    pub size: u16,
}

/// A finished body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Body {
    /// Flags of the first flag byte of the header: AA or nothing.
    pub flags: u8,
    /// The response code.
    pub rcode: u8,
    /// Records in the answer, authority and additional sections.
    pub counts: [u16; 3],
    /// The length of the name that stands for the question.
    pub base_length: u8,
    /// What can be rotated.
    pub rotation: Rotation,
    /// Positions of pointers that move with the question.
    pub fixups: Vec<u16>,
    /// The records.
    pub bytes: Vec<u8>,
}

/// The records do not fit into one DNS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyTooLarge;

/// Writes a [`Body`].
#[derive(Debug)]
pub struct BodyEncoder<'b> {
    base: &'b [u8],
    bytes: Vec<u8>,
    fixups: Vec<u16>,
    counts: [u16; 3],
    rotation: Rotation,
    /// Where each name that the body already holds stands, as if the question were `base`.
    known: HashMap<Vec<u8>, usize>,
    too_large: bool,
}

impl<'b> BodyEncoder<'b> {
    /// A body for questions that are `base` or end in it.
    #[must_use]
    pub fn new(base: &'b [u8]) -> Self {
        Self {
            base,
            bytes: Vec::new(),
            fixups: Vec::new(),
            counts: [0; 3],
            rotation: Rotation::default(),
            known: HashMap::new(),
            too_large: false,
        }
    }

    /// Writes a whole RRset; one in the answer section whose records are of equal size can rotate.
    pub fn rrset<D: AsRef<[u8]>>(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        rtype: u16,
        ttl: u32,
        rdatas: impl IntoIterator<Item = D>,
    ) {
        let start = self.bytes.len();
        let known = self.known.len();
        let mut size = 0;
        let mut equal = true;
        let mut count: u16 = 0;
        for rdata in rdatas {
            let before = self.bytes.len();
            self.record(section, owner, rtype, ttl, rdata.as_ref());
            let this = self.bytes.len() - before;
            equal &= count == 0 || this == size;
            size = this;
            count = count.saturating_add(1);
        }
        // A name that first stands inside the set may be pointed at: then the set must stay as it
        // is.
        if section == Section::Answer && equal && count > 1 && self.known.len() == known {
            let fits = (u16::try_from(start), u16::try_from(size));
            if let (Ok(start), Ok(size)) = fits {
                self.rotation = Rotation { start, count, size };
            }
        }
    }

    /// Writes one record.
    pub fn record(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        rtype: u16,
        ttl: u32,
        rdata: &[u8],
    ) {
        if self.too_large {
            return;
        }
        match owner {
            Owner::Question => self.bytes.extend([0xc0, header::LENGTH as u8]),
            Owner::Name(name) => self.name(name),
        }
        self.bytes.extend(rtype.to_be_bytes());
        self.bytes.extend(class::IN.to_be_bytes());
        self.bytes.extend(ttl.to_be_bytes());
        let length_at = self.bytes.len();
        self.bytes.extend([0, 0]);
        self.rdata(rtype, rdata);
        let length = self.bytes.len() - length_at - 2;
        let to = self.bytes.get_mut(length_at..).and_then(|rest| rest.first_chunk_mut::<2>());
        match (to, u16::try_from(length)) {
            (Some(to), Ok(length)) => *to = length.to_be_bytes(),
            _ => self.too_large = true,
        }
        let count = match (section, &mut self.counts) {
            (Section::Answer, [count, _, _])
            | (Section::Authority, [_, count, _])
            | (Section::Additional, [_, _, count]) => count,
        };
        *count = count.saturating_add(1);
        self.too_large |= self.bytes.len() > MAX_LENGTH;
    }

    /// Ends the body.
    pub fn finish(self, flags: u8, rcode: u8) -> Result<Body, BodyTooLarge> {
        // Without pointers a body fits every question: equal ones are then equal, whatever their
        // base.
        let base_length = if self.fixups.is_empty() { 0 } else { self.base.len() };
        let base_length = u8::try_from(base_length).map_err(|_| BodyTooLarge)?;
        if self.too_large {
            return Err(BodyTooLarge);
        }
        Ok(Body {
            flags,
            rcode,
            counts: self.counts,
            base_length,
            rotation: self.rotation,
            fixups: self.fixups,
            bytes: self.bytes,
        })
    }

    /// Writes RDATA, with the names compressed in the types that allow it (RFC 3597 4).
    fn rdata(&mut self, rtype: u16, rdata: &[u8]) {
        let (plain, names) = match rtype {
            rtype::NS | rtype::CNAME | rtype::PTR => (0, 1),
            rtype::MX => (2, 1),
            rtype::SOA => (0, 2),
            _ => (rdata.len(), 0),
        };
        let (head, mut rest) = rdata.split_at_checked(plain).unwrap_or((rdata, &[]));
        self.bytes.extend(head);
        for _ in 0..names {
            let length = name::length_at_start(rest).map_or(0, |(length, _)| length);
            let (name, after) = rest.split_at_checked(length).unwrap_or((&[], rest));
            if !name.is_empty() {
                self.name(name);
            }
            rest = after;
        }
        self.bytes.extend(rest);
    }

    /// Where a name stands already: in the question, or in the body.
    fn target(&self, suffix: &[u8]) -> Option<usize> {
        if name::is_at_or_under(self.base, suffix) {
            return Some(header::LENGTH + self.base.len() - suffix.len());
        }
        if self.known.is_empty() { None } else { self.known.get(suffix).copied() }
    }

    /// Writes a name, by pointer as soon as the rest of it is known.
    fn name(&mut self, name: &[u8]) {
        let body_at = header::LENGTH + self.base.len() + 4;
        for suffix in name::ancestry(name) {
            let Some((length, labels)) = suffix.split_first() else { return };
            if *length == 0 {
                self.bytes.push(0);
                return;
            }
            if let Some(target) = self.target(suffix) {
                self.fixups.push(u16::try_from(self.bytes.len()).unwrap_or(u16::MAX));
                self.bytes.extend((0xc000 | (target & FURTHEST) as u16).to_be_bytes());
                return;
            }
            let at = body_at + self.bytes.len();
            if at + name::MAX_LENGTH - self.base.len() <= FURTHEST {
                self.known.insert(suffix.to_vec(), at);
            }
            self.bytes.push(*length);
            self.bytes.extend(labels.iter().take(usize::from(*length)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Vec<u8> {
        name::from_text(text).unwrap()
    }

    #[test]
    fn names_point_into_the_question_and_into_the_body() {
        let base = name("example.com");
        let mut encoder = BodyEncoder::new(&base);
        let targets = [name("ns1.example.com"), name("ns2.ns1.example.com")];
        encoder.rrset(Section::Answer, Owner::Question, rtype::NS, 60, &targets);
        let body = encoder.finish(header::AA, 0).unwrap();
        let expected: &[u8] = b"\xc0\x0c\0\x02\0\x01\0\0\0\x3c\0\x06\x03ns1\xc0\x0c\
                                \xc0\x0c\0\x02\0\x01\0\0\0\x3c\0\x06\x03ns2\xc0\x29";
        assert_eq!(body.bytes, expected);
        assert_eq!(body.fixups, [16, 34]);
        assert_eq!(body.counts, [2, 0, 0]);
        assert_eq!(body.rotation, Rotation::default(), "a set that is pointed into stays in place");
    }

    #[test]
    fn addresses_rotate() {
        let base = name("example.com");
        let mut encoder = BodyEncoder::new(&base);
        encoder.rrset(Section::Answer, Owner::Question, rtype::A, 60, [[1, 2, 3, 4], [5, 6, 7, 8]]);
        assert_eq!(
            encoder.finish(0, 0).unwrap().rotation,
            Rotation { start: 0, count: 2, size: 16 }
        );
    }

    #[test]
    fn a_name_past_the_reach_of_pointers_is_written_out() {
        let base = name("example.com");
        let mut encoder = BodyEncoder::new(&base);
        let text = [255; 200];
        for _ in 0..90 {
            encoder.record(Section::Answer, Owner::Question, rtype::TXT, 1, &text);
        }
        for _ in 0..2 {
            encoder.record(
                Section::Additional,
                Owner::Name(&name("a.other")),
                rtype::TXT,
                1,
                &text,
            );
        }
        let body = encoder.finish(0, 0).unwrap();
        let written = body.bytes.windows(9).filter(|w| *w == b"\x01a\x05other\0").count();
        assert_eq!((written, body.fixups.len()), (2, 0));
    }

    #[test]
    fn more_than_a_message_holds_is_refused() {
        let base = name("example.com");
        let mut encoder = BodyEncoder::new(&base);
        for _ in 0..400 {
            encoder.record(Section::Answer, Owner::Question, rtype::TXT, 1, &[9; 200]);
        }
        assert_eq!(encoder.finish(0, 0), Err(BodyTooLarge));
    }
}
