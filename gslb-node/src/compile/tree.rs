//! One zone while it is compiled: its names with their RRsets, by the rules of RFC 1034 4.3.2.

use super::zone::{SteeredSource, ZoneFault, ZoneSource};
use crate::wire::code::rtype;
use crate::wire::name;
use std::collections::{BTreeMap, BTreeSet};

/// The records of one type at one name.
#[derive(Debug, Default)]
pub(super) struct Rrset<'a> {
    /// The smallest TTL of its records (RFC 2181 5.2 wants them equal).
    pub(super) ttl: u32,
    pub(super) rdatas: Vec<&'a [u8]>,
}

/// What is at one name; nothing at all for an empty non-terminal.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) rrsets: BTreeMap<u16, Rrset<'a>>,
    pub(super) steered: Option<SteeredSource<'a>>,
    /// Below a cut, or in another zone that is served here: glue at most.
    pub(super) occluded: bool,
}

/// The names of a zone.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) apex: &'a [u8],
    pub(super) nodes: BTreeMap<&'a [u8], Node<'a>>,
}

/// What a name comes down to within a zone.
pub(super) enum Lookup<'t, 'a> {
    /// It exists, or a wildcard stands for it.
    Node(&'t Node<'a>),
    /// It does not exist.
    Missing,
    /// Not answered from this zone: outside of it, below a cut, or in a zone below.
    Elsewhere,
}

impl<'a> Node<'a> {
    /// The target, if the name is an alias.
    pub(super) fn cname(&self) -> Option<(u32, &'a [u8])> {
        let rrset = self.rrsets.get(&rtype::CNAME)?;
        Some((rrset.ttl, rrset.rdatas.first().copied()?))
    }
}

impl<'a> Tree<'a> {
    /// Sorts a zone's records; `children` are the apexes of the zones next below that are served.
    pub(super) fn new(zone: &ZoneSource<'a>, children: &[&'a [u8]]) -> Result<Self, ZoneFault> {
        let mut tree = Self { apex: zone.apex, nodes: BTreeMap::new() };
        for record in &zone.records {
            let rrset = tree.node(record.owner)?.rrsets.entry(record.rtype).or_default();
            rrset.ttl =
                if rrset.rdatas.is_empty() { record.ttl } else { rrset.ttl.min(record.ttl) };
            if !rrset.rdatas.contains(&record.rdata) {
                rrset.rdatas.push(record.rdata);
            }
        }
        for steered in &zone.steered {
            tree.node(steered.owner)?.steered = Some(*steered);
        }
        for child in children {
            tree.node(child)?;
        }
        tree.occlude(&children.iter().copied().collect());
        Ok(tree)
    }

    /// Whether the name is delegated to other servers, or to another zone here.
    pub(super) fn is_cut(&self, owner: &[u8]) -> bool {
        // NS at a wildcard means nothing that resolvers agree on (RFC 4592 4.2): no cut.
        owner != self.apex
            && !owner.starts_with(b"\x01*")
            && self.nodes.get(owner).is_some_and(|node| node.rrsets.contains_key(&rtype::NS))
    }

    /// Finds what answers for `name`.
    pub(super) fn lookup(&self, name: &[u8]) -> Lookup<'_, 'a> {
        if !name::is_at_or_under(name, self.apex) {
            return Lookup::Elsewhere;
        }
        let ancestors = name::ancestry(name).take_while(|n| n.len() >= self.apex.len());
        let found =
            ancestors.map(|n| (n, self.nodes.get(n))).find_map(|(n, node)| Some((n, node?)));
        let Some((encloser, node)) = found else { return Lookup::Missing };
        if node.occluded || self.is_cut(encloser) {
            return Lookup::Elsewhere;
        }
        if encloser == name {
            return Lookup::Node(node);
        }
        let wildcard = [b"\x01*", encloser].concat();
        self.nodes.get(wildcard.as_slice()).map_or(Lookup::Missing, Lookup::Node)
    }

    /// The node of `owner`, made with all its ancestors up to the apex.
    fn node(&mut self, owner: &'a [u8]) -> Result<&mut Node<'a>, ZoneFault> {
        if !name::is_at_or_under(owner, self.apex) {
            return Err(ZoneFault::OutOfZone(name::to_text(owner)));
        }
        for ancestor in name::ancestry(owner).skip(1) {
            if ancestor.len() < self.apex.len() || self.nodes.contains_key(ancestor) {
                break;
            }
            self.nodes.insert(ancestor, Node::default());
        }
        Ok(self.nodes.entry(owner).or_default())
    }

    /// Marks what lies below a cut, and at or below the apex of another zone that is served here.
    fn occlude(&mut self, children: &BTreeSet<&[u8]>) {
        let apex = self.apex;
        let hidden: Vec<&'a [u8]> = self
            .nodes
            .keys()
            .copied()
            .filter(|owner| {
                name::ancestry(owner).take_while(|ancestor| ancestor.len() > apex.len()).any(
                    |ancestor| {
                        children.contains(ancestor) || (ancestor != *owner && self.is_cut(ancestor))
                    },
                )
            })
            .collect();
        for owner in hidden {
            if let Some(node) = self.nodes.get_mut(owner) {
                node.occluded = true;
            }
        }
    }
}
