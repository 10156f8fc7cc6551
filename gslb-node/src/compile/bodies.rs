//! Encoded bodies in one piece of memory, each beside what leads to it.

use crate::wire::body::{Body, Rotation};

/// Length of what stands before the bytes of each body.
const HEAD: usize = 18;

/// A body up to this length is copied as a block of this length: one of a known length costs a few
/// instructions, one of an unknown length a call.
const BLOCK: usize = 64;

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

/// A set of encoded bodies, and whatever its builder laid between them; it never changes.
#[derive(Clone, Debug, Default)]
pub struct BodyArena {
    bytes: Box<[u8]>,
}

/// Collects bodies for a [`BodyArena`].
#[derive(Debug, Default)]
pub struct BodyArenaBuilder {
    bytes: Vec<u8>,
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
    /// What can be rotated.
    pub rotation: Rotation,
    /// The length of the records.
    length: u16,
    base_length: u8,
    /// How many pointers move.
    fixups: u16,
    /// The records, the positions of the pointers, and whatever follows.
    rest: &'a [u8],
}

impl BodyArenaBuilder {
    /// Where the next bytes will stand.
    pub(super) fn end(&self) -> Result<u32, ArenaFull> {
        u32::try_from(self.bytes.len()).ok().filter(|at| *at < BodyId::LIMIT).ok_or(ArenaFull)
    }

    /// Lays bytes that are no body between the bodies.
    pub(super) fn lay(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Stores a body.
    pub fn add(&mut self, body: &Body) -> Result<BodyId, ArenaFull> {
        let id = BodyId(self.end()?);
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
        Ok(id)
    }

    /// Ends the collection.
    #[must_use]
    pub fn finish(mut self) -> BodyArena {
        // So that a block can be read at any body.
        self.bytes.extend([0; BLOCK]);
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
        Some(StoredBody {
            flags: (code >> 5) & 0x07,
            rcode: code & 0x0f,
            counts: [[a0, a1], [n0, n1], [r0, r1]].map(u16::from_le_bytes),
            rotation: Rotation {
                start: u16::from_le_bytes([s0, s1]),
                count: u16::from_le_bytes([c0, c1]),
                size: u16::from_le_bytes([z0, z1]),
            },
            length: u16::from_le_bytes([l0, l1]),
            base_length: base,
            fixups: u16::from_le_bytes([f0, f1]),
            rest,
        })
    }

    /// All bytes, for what was laid between the bodies.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All bytes, to be mended before anybody reads them.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Bytes held.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

impl StoredBody<'_> {
    /// The records.
    #[must_use]
    pub fn records(&self) -> &[u8] {
        self.rest.get(..self.length.into()).unwrap_or_default()
    }

    /// Copies the body to the start of `out` for a question whose name has `name_length` bytes.
    ///
    /// Records that can rotate start at number `turn`. `None` if `out` is too short. May write a
    /// few bytes more than it says, up to the end of `out`.
    #[inline]
    pub fn write(&self, out: &mut [u8], name_length: usize, turn: u32) -> Option<usize> {
        let length = usize::from(self.length);
        if length > out.len() {
            return None;
        }
        match (self.rest.first_chunk::<BLOCK>(), out.first_chunk_mut::<BLOCK>()) {
            (Some(from), Some(to)) if length <= BLOCK => *to = *from,
            _ => out.get_mut(..length)?.copy_from_slice(self.rest.get(..length)?),
        }
        if self.rotation.count > 1 {
            self.rotate(out.get_mut(..length)?, turn)?;
        }
        if self.fixups > 0 {
            self.move_pointers(out.get_mut(..length)?, name_length)?;
        }
        Some(length)
    }

    /// Writes the records that can rotate once more, from number `turn` on.
    #[inline]
    fn rotate(&self, out: &mut [u8], turn: u32) -> Option<()> {
        let Rotation { start, count, size } = self.rotation;
        let (start, count, size) = (usize::from(start), usize::from(count), usize::from(size));
        let set = start..start + count * size;
        // A multiply and a shift instead of a division: `turn` has 16 bits.
        let first = ((turn as usize & 0xffff) * count) >> 16;
        let from = self.rest.get(set.clone())?;
        let to = out.get_mut(set)?;
        match size {
            A_SIZE => turn_records::<A_SIZE>(from, to, first),
            AAAA_SIZE => turn_records::<AAAA_SIZE>(from, to, first),
            _ => {
                let (late, early) = from.split_at_checked(first * size)?;
                let (head, tail) = to.split_at_mut_checked(early.len())?;
                head.copy_from_slice(early);
                tail.copy_from_slice(late);
            }
        }
        Some(())
    }

    /// Moves the pointers by the difference between the question and the name it was encoded for.
    fn move_pointers(&self, out: &mut [u8], name_length: usize) -> Option<()> {
        let delta = u16::try_from(name_length.checked_sub(self.base_length.into())?).ok()?;
        if delta == 0 {
            return Some(());
        }
        let positions = self.rest.get(self.length.into()..)?;
        let (positions, _) = positions.get(..2 * usize::from(self.fixups))?.as_chunks::<2>();
        for position in positions {
            let at = usize::from(u16::from_le_bytes(*position));
            let pointer = out.get_mut(at..)?.first_chunk_mut::<2>()?;
            *pointer = u16::from_be_bytes(*pointer).wrapping_add(delta).to_be_bytes();
        }
        Some(())
    }
}

/// The sizes of an A and an AAAA record whose owner is a pointer.
const A_SIZE: usize = 12 + 4;
const AAAA_SIZE: usize = 12 + 16;

/// Copies records of a known size, starting at number `first`.
#[inline]
fn turn_records<const SIZE: usize>(from: &[u8], to: &mut [u8], first: usize) {
    let ((from, _), (to, _)) = (from.as_chunks::<SIZE>(), to.as_chunks_mut::<SIZE>());
    let (late, early) = from.split_at_checked(first).unwrap_or((from, &[]));
    for (to, from) in to.iter_mut().zip(early.iter().chain(late)) {
        *to = *from;
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
    fn a_body_comes_back_as_it_went_in() {
        let mut builder = BodyArenaBuilder::default();
        builder.add(&addresses(1)).unwrap();
        builder.lay().extend(b"between");
        let two = builder.add(&addresses(2)).unwrap();
        let arena = builder.finish();
        let stored = arena.get(two).unwrap();
        assert_eq!((stored.flags, stored.rcode, stored.counts), (header::AA, 3, [2, 0, 0]));
        assert_eq!(stored.records(), addresses(2).bytes);
        assert!(arena.get(BodyId(1 << 30)).is_none());
    }

    #[test]
    fn every_record_comes_first_equally_often_whatever_its_size() {
        for rdata_length in [4, 16, 7] {
            let mut encoder = BodyEncoder::new(&[0]);
            let rdatas = (0..5_u8).map(|n| vec![n; rdata_length]);
            encoder.rrset(Section::Answer, Owner::Question, rtype::A, 30, rdatas);
            let mut builder = BodyArenaBuilder::default();
            let id = builder.add(&encoder.finish(header::AA, 0).unwrap()).unwrap();
            let arena = builder.finish();
            let (mut out, size) = ([0; 256], 12 + rdata_length);
            let mut firsts = [0; 5];
            for turn in (0..=0xffff).step_by(16) {
                let length = arena.get(id).unwrap().write(&mut out, 1, turn).unwrap();
                assert_eq!(length, 5 * size);
                let order: Vec<u8> = out[..length].chunks(size).map(|r| r[size - 1]).collect();
                let expected: Vec<u8> = (0..5).map(|n| (order[0] + n) % 5).collect();
                assert_eq!(order, expected);
                firsts[usize::from(order[0])] += 1;
            }
            assert!(firsts.iter().all(|n| (818..=820).contains(n)), "{firsts:?}");
        }
    }

    #[test]
    fn a_body_fits_exactly_or_not_at_all() {
        for count in [1, 3, 5] {
            let mut builder = BodyArenaBuilder::default();
            let id = builder.add(&addresses(count)).unwrap();
            let (arena, length) = (builder.finish(), 16 * usize::from(count));
            let mut out = [0xee; 128];
            let stored = arena.get(id).unwrap();
            assert_eq!(stored.write(&mut out[..length], 1, 0), Some(length));
            assert_eq!(&out[..length], addresses(count).bytes);
            assert_eq!(stored.write(&mut out[..length - 1], 1, 0), None);
        }
    }

    #[test]
    fn pointers_move_with_a_longer_question() {
        let base = name::from_text("example.com").unwrap();
        let mut encoder = BodyEncoder::new(&base);
        encoder.record(Section::Authority, Owner::Name(&base), rtype::NS, 1, &base);
        let mut builder = BodyArenaBuilder::default();
        let id = builder.add(&encoder.finish(0, 0).unwrap()).unwrap();
        let arena = builder.finish();
        let mut out = [0; 64];
        let length = arena.get(id).unwrap().write(&mut out, base.len() + 5, 0).unwrap();
        assert_eq!(&out[..length], b"\xc0\x11\0\x02\0\x01\0\0\0\x01\0\x02\xc0\x11");
    }
}
