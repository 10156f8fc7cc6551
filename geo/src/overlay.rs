//! What an operator knows better: prefixes with places, laid over a table.

use crate::edition::Edition;
use crate::merge::Interner;
use crate::place::{Continent, Country, Place, Subdivision};
use crate::places::PlaceTable;
use crate::point::Point;
use crate::prefix::Prefix;
use crate::runs::{Key, Runs, last_of_block};
use crate::special::SPACES;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// What an operator says of the addresses of a prefix; what is not given stays as the data below
/// has it.
///
/// A field that changes what is below also drops the narrower ones that are not given, as they
/// would contradict: another country drops subdivision, city and location, another city the
/// location.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlacePatch {
    /// The continent.
    pub continent: Option<Continent>,
    /// The country.
    pub country: Option<Country>,
    /// The subdivision of the country.
    pub subdivision: Option<Subdivision>,
    /// The English name of the city.
    pub city: Option<Arc<str>>,
    /// Where distance is measured from.
    pub location: Option<Point>,
    /// How far off the location may be, in km; 0 where a location is given without.
    pub radius_km: Option<u16>,
    /// The autonomous system.
    pub asn: Option<u32>,
}

/// Why a prefix cannot be laid over a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverlayError {
    /// An IPv6 prefix is longer than 64 bits.
    TooLong(Prefix),
    /// The prefix lies in a space whose addresses stand for IPv4 hosts.
    EmbedsIpv4(Prefix),
    /// The prefix is given twice.
    Twice(Prefix),
}

impl fmt::Display for OverlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(prefix) => {
                write!(f, "{prefix}: places are told apart by at most 64 bits of an IPv6 address")
            }
            Self::EmbedsIpv4(prefix) => {
                write!(f, "{prefix}: these addresses stand for IPv4 hosts; give the IPv4 prefix")
            }
            Self::Twice(prefix) => write!(f, "{prefix}: is given twice"),
        }
    }
}

impl std::error::Error for OverlayError {}

impl PlacePatch {
    /// `below` as changed by this.
    #[must_use]
    pub fn apply(&self, below: &Place) -> Place {
        let mut place = below.clone();
        if replace(&mut place.continent, self.continent) {
            (place.country, place.subdivision, place.city, place.location) = Default::default();
        }
        if replace(&mut place.country, self.country) {
            (place.subdivision, place.city, place.location) = Default::default();
            place.continent = self.continent;
        }
        if replace(&mut place.subdivision, self.subdivision) {
            (place.city, place.location) = Default::default();
        }
        if replace(&mut place.city, self.city.clone()) {
            place.location = None;
        }
        if self.location.is_some() {
            place.location = self.location;
            place.radius_km = 0;
        }
        place.radius_km = self.radius_km.unwrap_or(place.radius_km);
        place.asn = self.asn.or(place.asn);
        place
    }
}

/// Sets `field` if `value` is given; whether that changed it.
fn replace<T: PartialEq>(field: &mut Option<T>, value: Option<T>) -> bool {
    if value.is_none() || *field == value {
        return false;
    }
    *field = value;
    true
}

/// Patches of nested prefixes that hold for one range, by number; number 0 is no patch.
struct Chains<'a> {
    /// The chain that this one extends, and the patch that it adds.
    links: Vec<Option<(u32, &'a PlacePatch)>>,
}

impl<'a> Chains<'a> {
    /// The number of a chain that adds `patch` over `outer`.
    fn extend(&mut self, outer: u32, patch: &'a PlacePatch) -> u32 {
        self.links.push(Some((outer, patch)));
        self.links.len() as u32 - 1
    }

    /// `place` with the patches of chain `number` applied, the widest prefix's first.
    fn apply(&self, number: u32, place: &Place) -> Place {
        let mut patches = Vec::new();
        let mut at = number;
        while let Some(Some((outer, patch))) = self.links.get(at as usize) {
            patches.push(*patch);
            at = *outer;
        }
        patches.iter().rev().fold(place.clone(), |place, patch| patch.apply(&place))
    }
}

impl PlaceTable {
    /// This table with prefixes laid over it: the longest prefix wins, and what its patch leaves
    /// open is taken from the next shorter one, at last from the table.
    ///
    /// # Errors
    ///
    /// The first prefix that cannot be held.
    pub fn with_overlay(&self, overlay: &[(Prefix, PlacePatch)]) -> Result<Self, OverlayError> {
        let mut sorted: Vec<_> = overlay.iter().collect();
        // Wider prefixes stand before those inside of them.
        sorted.sort_by_key(|(prefix, _)| (prefix.address(), prefix.length()));
        for pair in sorted.windows(2) {
            if let [(first, _), (second, _)] = pair
                && first == second
            {
                return Err(OverlayError::Twice(*first));
            }
        }
        let mut chains = Chains { links: vec![None] };
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (prefix, patch) in sorted {
            match prefix.address() {
                IpAddr::V4(address) => v4.push((address.to_bits(), prefix.length(), patch)),
                IpAddr::V6(address) => v6.push((v6_key(*prefix, address)?, prefix.length(), patch)),
            }
        }
        let (v4, v6) = (stack(&v4, &mut chains), stack(&v6, &mut chains));
        let mut interner = Interner::new();
        let mut joined: HashMap<(u32, u32), u32> = HashMap::new();
        let mut join = |number: u32, chain: u32| {
            *joined.entry((number, chain)).or_insert_with(|| {
                let below = self.places().get(number as usize).cloned().unwrap_or_default();
                interner.number(chains.apply(chain, &below))
            })
        };
        let (v4, v6) = (self.v4().zip(&v4, &mut join), self.v6().zip(&v6, &mut join));
        Ok(Self::assemble(edition_over(self.edition(), overlay), &interner, &v4, &v6))
    }
}

/// The edition of data with an overlay; the order of the entries does not count.
fn edition_over(edition: &Edition, overlay: &[(Prefix, PlacePatch)]) -> Edition {
    if overlay.is_empty() {
        return edition.clone();
    }
    let mut entries: Vec<_> = overlay.iter().map(|entry| format!("{entry:?}")).collect();
    entries.sort();
    Edition {
        id: entries.iter().fold(edition.id, |id, entry| id.with(entry.as_bytes())),
        build_epoch_s: edition.build_epoch_s,
        label: match overlay.len() {
            1 => format!("{}, with 1 operator prefix", edition.label),
            many => format!("{}, with {many} operator prefixes", edition.label),
        },
    }
}

/// The key at which an IPv6 prefix starts.
fn v6_key(prefix: Prefix, address: Ipv6Addr) -> Result<u64, OverlayError> {
    let inside = |(first, length): &(u128, u8)| {
        let shared = (first ^ address.to_bits()).leading_zeros();
        prefix.length() >= *length && shared >= u32::from(*length)
    };
    if SPACES.iter().any(inside) {
        return Err(OverlayError::EmbedsIpv4(prefix));
    }
    if prefix.length() > 64 {
        return Err(OverlayError::TooLong(prefix));
    }
    Ok((address.to_bits() >> 64) as u64)
}

/// Nested prefixes, sorted by start and then length, as runs of chains.
fn stack<'a, K: Key>(
    prefixes: &[(K, u8, &'a PlacePatch)],
    chains: &mut Chains<'a>,
) -> Runs<K, u32> {
    let mut runs = Runs::whole(0);
    // The prefixes around the present start, the widest first: last key and chain of each.
    let mut open: Vec<(K, u32)> = Vec::new();
    for (start, length, patch) in prefixes {
        close(&mut open, &mut runs, |last| last < *start);
        let outer = open.last().map_or(0, |(_, chain)| *chain);
        let chain = chains.extend(outer, patch);
        runs.push(*start, chain);
        open.push((last_of_block(*start, *length), chain));
    }
    close(&mut open, &mut runs, |_| true);
    runs
}

/// Ends the innermost prefixes that are `over`; what is around each goes on behind it.
fn close<K: Key>(open: &mut Vec<(K, u32)>, runs: &mut Runs<K, u32>, over: impl Fn(K) -> bool) {
    while let Some((last, _)) = open.pop_if(|(last, _)| over(*last)) {
        let outer = open.last().map_or(0, |(_, chain)| *chain);
        if let Some(next) = last.after() {
            runs.push(next, outer);
        }
    }
}
