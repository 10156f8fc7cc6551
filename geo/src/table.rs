//! The classes of one map, compiled: what the data path asks.

use crate::place::Place;
use crate::places::PlaceTable;
use crate::runs::{Key, Runs, last_of_block};
use crate::special::{embedded, shortest_length_outside};
use std::net::IpAddr;

/// Subnets are told apart by at most 24 bits of IPv4 and 56 of IPv6: both leave out the last 8 bits
/// of the key.
const SUBNET_HOST_BITS: u8 = 8;

/// At most this many leading bits pick a root: about one run a root, up to a million.
const MAX_ROOT_BITS: u8 = 20;

/// The class of every address, for one way to classify places; immutable, never allocates in a
/// look-up.
#[derive(Clone, Debug)]
pub struct ClassTable {
    source_v4: Index<u32>,
    source_v6: Index<u64>,
    subnet_v4: Index<u32>,
    subnet_v6: Index<u64>,
}

/// Where a look-up begins: see [`ClassTable::home`].
#[derive(Clone, Copy, Debug)]
pub struct Home {
    at: u32,
    v4: bool,
    subnet: bool,
}

impl ClassTable {
    /// Compiles `places` by `classify`, which is called once for each distinct place, the unknown
    /// one first.
    #[must_use]
    pub fn build(places: &PlaceTable, classify: impl FnMut(&Place) -> u16) -> Self {
        let classes: Vec<u16> = places.places().iter().map(classify).collect();
        let class = |place: u32| classes.get(place as usize).copied().unwrap_or(0);
        let (v4, v6) = (places.v4().map(class), places.v6().map(class));
        Self {
            subnet_v4: Index::new(collapse(&v4)),
            subnet_v6: Index::new(collapse(&v6)),
            source_v4: Index::new(v4),
            source_v6: Index::new(v6),
        }
    }

    /// The class of a packet's source address, told apart by all 32 bits of IPv4 and the top 64 of
    /// IPv6.
    #[must_use]
    #[inline]
    pub fn class_of_source(&self, address: IpAddr) -> u16 {
        match address {
            IpAddr::V4(v4) => self.source_v4.class(v4.to_bits()),
            IpAddr::V6(v6) => match embedded(v6) {
                Some(inner) => self.source_v4.class(inner.host.to_bits()),
                None => self.source_v6.class((v6.to_bits() >> 64) as u64),
            },
        }
    }

    /// The class of a client subnet (RFC 7871) and the scope of an answer by it.
    ///
    /// Bits of `address` past `source_length` count as 0; a length of 0 says nothing, so ask for
    /// the packet's source instead. The scope is the length of the widest prefix around the address
    /// in which the class is constant: at most 24 in IPv4 and 56 in IPv6. It may exceed
    /// `source_length` (RFC 7871 7.2.1). Where an IPv6 address stands for an IPv4 host it is that
    /// host's scope moved behind the bits before it (at most 120), and next to such a space it is
    /// as long as keeps out of it (at most 97). So all scopes of a table are disjoint, and none
    /// covers an address of another class.
    #[must_use]
    #[inline]
    pub fn class_of_subnet(&self, address: IpAddr, source_length: u8) -> (u16, u8) {
        match address {
            IpAddr::V4(v4) => {
                let host_bits = 32u32.saturating_sub(source_length.into());
                let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
                self.subnet_v4.class_and_length(v4.to_bits() & mask)
            }
            IpAddr::V6(v6) => {
                let host_bits = 128u32.saturating_sub(source_length.into());
                let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
                let v6 = std::net::Ipv6Addr::from_bits(v6.to_bits() & mask);
                if let Some(inner) = embedded(v6) {
                    let (class, length) = self.subnet_v4.class_and_length(inner.host.to_bits());
                    return (class, inner.length(length));
                }
                let key = (v6.to_bits() >> 64) as u64;
                let (class, length) = self.subnet_v6.class_and_length(key);
                (class, length.max(shortest_length_outside(v6)))
            }
        }
    }

    /// Where the search for the class of an address will begin: the first of two steps that wait
    /// for memory. Take it for many look-ups, then [`warm`](Self::warm) all, then look them up:
    /// so the waits overlap.
    ///
    /// `subnet`: whether [`class_of_subnet`](Self::class_of_subnet) will be asked.
    #[must_use]
    #[inline]
    pub fn home(&self, address: IpAddr, subnet: bool) -> Home {
        let at = match (address, subnet) {
            (IpAddr::V4(v4), true) => self.subnet_v4.home(v4.to_bits()),
            (IpAddr::V4(v4), false) => self.source_v4.home(v4.to_bits()),
            (IpAddr::V6(v6), true) => self.subnet_v6.home((v6.to_bits() >> 64) as u64),
            (IpAddr::V6(v6), false) => self.source_v6.home((v6.to_bits() >> 64) as u64),
        };
        Home { at, v4: address.is_ipv4(), subnet }
    }

    /// Reads what the look-up of that home will read. Only that it was read is of use.
    #[must_use]
    #[inline]
    pub fn warm(&self, home: Home) -> u64 {
        match (home.v4, home.subnet) {
            (true, true) => self.subnet_v4.warm(home.at),
            (true, false) => self.source_v4.warm(home.at),
            (false, true) => self.subnet_v6.warm(home.at),
            (false, false) => self.source_v6.warm(home.at),
        }
    }

    /// The numbers of ranges of one class: IPv4 and IPv6 at full length, IPv4 and IPv6 of subnets.
    #[must_use]
    pub fn ranges(&self) -> [usize; 4] {
        [
            self.source_v4.runs.len(),
            self.source_v6.runs.len(),
            self.subnet_v4.runs.len(),
            self.subnet_v6.runs.len(),
        ]
    }

    /// Heap bytes held.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.source_v4.memory_bytes()
            + self.source_v6.memory_bytes()
            + self.subnet_v4.memory_bytes()
            + self.subnet_v6.memory_bytes()
    }
}

/// The same runs with every subnet given the one class that holds most of it, the lowest of equal
/// ones.
fn collapse<K: Key>(runs: &Runs<K, u16>) -> Runs<K, u16> {
    let length = K::BITS - SUBNET_HOST_BITS;
    let mut out = Runs::whole(runs.value(0).unwrap_or(0));
    // Keys by class of the subnet that several runs share.
    let mut shares: Vec<(u16, u64)> = Vec::new();
    for (first, last, class) in runs.iter() {
        let mut from = first;
        let subnet_end = last_of_block(first, length);
        let subnet_start = K::of(first.number() >> SUBNET_HOST_BITS << SUBNET_HOST_BITS);
        if first != subnet_start {
            let end = last.min(subnet_end);
            share(&mut shares, class, end.number() - first.number() + 1);
            if last < subnet_end {
                continue;
            }
            out.push(subnet_start, largest(&mut shares));
            let Some(next) = subnet_end.after().filter(|next| *next <= last) else { continue };
            from = next;
        }
        let tail_start = K::of(last.number() >> SUBNET_HOST_BITS << SUBNET_HOST_BITS);
        let whole_to_the_end = last == last_of_block(last, length);
        if from < tail_start || whole_to_the_end {
            out.push(from, class);
        }
        if !whole_to_the_end {
            share(&mut shares, class, last.number() - tail_start.number() + 1);
        }
    }
    out.shrink();
    out
}

/// Adds `keys` to what `class` has of a subnet.
fn share(shares: &mut Vec<(u16, u64)>, class: u16, keys: u64) {
    match shares.iter_mut().find(|(known, _)| *known == class) {
        Some((_, sum)) => *sum += keys,
        None => shares.push((class, keys)),
    }
}

/// The class with the largest share, the lowest of equal ones; begins anew.
fn largest(shares: &mut Vec<(u16, u64)>) -> u16 {
    let best = shares.drain(..).max_by_key(|(class, keys)| (*keys, std::cmp::Reverse(*class)));
    best.map_or(0, |(class, _)| class)
}

/// A key that has a table of roots.
trait Rooted: Key {
    /// The bits that the root's bits follow: none of IPv4; in IPv6 the 3 of 2000::/3, all that is
    /// routed (RFC 4291 2.4).
    const SKIPPED: u8;
    /// What the skipped bits are where a root exists.
    const TOP: u64;
}

impl Rooted for u32 {
    const SKIPPED: u8 = 0;
    const TOP: u64 = 0;
}

impl Rooted for u64 {
    const SKIPPED: u8 = 3;
    const TOP: Self = 0b001;
}

/// Runs with a root for each value of their leading bits, so that a search is over the few runs
/// below one root.
#[derive(Clone, Debug)]
struct Index<K> {
    runs: Runs<K, u16>,
    /// For each root the number of the first run that starts at or behind it, and one for the end.
    roots: Vec<u32>,
    /// The bits of a key behind those of its root.
    shift: u8,
}

impl<K: Rooted> Index<K> {
    /// Over finished runs.
    fn new(mut runs: Runs<K, u16>) -> Self {
        runs.shrink();
        // About one run a root; few runs need few roots.
        let root_bits = (runs.len().max(1).ilog2() as u8).min(MAX_ROOT_BITS);
        let shift = K::BITS - K::SKIPPED - root_bits;
        let region = K::TOP.checked_shl(u32::from(K::BITS - K::SKIPPED)).unwrap_or(0);
        let starts = runs.starts();
        let mut roots = Vec::with_capacity((1 << root_bits) + 1);
        let mut at = 0;
        for root in 0..=1u64 << root_bits {
            // In u128: the end of IPv4 space is no u32.
            let first = u128::from(region) + (u128::from(root) << shift);
            while starts.get(at).is_some_and(|start| u128::from(start.number()) < first) {
                at += 1;
            }
            roots.push(at as u32);
        }
        Self { runs, roots, shift }
    }

    /// The number of the root of `key`, if it lies where roots are.
    #[inline]
    fn root(&self, key: K) -> Option<usize> {
        let number = key.number();
        let inside = K::SKIPPED == 0 || number >> (K::BITS - K::SKIPPED) == K::TOP;
        let root = number & (u64::MAX >> (64 - K::BITS + K::SKIPPED));
        inside.then_some((root >> self.shift) as usize)
    }

    /// The first run that a search for `key` looks at.
    #[inline]
    fn home(&self, key: K) -> u32 {
        self.root(key).and_then(|root| self.roots.get(root)).copied().unwrap_or(0)
    }

    /// Reads the run of that number and its class.
    #[inline]
    fn warm(&self, run: u32) -> u64 {
        let start = self.runs.starts().get(run as usize).map_or(0, |start| start.number());
        start ^ u64::from(self.runs.value(run as usize).unwrap_or(0))
    }

    /// The number of the run that holds `key`.
    #[inline]
    fn find(&self, key: K) -> usize {
        let Some(root) = self.root(key) else { return self.runs.find(key) };
        let (Some(low), Some(high)) = (self.roots.get(root), self.roots.get(root + 1)) else {
            return self.runs.find(key);
        };
        let (low, high) = (*low as usize, *high as usize);
        let behind = match self.runs.starts().get(low..high) {
            Some(starts) => starts.partition_point(|start| *start <= key),
            None => 0,
        };
        // Run 0 starts at key 0, so that at least one run starts at or before any key.
        (low + behind).saturating_sub(1)
    }

    /// The class of `key`.
    #[inline]
    fn class(&self, key: K) -> u16 {
        self.runs.value(self.find(key)).unwrap_or(0)
    }

    /// The class of `key`, and the length of the widest aligned block around it that has that class
    /// throughout.
    #[inline]
    fn class_and_length(&self, key: K) -> (u16, u8) {
        let run = self.find(key);
        (self.runs.value(run).unwrap_or(0), self.runs.block_length(run, key))
    }

    /// Heap bytes held.
    fn memory_bytes(&self) -> usize {
        self.runs.memory_bytes() + self.roots.capacity() * size_of::<u32>()
    }
}
