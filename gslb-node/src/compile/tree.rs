//! One zone while it is compiled: its names in canonical order, by the rules of RFC 1034 4.3.2.

use super::zone::{StaticRecord, SteeredSource, ZoneFault, ZoneSource};
use crate::wire::code::rtype;
use crate::wire::name;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The records of one type at one name, sorted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rrset<'t, 'a>(&'t [StaticRecord<'a>]);

/// What is at one name; nothing at all for an empty non-terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    pub(super) owner: &'a [u8],
    /// Its records in the tree's.
    first: u32,
    count: u32,
    /// Its place in the tree's list of steered names.
    steered: u32,
    /// Below a cut, or in another zone that is served here: glue at most.
    pub(super) occluded: bool,
    /// Delegated to other servers, or to another zone here.
    pub(super) is_cut: bool,
}

const NOT_STEERED: u32 = u32::MAX;

/// The names of a zone.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) apex: &'a [u8],
    /// In canonical order, each behind all its ancestors.
    pub(super) nodes: Vec<Node<'a>>,
    records: Cow<'a, [StaticRecord<'a>]>,
    steered: &'a [SteeredSource<'a>],
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

impl<'t, 'a> Rrset<'t, 'a> {
    /// The type.
    pub(super) fn rtype(self) -> u16 {
        self.0.first().map_or(0, |record| record.rtype)
    }

    /// The smallest TTL of its records (RFC 2181 5.2 wants them equal).
    pub(super) fn ttl(self) -> u32 {
        self.0.iter().map(|record| record.ttl).min().unwrap_or(0)
    }

    /// The RDATA of each record, equal ones once.
    pub(super) fn rdatas(self) -> impl Iterator<Item = &'a [u8]> + use<'t, 'a> {
        let once = self.0.chunk_by(|a, b| a.rdata == b.rdata);
        once.filter_map(|equal| equal.first()).map(|record| record.rdata)
    }
}

impl<'a> Tree<'a> {
    /// Sorts a zone's names; `children` are the apexes of the zones next below that are served.
    pub(super) fn new(zone: &'a ZoneSource<'a>, children: &[&'a [u8]]) -> Result<Self, ZoneFault> {
        let mut records = Cow::Borrowed(zone.records.as_slice());
        if !records.is_sorted_by(|a, b| compare(a, b).is_le()) {
            records.to_mut().sort_by(compare);
        }
        let mut tree = Self { apex: zone.apex, nodes: Vec::new(), records, steered: &zone.steered };
        let owners = tree.owners(children)?;
        tree.nodes = tree.connect(owners, children);
        Ok(tree)
    }

    /// Every name that is given: by its records, as steered, or as the apex of a zone below.
    fn owners(&self, children: &[&'a [u8]]) -> Result<Vec<Node<'a>>, ZoneFault> {
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(self.records.len() + 1);
        for (at, record) in self.records.iter().enumerate() {
            match nodes.last_mut().filter(|node| node.owner == record.owner) {
                Some(node) => node.count += 1,
                None => {
                    let first = u32::try_from(at).map_err(|_| ZoneFault::Full)?;
                    nodes.push(Node { first, count: 1, ..Node::empty(record.owner) });
                }
            }
        }
        let with_records = nodes.len();
        let mut add = |owner: &'a [u8], steered| {
            let sorted = nodes.get(..with_records).unwrap_or_default();
            let found = sorted.binary_search_by(|node| name::canonical_cmp(node.owner, owner));
            match found.ok().and_then(|at| nodes.get_mut(at)) {
                Some(node) if steered != NOT_STEERED => node.steered = steered,
                Some(_) => {}
                None => nodes.push(Node { steered, ..Node::empty(owner) }),
            }
        };
        add(self.apex, NOT_STEERED);
        for (steered, number) in self.steered.iter().zip(0..) {
            add(steered.owner, number);
        }
        for child in children {
            add(child, NOT_STEERED);
        }
        if nodes.len() > with_records {
            // Two sorted runs at most are long: this is a merge. A steered name goes before a bare
            // one of the same owner.
            nodes.sort_by(|a, b| {
                name::canonical_cmp(a.owner, b.owner).then(a.steered.cmp(&b.steered))
            });
            nodes.dedup_by(|later, earlier| later.owner == earlier.owner);
        }
        match nodes.iter().find(|node| !name::is_at_or_under(node.owner, self.apex)) {
            Some(node) => Err(ZoneFault::OutOfZone(name::to_text(node.owner))),
            None => Ok(nodes),
        }
    }

    /// Adds the empty non-terminals, and marks cuts, what lies below them, and what lies at or below
    /// the apex of another zone that is served here.
    fn connect(&self, owners: Vec<Node<'a>>, children: &[&'a [u8]]) -> Vec<Node<'a>> {
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(owners.len() + owners.len() / 16);
        // The present name's ancestors from the apex on: place in `nodes`.
        let mut path: Vec<usize> = Vec::new();
        let children: BTreeSet<&[u8]> = children.iter().copied().collect();
        for owner in owners {
            let at = |nodes: &Vec<Node<'a>>, place: &usize| nodes.get(*place).copied();
            while let Some(top) = path.last().and_then(|top| at(&nodes, top))
                && !name::is_at_or_under(owner.owner, top.owner)
            {
                path.pop();
            }
            let above = path.last().and_then(|top| at(&nodes, top));
            let known = above.map_or(self.apex.len(), |above| above.owner.len() + 1);
            let mut missing: Vec<&'a [u8]> =
                name::ancestry(owner.owner).skip(1).take_while(|n| n.len() >= known).collect();
            let mut hidden = above.is_some_and(|above| above.occluded || above.is_cut);
            while let Some(name) = missing.pop() {
                path.push(nodes.len());
                nodes.push(Node { occluded: hidden, ..Node::empty(name) });
            }
            hidden |= children.contains(owner.owner);
            let is_cut = self.is_delegated(&owner);
            path.push(nodes.len());
            nodes.push(Node { occluded: hidden, is_cut, ..owner });
        }
        nodes
    }

    /// Whether NS records say that other servers answer for the name and all below it.
    fn is_delegated(&self, node: &Node<'a>) -> bool {
        // NS at a wildcard means nothing that resolvers agree on (RFC 4592 4.2): no cut.
        node.owner != self.apex
            && !node.owner.starts_with(b"\x01*")
            && self.records(node).iter().any(|record| record.rtype == rtype::NS)
    }

    fn records(&self, node: &Node<'a>) -> &[StaticRecord<'a>] {
        let (first, count) = (node.first as usize, node.count as usize);
        self.records.get(first..first + count).unwrap_or_default()
    }

    /// The RRsets of a name, by type.
    pub(super) fn rrsets(&self, node: &Node<'a>) -> impl Iterator<Item = Rrset<'_, 'a>> {
        self.records(node).chunk_by(|a, b| a.rtype == b.rtype).map(Rrset)
    }

    /// One RRset of a name.
    pub(super) fn rrset(&self, node: &Node<'a>, rtype: u16) -> Option<Rrset<'_, 'a>> {
        self.rrsets(node).find(|rrset| rrset.rtype() == rtype)
    }

    /// TTL and target, if the name is an alias.
    pub(super) fn cname(&self, node: &Node<'a>) -> Option<(u32, &'a [u8])> {
        let rrset = self.rrset(node, rtype::CNAME)?;
        Some((rrset.ttl(), rrset.rdatas().next()?))
    }

    /// How the name is steered, if it is.
    pub(super) fn steered(&self, node: &Node<'a>) -> Option<&'a SteeredSource<'a>> {
        self.steered.get(node.steered as usize)
    }

    /// The node of that name.
    pub(super) fn node(&self, owner: &[u8]) -> Option<&Node<'a>> {
        let at = self.nodes.binary_search_by(|node| name::canonical_cmp(node.owner, owner));
        self.nodes.get(at.ok()?)
    }

    /// Finds what answers for `name`.
    pub(super) fn lookup(&self, name: &[u8]) -> Lookup<'_, 'a> {
        if !name::is_at_or_under(name, self.apex) {
            return Lookup::Elsewhere;
        }
        let ancestors = name::ancestry(name).take_while(|n| n.len() >= self.apex.len());
        let found = ancestors.map(|n| (n, self.node(n))).find_map(|(n, node)| Some((n, node?)));
        let Some((encloser, node)) = found else { return Lookup::Missing };
        if node.occluded || node.is_cut {
            return Lookup::Elsewhere;
        }
        if encloser == name {
            return Lookup::Node(node);
        }
        let wildcard = [b"\x01*", encloser].concat();
        self.node(&wildcard).map_or(Lookup::Missing, Lookup::Node)
    }
}

impl<'a> Node<'a> {
    fn empty(owner: &'a [u8]) -> Self {
        let (occluded, is_cut) = (false, false);
        Self { owner, first: 0, count: 0, steered: NOT_STEERED, occluded, is_cut }
    }
}

/// Canonical order (RFC 4034 6.3): by owner, type and RDATA.
fn compare(a: &StaticRecord<'_>, b: &StaticRecord<'_>) -> Ordering {
    let rest = || a.rtype.cmp(&b.rtype).then_with(|| a.rdata.cmp(b.rdata));
    name::canonical_cmp(a.owner, b.owner).then_with(rest)
}

#[cfg(test)]
mod tests {
    use super::super::names::SteeredId;
    use super::super::zone::SteeredKind;
    use super::*;

    fn name(text: &str) -> Vec<u8> {
        name::from_text(text).unwrap()
    }

    /// Every node as text: its name, then `+` with records, `s` if steered, `c` for a cut, `o` if
    /// occluded.
    fn shown(tree: &Tree<'_>) -> Vec<String> {
        let mark = |on: bool, mark: &'static str| if on { mark } else { "" };
        let mut shown = Vec::new();
        for node in &tree.nodes {
            let has_records = mark(tree.rrsets(node).next().is_some(), "+");
            let steered = mark(tree.steered(node).is_some(), "s");
            let (cut, hidden) = (mark(node.is_cut, "c"), mark(node.occluded, "o"));
            let name = name::to_text(node.owner);
            shown.push(format!("{name} {has_records}{steered}{cut}{hidden}"));
        }
        shown
    }

    #[test]
    fn names_are_sorted_connected_and_hidden_below_cuts_whatever_their_order() {
        let owners = ["a.b.z", "z", "cut.z", "x.cut.z", "y.x.cut.z", "in.child.z", "*.w.z", "zz.z"]
            .map(name);
        let (child, inner) = (name("child.z"), name("deep.er.z"));
        let kind = SteeredKind::Alias;
        let [apex, steered] = [name("z"), name("s.ent.z")];
        let record = |owner, rtype| StaticRecord { owner, rtype, ttl: 60, rdata: &[1][..] };
        let mut records: Vec<StaticRecord<'_>> =
            owners.iter().map(|owner| record(owner.as_slice(), rtype::A)).collect();
        records.push(record(&owners[2], rtype::NS));
        records.push(record(&owners[6], rtype::NS));
        records.push(record(&owners[0], rtype::A));
        let expected = [
            "z. +",
            "b.z. ",
            "a.b.z. +",
            "child.z. o",
            "in.child.z. +o",
            "cut.z. +c",
            "x.cut.z. +o",
            "y.x.cut.z. +o",
            "ent.z. ",
            "s.ent.z. s",
            "er.z. ",
            "deep.er.z. so",
            "w.z. ",
            "*.w.z. +",
            "zz.z. +",
        ];
        for turn in 0..records.len() {
            records.rotate_left(1);
            if turn % 2 == 0 {
                records.reverse();
            }
            let steered = [&steered, &inner].map(|owner| {
                let id = SteeredId(7);
                SteeredSource { owner: owner.as_slice(), kind, id }
            });
            let zone =
                ZoneSource { apex: &apex, records: records.clone(), steered: steered.into() };
            let tree = Tree::new(&zone, &[&inner, &child]).unwrap();
            assert_eq!(shown(&tree), expected, "order {turn}");
            let twice = tree.rrset(tree.node(&owners[0]).unwrap(), rtype::A).unwrap();
            assert_eq!(twice.rdatas().count(), 1, "equal records are one");
            assert!(
                matches!(tree.lookup(&name("q.w.z")), Lookup::Node(node) if node.owner == owners[6])
            );
            assert!(matches!(tree.lookup(&name("q.cut.z")), Lookup::Elsewhere));
            assert!(matches!(tree.lookup(&name("q.b.z")), Lookup::Missing));
            assert!(matches!(tree.lookup(&name("other")), Lookup::Elsewhere));
        }
    }

    #[test]
    fn a_name_outside_is_refused() {
        let (apex, owner) = (name("z"), name("y"));
        let record = StaticRecord { owner: &owner, rtype: rtype::A, ttl: 60, rdata: &[1] };
        let zone = ZoneSource { apex: &apex, records: vec![record], steered: Vec::new() };
        assert_eq!(Tree::new(&zone, &[]).unwrap_err(), ZoneFault::OutOfZone("y.".to_owned()));
    }
}
