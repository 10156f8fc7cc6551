//! Follows CNAMEs within a zone, when the zone is compiled (RFC 1034 4.3.2, step 3a).

use super::tree::{Lookup, Node, Tree};

/// Aliases that are followed after the first; a longer chain is left to the resolver.
const DEPTH: usize = 8;

/// Where a chain of aliases leads.
pub(super) struct Chain<'t, 'a> {
    /// The aliases after the one that was asked: owner, TTL and target.
    pub(super) links: Vec<(Vec<u8>, u32, &'a [u8])>,
    /// The last target, lower-cased.
    pub(super) last: Vec<u8>,
    pub(super) end: End<'t, 'a>,
}

/// What stands at the end of a chain.
pub(super) enum End<'t, 'a> {
    /// A name of the zone.
    Node(&'t Node<'a>),
    /// A name that would be in the zone and does not exist.
    Missing,
    /// The resolver must ask again: another zone, a cut, a steered name, or too many aliases.
    AskAgain,
}

/// Follows the alias whose target is `target`.
pub(super) fn follow<'t, 'a>(tree: &'t Tree<'a>, target: &[u8]) -> Chain<'t, 'a> {
    // Lower-casing leaves length bytes as they are: they are below `A`.
    let last = target.to_ascii_lowercase();
    let mut chain = Chain { links: Vec::new(), last, end: End::AskAgain };
    loop {
        let node = match tree.lookup(&chain.last) {
            Lookup::Node(node) => node,
            Lookup::Missing => {
                chain.end = End::Missing;
                return chain;
            }
            Lookup::Elsewhere => return chain,
        };
        if tree.steered(node).is_some() {
            return chain;
        }
        let Some((ttl, next)) = tree.cname(node) else {
            chain.end = End::Node(node);
            return chain;
        };
        // An alias that leads to where the chain began would be told twice.
        let seen = next.eq_ignore_ascii_case(target)
            || chain.links.iter().any(|(owner, ..)| *owner == chain.last);
        if seen || chain.links.len() == DEPTH {
            return chain;
        }
        let owner = std::mem::replace(&mut chain.last, next.to_ascii_lowercase());
        chain.links.push((owner, ttl, next));
    }
}
