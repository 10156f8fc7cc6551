//! Encoded bodies, one after the other in one piece of memory, equal ones stored once.

use crate::wire::body::{Body, Rotation};
use std::collections::HashMap;

/// Length of what stands before the bytes of each body.
const HEAD: usize = 18;

/// Where a body starts in its [`BodyArena`]. Ids of one arena mean nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BodyId(u32);

impl BodyId {
    /// Ids stay below this bit, so that a slot can use it to mean something else.
    pub const LIMIT: u32 = 1 << 31;

    /// The id as a number below [`LIMIT`](Self::LIMIT).
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The id of that number, as [`number`](Self::number) gave it.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// More than 2 GiB of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArenaFull;

/// A set of encoded bodies; it never changes.
#[derive(Clone, Debug, Default)]
pub struct BodyArena {
    bytes: Box<[u8]>,
}

/// Collects bodies for a [`BodyArena`].
#[derive(Debug, Default)]
pub struct BodyArenaBuilder {
    bytes: Vec<u8>,
    known: HashMap<Body, BodyId>,
}

/// A stored body, as a query reads it.
#[derive(Clone, Copy, Debug)]
pub struct StoredBody<'a> {
    /// AA or nothing, for the first flag byte.
    pub flags: u8,
    /// The response code.
    pub rcode: u8,
    /// Records in the answer, authority and additional sections.
    pub counts: [u16; 3],
    /// The records.
    pub bytes: &'a [u8],
    /// What can be rotated.
    pub rotation: Rotation,
    base_length: u8,
    fixups: &'a [u8],
}

impl BodyArenaBuilder {
    /// Stores a body, or finds the equal one that is stored already.
    pub fn add(&mut self, body: Body) -> Result<BodyId, ArenaFull> {
        if let Some(id) = self.known.get(&body) {
            return Ok(*id);
        }
        let at = u32::try_from(self.bytes.len()).ok().filter(|at| *at < BodyId::LIMIT);
        let id = BodyId(at.ok_or(ArenaFull)?);
        let [an, ns, ar] = body.counts;
        let Rotation { start, count, size } = body.rotation;
        let length = u16::try_from(body.bytes.len()).map_err(|_| ArenaFull)?;
        let fixups = u16::try_from(body.fixups.len()).map_err(|_| ArenaFull)?;
        for number in [length, an, ns, ar, start, count, size, fixups] {
            self.bytes.extend(number.to_le_bytes());
        }
        // AA is 0x04 and response codes of bodies are at most 5: both fit one byte.
        self.bytes.extend([body.flags << 5 | body.rcode, body.base_length]);
        self.bytes.extend(&body.bytes);
        for fixup in &body.fixups {
            self.bytes.extend(fixup.to_le_bytes());
        }
        self.known.insert(body, id);
        Ok(id)
    }

    /// Ends the collection.
    #[must_use]
    pub fn finish(self) -> BodyArena {
        BodyArena { bytes: self.bytes.into_boxed_slice() }
    }
}

impl BodyArena {
    /// The body of that id; `None` for an id of another arena.
    #[inline]
    #[must_use]
    pub fn get(&self, id: BodyId) -> Option<StoredBody<'_>> {
        let stored = self.bytes.get(id.0 as usize..)?;
        let (head, rest) = stored.split_first_chunk::<HEAD>()?;
        let [l0, l1, a0, a1, n0, n1, r0, r1, s0, s1, c0, c1, z0, z1, f0, f1, code, base] = *head;
        let (bytes, rest) = rest.split_at_checked(u16::from_le_bytes([l0, l1]).into())?;
        let fixups = rest.get(..2 * usize::from(u16::from_le_bytes([f0, f1])))?;
        Some(StoredBody {
            flags: (code >> 5) & 0x07,
            rcode: code & 0x0f,
            counts: [[a0, a1], [n0, n1], [r0, r1]].map(u16::from_le_bytes),
            bytes,
            rotation: Rotation {
                start: u16::from_le_bytes([s0, s1]),
                count: u16::from_le_bytes([c0, c1]),
                size: u16::from_le_bytes([z0, z1]),
            },
            base_length: base,
            fixups,
        })
    }

    /// Bytes held.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

impl StoredBody<'_> {
    /// Copies the body to the start of `out` for a question whose name has `name_length` bytes.
    ///
    /// Records that can rotate start at number `turn`. `None` if `out` is too short.
    #[inline]
    pub fn write(&self, out: &mut [u8], name_length: usize, turn: u32) -> Option<usize> {
        let out = out.get_mut(..self.bytes.len())?;
        out.copy_from_slice(self.bytes);
        if self.rotation.count > 1 {
            let Rotation { start, count, size } = self.rotation;
            let set =
                usize::from(start)..usize::from(start) + usize::from(count) * usize::from(size);
            let first = (turn % u32::from(count)) as usize * usize::from(size);
            let from = self.bytes.get(set.clone())?;
            let (late, early) = from.split_at_checked(first)?;
            let to = out.get_mut(set)?;
            let (head, tail) = to.split_at_mut_checked(early.len())?;
            head.copy_from_slice(early);
            tail.copy_from_slice(late);
        }
        if !self.fixups.is_empty() {
            self.move_pointers(out, name_length)?;
        }
        Some(out.len())
    }

    /// Moves the pointers by the difference between the question and the name it was encoded for.
    fn move_pointers(&self, out: &mut [u8], name_length: usize) -> Option<()> {
        let delta = u16::try_from(name_length.checked_sub(self.base_length.into())?).ok()?;
        if delta == 0 {
            return Some(());
        }
        let (positions, _) = self.fixups.as_chunks::<2>();
        for position in positions {
            let at = usize::from(u16::from_le_bytes(*position));
            let pointer = out.get_mut(at..)?.first_chunk_mut::<2>()?;
            *pointer = u16::from_be_bytes(*pointer).wrapping_add(delta).to_be_bytes();
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::body::{BodyEncoder, Owner, Section};
    use crate::wire::code::rtype;
    use crate::wire::{header, name};

    fn addresses(count: u8) -> Body {
        let mut encoder = BodyEncoder::new(&[0]);
        let rdatas = (0..count).map(|n| [192, 0, 2, n]);
        encoder.rrset(Section::Answer, Owner::Question, rtype::A, 30, rdatas);
        encoder.finish(header::AA, 3).unwrap()
    }

    #[test]
    fn a_body_comes_back_as_it_went_in_and_equal_ones_are_stored_once() {
        let mut builder = BodyArenaBuilder::default();
        let one = builder.add(addresses(1)).unwrap();
        let two = builder.add(addresses(2)).unwrap();
        assert_eq!(builder.add(addresses(1)).unwrap(), one);
        let arena = builder.finish();
        let stored = arena.get(two).unwrap();
        assert_eq!((stored.flags, stored.rcode, stored.counts), (header::AA, 3, [2, 0, 0]));
        assert_eq!(stored.bytes, addresses(2).bytes);
        assert!(arena.get(BodyId(1 << 30)).is_none());
    }

    #[test]
    fn every_record_comes_first_in_its_turn() {
        let mut builder = BodyArenaBuilder::default();
        let id = builder.add(addresses(3)).unwrap();
        let arena = builder.finish();
        let mut out = [0; 64];
        for turn in 0..6 {
            let length = arena.get(id).unwrap().write(&mut out, 1, turn).unwrap();
            let order: Vec<u8> = out[..length].chunks(16).map(|record| record[15]).collect();
            let first = (turn % 3) as u8;
            assert_eq!(order, [first, (first + 1) % 3, (first + 2) % 3]);
        }
        assert!(arena.get(id).unwrap().write(&mut out[..47], 1, 0).is_none());
    }

    #[test]
    fn pointers_move_with_a_longer_question() {
        let base = name::from_text("example.com").unwrap();
        let mut encoder = BodyEncoder::new(&base);
        encoder.record(Section::Authority, Owner::Name(&base), rtype::NS, 1, &base);
        let mut builder = BodyArenaBuilder::default();
        let id = builder.add(encoder.finish(0, 0).unwrap()).unwrap();
        let arena = builder.finish();
        let mut out = [0; 64];
        let length = arena.get(id).unwrap().write(&mut out, base.len() + 5, 0).unwrap();
        assert_eq!(&out[..length], b"\xc0\x11\0\x02\0\x01\0\0\0\x01\0\x02\xc0\x11");
    }
}
