//! All names of all zones in one hash table: a query finds its answer with one probe.
//!
//! ```text
//! hash -> slot -> record: zone, default, wildcard child, kind | name | (type, answer) ...
//! miss -> the same for each ancestor: the first that exists is the closest encloser
//!           cut -> referral; has a wildcard child -> the wildcard's answer; else NXDOMAIN
//! ```
//!
//! Empty non-terminals are records too, so the first ancestor that is found is the right one (RFC
//! 4592 3.3.1). A record lies right behind the bodies of its name: one or two cache lines hold all
//! that a query reads, and [`home`](Names::home) and [`warm`](Names::warm) fetch them for a whole
//! batch of queries before the first of them is answered.

use super::bodies::{ArenaFull, BodyArena, BodyArenaBuilder, BodyId, StoredBody};
use crate::wire::name::{self, NameBuffer};
use crate::wire::question::Question;

/// A steered name: its index in [`Published::steered`](super::Published::steered).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SteeredId(pub u32);

/// What a name answers to a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A static body: see [`Names::body`].
    Body(BodyId),
    /// A decision per client.
    Steered(SteeredId),
}

/// What a record is, as far as its descendants depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name with data, or an empty non-terminal.
    Name,
    /// A zone cut: it and all below are answered by a referral.
    Cut,
}

/// Every name that is served, with the bodies of the static answers.
#[derive(Debug)]
pub struct Names {
    seed: u64,
    slots: Box<[HashSlot]>,
    /// Bodies and records.
    arena: BodyArena,
    zones: Box<[BodyId]>,
    deepest: u8,
    count: usize,
}

/// One place of the open-addressing table.
#[derive(Clone, Copy, Debug)]
struct HashSlot {
    hash: u32,
    record: u32,
}

const EMPTY: HashSlot = HashSlot { hash: 0, record: NONE };
const NONE: u32 = u32::MAX;
const STEERED: u32 = BodyId::LIMIT;
const HEAD: usize = 16;
/// Where in a record its wildcard child is told.
const WILDCARD: usize = 8;
/// A type and its answer.
const TYPE: usize = 6;

/// A record, read in place.
#[derive(Clone, Copy)]
struct Record<'a> {
    zone: u32,
    default: u32,
    wildcard: u32,
    kind: Kind,
    name_length: u8,
    types: u16,
    /// The name, filled up with zeroes to a multiple of eight bytes, then the types.
    rest: &'a [u8],
}

impl Slot {
    fn number(self) -> u32 {
        match self {
            Self::Body(id) => id.number(),
            Self::Steered(SteeredId(id)) => STEERED | id,
        }
    }

    #[inline]
    fn of_number(number: u32) -> Self {
        if number & STEERED == 0 {
            Self::Body(BodyId::from_number(number))
        } else {
            Self::Steered(SteeredId(number & !STEERED))
        }
    }
}

impl Names {
    /// The home of no name.
    pub const NOWHERE: u32 = NONE;

    /// The seed under which queries must hash their names.
    #[inline]
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The body of a static answer.
    #[inline]
    #[must_use]
    pub fn body(&self, id: BodyId) -> Option<StoredBody<'_>> {
        self.arena.get(id)
    }

    /// How many names are held, empty non-terminals included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes held.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.arena.size() + self.slots.len() * size_of::<HashSlot>()
    }

    /// What answers the question, whose lower-cased name stands in `name`; `None` outside of the
    /// zones. The question must be hashed under [`seed`](Self::seed).
    #[inline]
    #[must_use]
    pub fn find(&self, name: &NameBuffer, question: &Question) -> Option<Slot> {
        match self.probe(name, question) {
            Some(record) => Some(record.slot(question.qtype)),
            None => self.find_by_encloser(name, question),
        }
    }

    /// Where a name of that hash may be; for [`warm`](Self::warm).
    ///
    /// The first of two steps that wait for memory. Done for a whole batch one after the other,
    /// the waits of all overlap; within one query each would be waited for in full.
    #[inline]
    #[must_use]
    pub fn home(&self, hash: u64) -> u32 {
        let mask = self.slots.len() - 1;
        self.slots.get(hash as usize & mask).map_or(NONE, |slot| slot.record)
    }

    /// Reads what a query at this place will read. Only that it was read is of use.
    #[inline]
    #[must_use]
    pub fn warm(&self, home: u32) -> u8 {
        const LINE: usize = 64;
        let at = home as usize;
        let read = |at: usize| self.arena.bytes().get(at).copied().unwrap_or(0);
        read(at.wrapping_sub(LINE / 2)) ^ read(at.wrapping_add(LINE / 2))
    }

    /// The answer for a name that does not exist: by its closest encloser (RFC 4592).
    fn find_by_encloser(&self, name: &NameBuffer, question: &Question) -> Option<Slot> {
        let name = name.get(..question.name_length.into())?;
        // Ancestors with more labels than any name here cannot exist: a long random name costs no
        // more.
        let skip = question.labels.saturating_sub(self.deepest).max(1);
        let encloser = name::ancestry(name)
            .skip(skip.into())
            .find_map(|ancestor| self.probe_slice(ancestor, name::hash(ancestor, self.seed)))?;
        if encloser.kind == Kind::Cut {
            return Some(Slot::of_number(encloser.default));
        }
        if encloser.wildcard != NONE {
            return Some(self.record(encloser.wildcard)?.slot(question.qtype));
        }
        self.zones.get(encloser.zone as usize).copied().map(Slot::Body)
    }

    /// The record of the asked name.
    #[inline]
    fn probe(&self, name: &NameBuffer, question: &Question) -> Option<Record<'_>> {
        let fits = |record: &Record<'_>| record.has_name(name, question.name_length);
        self.find_slot(question.hash, fits).map(|(_, record)| record)
    }

    /// The record of a name that does not stand in a buffer of its own.
    fn probe_slice(&self, name: &[u8], hash: u64) -> Option<Record<'_>> {
        self.find_slot(hash, |record| record.name() == Some(name)).map(|(_, record)| record)
    }

    /// The first record of that hash that `fits`, and where it stands.
    #[inline]
    fn find_slot(
        &self,
        hash: u64,
        fits: impl Fn(&Record<'_>) -> bool,
    ) -> Option<(u32, Record<'_>)> {
        let mask = self.slots.len() - 1;
        let (mut at, short) = (hash as usize & mask, (hash >> 32) as u32);
        loop {
            let slot = self.slots.get(at)?;
            if slot.record == NONE {
                return None;
            }
            if slot.hash == short
                && let Some(record) = self.record(slot.record)
                && fits(&record)
            {
                return Some((slot.record, record));
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn record(&self, at: u32) -> Option<Record<'_>> {
        let (head, rest) = self.arena.bytes().get(at as usize..)?.split_first_chunk::<HEAD>()?;
        let [z0, z1, z2, z3, d0, d1, d2, d3, w0, w1, w2, w3, kind, name_length, t0, t1] = *head;
        Some(Record {
            zone: u32::from_le_bytes([z0, z1, z2, z3]),
            default: u32::from_le_bytes([d0, d1, d2, d3]),
            wildcard: u32::from_le_bytes([w0, w1, w2, w3]),
            kind: if kind == 0 { Kind::Name } else { Kind::Cut },
            name_length,
            types: u16::from_le_bytes([t0, t1]),
            rest,
        })
    }
}

impl<'a> Record<'a> {
    /// Whether it is of the name at the start of `name`, both filled up with zeroes.
    #[inline]
    fn has_name(&self, name: &NameBuffer, length: u8) -> bool {
        let words = usize::from(length).div_ceil(8);
        let (own, _) = self.rest.as_chunks::<8>();
        let (asked, _) = name.as_chunks::<8>();
        let (Some(own), Some(asked)) = (own.get(..words), asked.get(..words)) else { return false };
        // Word by word: names are short, and a call to compare them costs more than they do.
        let equal = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*a) == u64::from_le_bytes(*b);
        self.name_length == length && own.iter().zip(asked).all(equal)
    }

    /// Its name.
    fn name(&self) -> Option<&'a [u8]> {
        self.rest.get(..self.name_length.into())
    }

    /// The answer to `qtype`.
    #[inline]
    fn slot(&self, qtype: u16) -> Slot {
        let [q0, q1] = qtype.to_le_bytes();
        let start = usize::from(self.name_length).next_multiple_of(8);
        let (types, _) = self.rest.get(start..).unwrap_or_default().as_chunks::<TYPE>();
        for [t0, t1, s0, s1, s2, s3] in types.iter().take(self.types.into()) {
            if (*t0, *t1) == (q0, q1) {
                return Slot::of_number(u32::from_le_bytes([*s0, *s1, *s2, *s3]));
            }
        }
        Slot::of_number(self.default)
    }
}

/// A name that is to be served.
#[derive(Debug)]
pub struct NameDraft<'a> {
    /// The owner name, lower-cased wire form.
    pub owner: &'a [u8],
    /// Whether it is a cut.
    pub kind: Kind,
    /// The zone it is in, as [`NamesBuilder::add_zone`] said.
    pub zone: u32,
    /// The answer to each type that it has.
    pub types: Vec<(u16, Slot)>,
    /// The answer to any other type.
    pub default: Slot,
}

/// Why the names cannot be put into one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamesFull;

impl From<ArenaFull> for NamesFull {
    fn from(_: ArenaFull) -> Self {
        Self
    }
}

/// Lays out the names of all zones as they come; [`Names::build`] drives it.
#[derive(Debug)]
pub struct NamesBuilder {
    /// Where the bodies go: those of a name right before the name.
    pub bodies: BodyArenaBuilder,
    zones: Vec<BodyId>,
    /// Hash and record of every name.
    entries: Vec<(u64, u32)>,
    /// The records of wildcards.
    wildcards: Vec<u32>,
    deepest: usize,
    seed: u64,
}

impl NamesBuilder {
    /// Room for about so many names. `seed` should not be known to those who ask.
    #[must_use]
    pub fn new(seed: u64, names: usize) -> Self {
        Self {
            bodies: BodyArenaBuilder::default(),
            zones: Vec::new(),
            entries: Vec::with_capacity(names),
            wildcards: Vec::new(),
            deepest: 0,
            seed,
        }
    }

    /// Adds a zone by the body of its NXDOMAIN answer.
    pub fn add_zone(&mut self, nxdomain: BodyId) -> u32 {
        self.zones.push(nxdomain);
        self.zones.len() as u32 - 1
    }

    /// Adds a name; each only once.
    pub fn add(&mut self, draft: &NameDraft<'_>) -> Result<(), NamesFull> {
        let at = self.bodies.end()?;
        draft.write(self.bodies.lay()).ok_or(NamesFull)?;
        self.entries.push((name::hash(draft.owner, self.seed), at));
        if draft.owner.starts_with(b"\x01*") {
            self.wildcards.push(at);
        }
        self.deepest = self.deepest.max(name::labels(draft.owner));
        Ok(())
    }

    /// Ends the table.
    #[must_use]
    pub fn finish(self) -> Names {
        let mut names = Names {
            seed: self.seed,
            slots: hash_slots(&self.entries),
            arena: self.bodies.finish(),
            zones: self.zones.into_boxed_slice(),
            deepest: u8::try_from(self.deepest).unwrap_or(u8::MAX),
            count: self.entries.len(),
        };
        for wildcard in self.wildcards {
            names.link(wildcard);
        }
        names
    }
}

impl Names {
    /// Tells the name above a wildcard of it.
    fn link(&mut self, wildcard: u32) {
        let encloser = self.record(wildcard).and_then(|record| {
            let above = name::parent(record.name()?)?;
            let is_above = |record: &Record<'_>| record.name() == Some(above);
            self.find_slot(name::hash(above, self.seed), is_above)
        });
        let Some((encloser, _)) = encloser else { return };
        let field = self.arena.bytes_mut().get_mut(encloser as usize + WILDCARD..);
        if let Some(field) = field.and_then(|rest| rest.first_chunk_mut::<4>()) {
            *field = wildcard.to_le_bytes();
        }
    }
}

impl NameDraft<'_> {
    fn write(&self, records: &mut Vec<u8>) -> Option<()> {
        records.extend(self.zone.to_le_bytes());
        records.extend(self.default.number().to_le_bytes());
        records.extend(NONE.to_le_bytes());
        records.push(u8::from(self.kind == Kind::Cut));
        records.push(u8::try_from(self.owner.len()).ok()?);
        records.extend(u16::try_from(self.types.len()).ok()?.to_le_bytes());
        records.extend(self.owner);
        records.resize(records.len() + self.owner.len().next_multiple_of(8) - self.owner.len(), 0);
        for (rtype, slot) in &self.types {
            records.extend(rtype.to_le_bytes());
            records.extend(slot.number().to_le_bytes());
        }
        Some(())
    }
}

/// Places the records by hash, at most half full, so that a miss ends soon.
fn hash_slots(entries: &[(u64, u32)]) -> Box<[HashSlot]> {
    let mut slots = vec![EMPTY; (entries.len() * 2).next_power_of_two().max(2)];
    let mask = slots.len() - 1;
    for (hash, record) in entries {
        let mut at = *hash as usize & mask;
        while let Some(slot) = slots.get_mut(at) {
            if slot.record == NONE {
                *slot = HashSlot { hash: (hash >> 32) as u32, record: *record };
                break;
            }
            at = (at + 1) & mask;
        }
    }
    slots.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &Names, text: &str, qtype: u16) -> Option<Slot> {
        let mut message = vec![0; 12];
        message.extend(name::from_text(text).unwrap());
        message.extend([qtype.to_be_bytes(), [0, 1]].concat());
        let mut lowered = [0; 256];
        let question = Question::read(&message, names.seed(), &mut lowered).unwrap();
        names.find(&lowered, &question)
    }

    fn body(number: u32) -> Slot {
        Slot::Body(BodyId::from_number(number))
    }

    #[test]
    fn names_types_enclosers_wildcards_and_cuts_are_told_apart() {
        let owners = ["example", "www.example", "*.w.example", "w.example", "cut.example"]
            .map(|text| name::from_text(text).unwrap());
        let mut builder = NamesBuilder::new(12345, 5);
        let zone = builder.add_zone(BodyId::from_number(99));
        for (owner, number) in owners.iter().zip(1..) {
            let kind = if number == 5 { Kind::Cut } else { Kind::Name };
            let types = vec![(1, body(10 * number)), (28, Slot::Steered(SteeredId(number)))];
            builder.add(&NameDraft { owner, kind, zone, types, default: body(number) }).unwrap();
        }
        let names = builder.finish();
        let cases = [
            ("www.example", 1, Some(body(20))),
            ("www.example", 28, Some(Slot::Steered(SteeredId(2)))),
            ("www.example", 15, Some(body(2))),
            ("x.www.example", 1, Some(body(99))),
            ("x.w.example", 1, Some(body(30))),
            ("a.b.c.d.x.w.example", 15, Some(body(3))),
            ("*.w.example", 1, Some(body(30))),
            ("x.*.w.example", 1, Some(body(99))),
            ("cut.example", 1, Some(body(50))),
            ("x.y.cut.example", 1, Some(body(5))),
            ("other", 1, None),
            (".", 1, None),
        ];
        for (text, qtype, expected) in cases {
            assert_eq!(find(&names, text, qtype), expected, "{text} {qtype}");
        }
    }

    #[test]
    fn ten_thousand_names_are_all_found_and_no_other() {
        let owners: Vec<Vec<u8>> =
            (0..10_000).map(|n| name::from_text(&format!("h{n}.example")).unwrap()).collect();
        let mut builder = NamesBuilder::new(7, owners.len());
        for (owner, number) in owners.iter().zip(0..) {
            let (types, default) = (Vec::new(), body(number));
            builder.add(&NameDraft { owner, kind: Kind::Name, zone: 0, types, default }).unwrap();
        }
        let names = builder.finish();
        for number in 0..10_000 {
            assert_eq!(find(&names, &format!("h{number}.example"), 1), Some(body(number)));
        }
        assert_eq!(find(&names, "h10000.example", 1), None);
        assert_eq!(NamesBuilder::new(7, 0).finish().count(), 0);
    }
}
