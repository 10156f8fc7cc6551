//! The place of every address.

use crate::builtin;
use crate::country;
use crate::edition::Edition;
use crate::merge::Interner;
use crate::place::Place;
use crate::prefix::Prefix;
use crate::runs::Runs;
use crate::special::{embedded, shortest_length_outside};
use std::net::{IpAddr, Ipv6Addr};

/// The place of every address; immutable. IPv6 is told apart by the top 64 bits, and addresses of
/// the v4-mapped, NAT64, Teredo and 6to4 spaces have the place of their IPv4 host.
#[derive(Clone, Debug)]
pub struct PlaceTable {
    edition: Edition,
    land: Land,
}

/// Where a table has its places from.
#[derive(Clone, Debug)]
enum Land {
    Own(Places),
    /// Unpacked when it is first asked: most nodes have files of their own, or names that do not
    /// depend on places.
    Builtin,
}

/// The places of a table, and where each is.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Distinct places; the first is the unknown one.
    places: Vec<Place>,
    v4: Runs<u32, u32>,
    v6: Runs<u64, u32>,
}

impl Places {
    /// Places of runs over numbered places, completed by what each country tells.
    pub(crate) fn assemble(interner: &Interner, v4: &Runs<u32, u32>, v6: &Runs<u64, u32>) -> Self {
        let mut complete = Interner::new();
        let mut numbers: Vec<Option<u32>> = Vec::new();
        let mut renumber = |raw: u32| {
            let index = raw as usize;
            if let Some(Some(number)) = numbers.get(index) {
                return *number;
            }
            let place = interner.get(raw).map(country::complete).unwrap_or_default();
            let number = complete.number(place);
            numbers.resize(numbers.len().max(index + 1), None);
            if let Some(slot) = numbers.get_mut(index) {
                *slot = Some(number);
            }
            number
        };
        let (mut v4, mut v6) = (v4.map(&mut renumber), v6.map(&mut renumber));
        v4.shrink();
        v6.shrink();
        Self { places: complete.into_places(), v4, v6 }
    }
}

impl PlaceTable {
    /// The table that knows no place.
    #[must_use]
    pub fn empty() -> Self {
        let edition = Edition { label: "no place data".to_owned(), ..Edition::default() };
        Self::assemble(edition, &Interner::new(), &Runs::whole(0), &Runs::whole(0))
    }

    /// The built-in table: for all address space the country that it is registered in, with the
    /// country's centre.
    #[must_use]
    pub fn builtin() -> Self {
        Self { edition: builtin::edition(), land: Land::Builtin }
    }

    /// A table of runs over numbered places, completed by what each country tells.
    pub(crate) fn assemble(
        edition: Edition,
        interner: &Interner,
        v4: &Runs<u32, u32>,
        v6: &Runs<u64, u32>,
    ) -> Self {
        Self { edition, land: Land::Own(Places::assemble(interner, v4, v6)) }
    }

    fn land(&self) -> &Places {
        match &self.land {
            Land::Own(places) => places,
            Land::Builtin => &builtin::PLACES,
        }
    }

    /// Which data this is.
    #[must_use]
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// The distinct places; the first is the unknown one.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.land().places
    }

    /// The numbers of IPv4 and IPv6 ranges, those of the unknown place included.
    #[must_use]
    pub fn ranges(&self) -> (usize, usize) {
        (self.land().v4.len(), self.land().v6.len())
    }

    /// The place of `address`, and the widest prefix around it whose addresses all have that place
    /// (at most /64 in IPv6, unless the address stands for an IPv4 host).
    #[must_use]
    pub fn place_of(&self, address: IpAddr) -> (&Place, Prefix) {
        let (number, length) = match address {
            IpAddr::V4(v4) => self.of_v4(v4.to_bits()),
            IpAddr::V6(v6) => match embedded(v6) {
                Some(inner) => {
                    let (number, length) = self.of_v4(inner.host.to_bits());
                    (number, inner.length(length))
                }
                None => self.of_v6(v6),
            },
        };
        let place = self.land().places.get(number as usize).unwrap_or(&UNKNOWN);
        let prefix = Prefix::containing(address, length).unwrap_or(Prefix::host(address));
        (place, prefix)
    }

    /// The number of the place of an IPv4 address, and the length of the prefix that has it.
    fn of_v4(&self, key: u32) -> (u32, u8) {
        let v4 = self.v4();
        let run = v4.find(key);
        (v4.value(run).unwrap_or(0), v4.block_length(run, key))
    }

    /// The number of the place of an IPv6 address in no special space, and the length of the prefix
    /// that has it.
    fn of_v6(&self, address: Ipv6Addr) -> (u32, u8) {
        let key = (address.to_bits() >> 64) as u64;
        let v6 = self.v6();
        let run = v6.find(key);
        let length = v6.block_length(run, key).max(shortest_length_outside(address));
        (v6.value(run).unwrap_or(0), length)
    }

    /// Heap bytes held, city names left out.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let Places { places, v4, v6 } = self.land();
        v4.memory_bytes() + v6.memory_bytes() + places.capacity() * size_of::<Place>()
    }

    /// The IPv4 runs: numbers of places.
    pub(crate) fn v4(&self) -> &Runs<u32, u32> {
        &self.land().v4
    }

    /// The IPv6 runs: numbers of places.
    pub(crate) fn v6(&self) -> &Runs<u64, u32> {
        &self.land().v6
    }
}

/// The unknown place.
static UNKNOWN: Place = Place {
    continent: None,
    country: None,
    subdivision: None,
    city: None,
    location: None,
    radius_km: 0,
    asn: None,
};
