//! Zones and steered names -> [`Names`]: encodes every answer that does not depend on the client.

use super::bodies::{ArenaFull, BodyId};
use super::chain::{self, End};
use super::names::{Kind, NameDraft, Names, NamesBuilder, NamesFull, Slot, SteeredId};
use super::tree::{Node, Rrset, Tree};
use crate::wire::body::{BodyEncoder, BodyTooLarge, Owner, Section};
use crate::wire::code::{rcode, rtype};
use crate::wire::{header, name};
use std::collections::BTreeMap;
use std::fmt;

/// A static record; names in wire form, uncompressed, the owner lower-cased.
#[derive(Clone, Copy, Debug)]
pub struct StaticRecord<'a> {
    /// Owner name.
    pub owner: &'a [u8],
    /// Record type.
    pub rtype: u16,
    /// TTL, seconds.
    pub ttl: u32,
    /// RDATA.
    pub rdata: &'a [u8],
}

/// What a steered name gives out; the same for every client, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SteeredKind {
    /// Addresses of these families.
    Addresses {
        /// It has A records.
        a: bool,
        /// It has AAAA records.
        aaaa: bool,
    },
    /// An alias, to any type.
    Alias,
}

/// A steered name; its first label may be `*`.
#[derive(Clone, Copy, Debug)]
pub struct SteeredSource<'a> {
    /// Owner name, lower-cased wire form.
    pub owner: &'a [u8],
    /// What it gives out.
    pub kind: SteeredKind,
    /// Its index in [`Published::steered`](super::Published::steered).
    pub id: SteeredId,
}

/// A zone as it is declared.
#[derive(Clone, Debug)]
pub struct ZoneSource<'a> {
    /// The apex, lower-cased wire form.
    pub apex: &'a [u8],
    /// The static records, in any order; SOA and NS at the apex among them.
    pub records: Vec<StaticRecord<'a>>,
    /// The steered names in this zone and in no zone below it.
    pub steered: Vec<SteeredSource<'a>>,
}

/// Why zones cannot be compiled. What the model's checks let through must not end here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneFault {
    /// The zone of that apex has no readable SOA at it.
    NoSoa(String),
    /// The record's owner is not in the zone.
    OutOfZone(String),
    /// Two zones have this apex.
    Twice(String),
    /// An answer at this name does not fit into a message.
    TooLarge(String),
    /// The names need more memory than the tables can address.
    Full,
}

impl fmt::Display for ZoneFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSoa(apex) => write!(f, "the zone {apex} has no SOA record"),
            Self::OutOfZone(owner) => write!(f, "{owner} does not lie in its zone"),
            Self::Twice(apex) => write!(f, "the zone {apex} is there twice"),
            Self::TooLarge(owner) => write!(f, "an answer of {owner} does not fit into a message"),
            Self::Full => f.write_str("the zones need more memory than the tables can address"),
        }
    }
}

impl std::error::Error for ZoneFault {}

impl From<ArenaFull> for ZoneFault {
    fn from(_: ArenaFull) -> Self {
        Self::Full
    }
}

impl From<NamesFull> for ZoneFault {
    fn from(_: NamesFull) -> Self {
        Self::Full
    }
}

impl Names {
    /// Compiles all zones; `seed` should not be known to those who ask.
    pub fn build(seed: u64, zones: &[ZoneSource<'_>]) -> Result<Self, ZoneFault> {
        let mut below = BTreeMap::new();
        for zone in zones {
            if below.insert(zone.apex, Vec::new()).is_some() {
                return Err(ZoneFault::Twice(name::to_text(zone.apex)));
            }
        }
        for zone in zones {
            let above = name::ancestry(zone.apex).skip(1).find(|n| below.contains_key(n));
            if let Some(children) = above.and_then(|above| below.get_mut(above)) {
                children.push(zone.apex);
            }
        }
        let names = zones.iter().map(|zone| zone.records.len() + zone.steered.len()).sum();
        let mut builder = NamesBuilder::new(seed, names);
        let mut compilers = BTreeMap::new();
        for zone in zones {
            let children = below.get(zone.apex).map_or(&[][..], Vec::as_slice);
            let tree = Tree::new(zone, children)?;
            compilers.insert(zone.apex, ZoneCompiler::new(tree, &mut builder)?);
        }
        for (apex, compiler) in &compilers {
            // RFC 4035 3.1.4.1: DS at a cut is the parent's, also if both zones are served here.
            let above = name::ancestry(apex).skip(1).find_map(|n| compilers.get(n));
            let ds = above.map(|parent| parent.ds(apex, &mut builder)).transpose()?;
            compiler.compile(ds, &mut builder)?;
        }
        Ok(builder.finish())
    }
}

/// One zone, with the answers that all its names share.
struct ZoneCompiler<'a> {
    tree: Tree<'a>,
    number: u32,
    soa: &'a [u8],
    negative_ttl: u32,
    nodata: BodyId,
}

impl<'a> ZoneCompiler<'a> {
    fn new(tree: Tree<'a>, builder: &mut NamesBuilder) -> Result<Self, ZoneFault> {
        let soa = tree.node(tree.apex).and_then(|node| tree.rrset(node, rtype::SOA));
        let no_soa = || ZoneFault::NoSoa(name::to_text(tree.apex));
        let (ttl, rdata) =
            soa.and_then(|s| Some((s.ttl(), s.rdatas().next()?))).ok_or_else(no_soa)?;
        let minimum = rdata.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
        // RFC 2308 3: the TTL of a negative answer is the smaller of the SOA's TTL and its MINIMUM.
        let negative_ttl = ttl.min(minimum.ok_or_else(no_soa)?);
        let none = BodyId::from_number(0);
        let mut zone = Self { tree, number: 0, soa: rdata, negative_ttl, nodata: none };
        let mut negative = |code: u16| {
            let mut encoder = BodyEncoder::new(zone.tree.apex);
            zone.deny(&mut encoder);
            add(builder, encoder, code, header::AA, zone.tree.apex)
        };
        let (nodata, nxdomain) = (negative(rcode::NOERROR)?, negative(rcode::NXDOMAIN)?);
        zone.nodata = nodata;
        zone.number = builder.add_zone(nxdomain);
        Ok(zone)
    }

    /// Adds the SOA that a negative answer carries (RFC 2308 2).
    fn deny(&self, encoder: &mut BodyEncoder<'_>) {
        let (owner, ttl) = (Owner::Name(self.tree.apex), self.negative_ttl);
        encoder.record(Section::Authority, owner, rtype::SOA, ttl, self.soa);
    }

    /// The answer to DS at `owner`, given by this zone as the parent.
    fn ds(&self, owner: &[u8], builder: &mut NamesBuilder) -> Result<Slot, ZoneFault> {
        let node = self.tree.node(owner);
        match node.and_then(|node| self.tree.rrset(node, rtype::DS)) {
            Some(rrset) => Ok(Slot::Body(self.plain(owner, rrset, builder)?)),
            None => Ok(Slot::Body(self.nodata)),
        }
    }

    /// Adds every name of the zone that is not hidden below a cut.
    fn compile(&self, ds: Option<Slot>, builder: &mut NamesBuilder) -> Result<(), ZoneFault> {
        for node in self.tree.nodes.iter().filter(|node| !node.occluded) {
            let mut draft = if node.is_cut {
                self.cut(node, builder)?
            } else if let Some(cname) = self.tree.cname(node) {
                self.alias(node.owner, cname, builder)?
            } else {
                self.data(node, builder)?
            };
            if node.owner == self.tree.apex
                && let Some(ds) = ds
            {
                draft.types.retain(|(rtype, _)| *rtype != rtype::DS);
                draft.types.push((rtype::DS, ds));
            }
            draft.types.sort_unstable_by_key(|(rtype, _)| *rtype);
            builder.add(&draft)?;
        }
        Ok(())
    }

    fn draft(&self, owner: &'a [u8]) -> NameDraft<'a> {
        let default = Slot::Body(self.nodata);
        NameDraft { owner, kind: Kind::Name, zone: self.number, types: Vec::new(), default }
    }

    /// A name with its own records, an empty non-terminal, or a steered name.
    fn data(
        &self,
        node: &Node<'a>,
        builder: &mut NamesBuilder,
    ) -> Result<NameDraft<'a>, ZoneFault> {
        let mut draft = self.draft(node.owner);
        for rrset in self.tree.rrsets(node) {
            let body = self.plain(node.owner, rrset, builder)?;
            draft.types.push((rrset.rtype(), Slot::Body(body)));
        }
        if let Some(steered) = self.tree.steered(node) {
            let slot = Slot::Steered(steered.id);
            match steered.kind {
                SteeredKind::Alias => (draft.types, draft.default) = (Vec::new(), slot),
                SteeredKind::Addresses { a, aaaa } => {
                    draft.types.retain(|(rtype, _)| ![rtype::A, rtype::AAAA].contains(rtype));
                    let families = [(a, rtype::A), (aaaa, rtype::AAAA)];
                    let kept = families.into_iter().filter(|(has, _)| *has);
                    draft.types.splice(..0, kept.map(|(_, rtype)| (rtype, slot)));
                }
            }
        }
        // RFC 8482 4.1: one RRset is answer enough to ANY.
        if let Some((_, first)) = draft.types.first().copied() {
            draft.types.push((rtype::ANY, first));
        }
        Ok(draft)
    }

    /// An RRset of the asked name.
    fn plain(
        &self,
        owner: &[u8],
        rrset: Rrset<'_, '_>,
        builder: &mut NamesBuilder,
    ) -> Result<BodyId, ZoneFault> {
        let mut encoder = BodyEncoder::new(base(owner));
        let (section, owned_by) = (Section::Answer, Owner::Question);
        encoder.rrset(section, owned_by, rrset.rtype(), rrset.ttl(), rrset.rdatas());
        add(builder, encoder, rcode::NOERROR, header::AA, owner)
    }

    /// An alias: followed as far as the zone reaches, for each type that its end has.
    fn alias(
        &self,
        owner: &'a [u8],
        (ttl, target): (u32, &'a [u8]),
        builder: &mut NamesBuilder,
    ) -> Result<NameDraft<'a>, ZoneFault> {
        let chain = chain::follow(&self.tree, target);
        let start = |links: &[(Vec<u8>, u32, &[u8])]| {
            let mut encoder = BodyEncoder::new(base(owner));
            encoder.record(Section::Answer, Owner::Question, rtype::CNAME, ttl, target);
            for (link, ttl, next) in links {
                encoder.record(Section::Answer, Owner::Name(link), rtype::CNAME, *ttl, next);
            }
            encoder
        };
        let mut draft = self.draft(owner);
        let only = Slot::Body(add(builder, start(&[]), rcode::NOERROR, header::AA, owner)?);
        draft.types.extend([(rtype::CNAME, only), (rtype::ANY, only)]);
        let mut rest = start(&chain.links);
        // RFC 6604 3: the response code is that of the last name.
        let code = match chain.end {
            End::AskAgain => rcode::NOERROR,
            End::Missing => {
                self.deny(&mut rest);
                rcode::NXDOMAIN
            }
            End::Node(node) => {
                for rrset in self.tree.rrsets(node) {
                    let mut encoder = start(&chain.links);
                    let (last, rtype) = (Owner::Name(&chain.last), rrset.rtype());
                    encoder.rrset(Section::Answer, last, rtype, rrset.ttl(), rrset.rdatas());
                    let body = add(builder, encoder, rcode::NOERROR, header::AA, owner)?;
                    draft.types.push((rtype, Slot::Body(body)));
                }
                self.deny(&mut rest);
                rcode::NOERROR
            }
        };
        draft.default = Slot::Body(add(builder, rest, code, header::AA, owner)?);
        Ok(draft)
    }

    /// A cut: a referral to all but DS (RFC 1034 4.3.2 step 3b), with all glue (RFC 9471).
    fn cut(&self, node: &Node<'a>, builder: &mut NamesBuilder) -> Result<NameDraft<'a>, ZoneFault> {
        let owner = node.owner;
        let mut draft = self.draft(owner);
        draft.kind = Kind::Cut;
        draft.types.push((rtype::DS, self.ds(owner, builder)?));
        let mut encoder = BodyEncoder::new(owner);
        if let Some(servers) = self.tree.rrset(node, rtype::NS) {
            let (name, ttl) = (Owner::Name(owner), servers.ttl());
            encoder.rrset(Section::Authority, name, rtype::NS, ttl, servers.rdatas());
            for server in servers.rdatas() {
                let server = server.to_ascii_lowercase();
                let Some(glue) = self.tree.node(&server) else { continue };
                for family in [rtype::A, rtype::AAAA] {
                    let Some(rrset) = self.tree.rrset(glue, family) else { continue };
                    let (name, ttl) = (Owner::Name(&server), rrset.ttl());
                    encoder.rrset(Section::Additional, name, family, ttl, rrset.rdatas());
                }
            }
        }
        draft.default = Slot::Body(add(builder, encoder, rcode::NOERROR, 0, owner)?);
        Ok(draft)
    }
}

/// The end of the question that is known: the name itself, or what a wildcard stands below.
fn base(owner: &[u8]) -> &[u8] {
    match owner.strip_prefix(b"\x01*") {
        Some(encloser) => encloser,
        None => owner,
    }
}

fn add(
    builder: &mut NamesBuilder,
    encoder: BodyEncoder<'_>,
    code: u16,
    flags: u8,
    owner: &[u8],
) -> Result<BodyId, ZoneFault> {
    let body = encoder.finish(flags, code as u8);
    let body = body.map_err(|BodyTooLarge| ZoneFault::TooLarge(name::to_text(owner)))?;
    Ok(builder.bodies.add(&body)?)
}
