//! All names of all zones in one hash table: a query finds its answer with one probe.
//!
//! ```text
//! hash -> slot -> record: zone, default, wildcard child, kind | name | (type, answer) ...
//! miss -> the same for each ancestor: the first that exists is the closest encloser
//!           cut -> referral; has a wildcard child -> the wildcard's answer; else NXDOMAIN
//! ```
//!
//! Empty non-terminals are records too, so the first ancestor that is found is the right one (RFC
//! 4592 3.3.1). A record, its name and its types lie side by side: one or two cache lines.

use super::bodies::{BodyArena, BodyArenaBuilder, BodyId};
use crate::wire::name;
use std::collections::HashMap;

/// A steered name: its index in [`Published::steered`](super::Published::steered).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SteeredId(pub u32);

/// What a name answers to a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A body of [`Names::bodies`].
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
    records: Box<[u8]>,
    zones: Box<[BodyId]>,
    deepest: u8,
    bodies: BodyArena,
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

/// A record, read in place.
#[derive(Clone, Copy)]
struct Record<'a> {
    zone: u32,
    default: u32,
    wildcard: u32,
    kind: Kind,
    name: &'a [u8],
    types: &'a [u8],
}

impl Slot {
    fn number(self) -> u32 {
        match self {
            Self::Body(id) => id.number(),
            Self::Steered(SteeredId(id)) => STEERED | id,
        }
    }

    fn of_number(number: u32) -> Self {
        if number & STEERED == 0 {
            Self::Body(BodyId::from_number(number))
        } else {
            Self::Steered(SteeredId(number & !STEERED))
        }
    }
}

impl Names {
    /// The seed under which queries must hash their names.
    #[inline]
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The bodies of the static answers.
    #[inline]
    #[must_use]
    pub fn bodies(&self) -> &BodyArena {
        &self.bodies
    }

    /// How many names are held, empty non-terminals included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// What answers a query for `name` (lower-cased) and `qtype`; `None` outside of the zones.
    ///
    /// `hash` is the name's hash under [`seed`](Self::seed), `labels` its number of labels.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &[u8], hash: u64, labels: u8, qtype: u16) -> Option<Slot> {
        match self.probe(name, hash) {
            Some(record) => Some(record.slot(qtype)),
            None => self.find_by_encloser(name, labels, qtype),
        }
    }

    /// The answer for a name that does not exist: by its closest encloser (RFC 4592).
    fn find_by_encloser(&self, name: &[u8], labels: u8, qtype: u16) -> Option<Slot> {
        // Ancestors with more labels than any name here cannot exist: a long random name costs no
        // more.
        let skip = labels.saturating_sub(self.deepest).max(1);
        let encloser = name::ancestry(name)
            .skip(skip.into())
            .find_map(|ancestor| self.probe(ancestor, name::hash(ancestor, self.seed)))?;
        if encloser.kind == Kind::Cut {
            return Some(Slot::of_number(encloser.default));
        }
        if encloser.wildcard != NONE {
            return Some(self.record(encloser.wildcard)?.slot(qtype));
        }
        self.zones.get(encloser.zone as usize).copied().map(Slot::Body)
    }

    #[inline]
    fn probe(&self, name: &[u8], hash: u64) -> Option<Record<'_>> {
        let mask = self.slots.len() - 1;
        let (mut at, short) = (hash as usize & mask, (hash >> 32) as u32);
        loop {
            let slot = self.slots.get(at)?;
            if slot.record == NONE {
                return None;
            }
            if slot.hash == short {
                let record = self.record(slot.record)?;
                if record.name == name {
                    return Some(record);
                }
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn record(&self, at: u32) -> Option<Record<'_>> {
        let (head, rest) = self.records.get(at as usize..)?.split_first_chunk::<HEAD>()?;
        let [z0, z1, z2, z3, d0, d1, d2, d3, w0, w1, w2, w3, kind, length, t0, t1] = *head;
        let (name, rest) = rest.split_at_checked(length.into())?;
        Some(Record {
            zone: u32::from_le_bytes([z0, z1, z2, z3]),
            default: u32::from_le_bytes([d0, d1, d2, d3]),
            wildcard: u32::from_le_bytes([w0, w1, w2, w3]),
            kind: if kind == 0 { Kind::Name } else { Kind::Cut },
            name,
            types: rest.get(..TYPE * usize::from(u16::from_le_bytes([t0, t1])))?,
        })
    }
}

const TYPE: usize = 6;

impl Record<'_> {
    /// The answer to `qtype`.
    #[inline]
    fn slot(&self, qtype: u16) -> Slot {
        let [q0, q1] = qtype.to_le_bytes();
        let (types, _) = self.types.as_chunks::<TYPE>();
        for [t0, t1, s0, s1, s2, s3] in types {
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

/// Collects the names of all zones; [`Names::build`] drives it.
#[derive(Debug, Default)]
pub struct NamesBuilder<'a> {
    /// Where the bodies go.
    pub bodies: BodyArenaBuilder,
    zones: Vec<BodyId>,
    drafts: Vec<NameDraft<'a>>,
}

impl<'a> NamesBuilder<'a> {
    /// Adds a zone by the body of its NXDOMAIN answer.
    pub fn add_zone(&mut self, nxdomain: BodyId) -> u32 {
        self.zones.push(nxdomain);
        self.zones.len() as u32 - 1
    }

    /// Adds a name; each only once.
    pub fn add(&mut self, draft: NameDraft<'a>) {
        self.drafts.push(draft);
    }

    /// Lays the names out. `seed` should not be known to those who ask.
    pub fn finish(self, seed: u64) -> Result<Names, NamesFull> {
        let mut records = Vec::new();
        let mut offsets: HashMap<&[u8], u32> = HashMap::with_capacity(self.drafts.len());
        for draft in &self.drafts {
            let at = u32::try_from(records.len()).ok().filter(|at| *at < NONE).ok_or(NamesFull)?;
            offsets.insert(draft.owner, at);
            draft.write(&mut records).ok_or(NamesFull)?;
        }
        for draft in self.drafts.iter().filter(|draft| draft.owner.starts_with(b"\x01*")) {
            let encloser = name::parent(draft.owner).and_then(|parent| offsets.get(parent));
            let places = encloser.zip(offsets.get(draft.owner));
            let Some((encloser, wildcard)) = places else { continue };
            let field = records.get_mut(*encloser as usize + 8..);
            if let Some(field) = field.and_then(|rest| rest.first_chunk_mut::<4>()) {
                *field = wildcard.to_le_bytes();
            }
        }
        let deepest = self.drafts.iter().map(|draft| name::labels(draft.owner)).max().unwrap_or(0);
        Ok(Names {
            seed,
            slots: hash_slots(&offsets, seed),
            records: records.into_boxed_slice(),
            zones: self.zones.into_boxed_slice(),
            deepest: u8::try_from(deepest).unwrap_or(u8::MAX),
            bodies: self.bodies.finish(),
            count: self.drafts.len(),
        })
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
        for (rtype, slot) in &self.types {
            records.extend(rtype.to_le_bytes());
            records.extend(slot.number().to_le_bytes());
        }
        Some(())
    }
}

/// Places the records by hash, at most half full, so that a miss ends soon.
fn hash_slots(offsets: &HashMap<&[u8], u32>, seed: u64) -> Box<[HashSlot]> {
    let mut slots = vec![EMPTY; (offsets.len() * 2).next_power_of_two().max(2)];
    let mask = slots.len() - 1;
    let mut sorted: Vec<(&&[u8], &u32)> = offsets.iter().collect();
    sorted.sort_unstable_by_key(|(_, record)| **record);
    for (name, record) in sorted {
        let hash = name::hash(name, seed);
        let mut at = hash as usize & mask;
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
        let name = name::from_text(text).unwrap();
        let hash = name::hash(&name, names.seed());
        names.find(&name, hash, name::labels(&name) as u8, qtype)
    }

    fn body(number: u32) -> Slot {
        Slot::Body(BodyId::from_number(number))
    }

    #[test]
    fn names_types_enclosers_wildcards_and_cuts_are_told_apart() {
        let owners = ["example", "www.example", "*.w.example", "w.example", "cut.example"]
            .map(|text| name::from_text(text).unwrap());
        let mut builder = NamesBuilder::default();
        let zone = builder.add_zone(BodyId::from_number(99));
        for (owner, number) in owners.iter().zip(1..) {
            let kind = if number == 5 { Kind::Cut } else { Kind::Name };
            let types = vec![(1, body(10 * number)), (28, Slot::Steered(SteeredId(number)))];
            builder.add(NameDraft { owner, kind, zone, types, default: body(number) });
        }
        let names = builder.finish(12345).unwrap();
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
        let mut builder = NamesBuilder::default();
        for (owner, number) in owners.iter().zip(0..) {
            let (types, default) = (Vec::new(), body(number));
            builder.add(NameDraft { owner, kind: Kind::Name, zone: 0, types, default });
        }
        let names = builder.finish(7).unwrap();
        for number in 0..10_000 {
            assert_eq!(find(&names, &format!("h{number}.example"), 1), Some(body(number)));
        }
        assert_eq!(find(&names, "h10000.example", 1), None);
        assert_eq!(NamesBuilder::default().finish(7).unwrap().count(), 0);
    }
}
