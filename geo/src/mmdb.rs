//! One MaxMind DB file, read whole into runs of places.

use crate::error::LoadFault;
use crate::merge::Interner;
use crate::place::Place;
use crate::record::Record;
use crate::runs::{Key, Runs, last_of_block};
use crate::special::SPACES;
use maxminddb::{LookupResult, Reader};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What one file says.
pub(crate) struct Layer {
    /// Numbers of places by IPv4 address.
    pub(crate) v4: Runs<u32, u32>,
    /// Numbers of places by the top 64 bits of an IPv6 address.
    pub(crate) v6: Runs<u64, u32>,
    /// When the file was built, in seconds since 1970.
    pub(crate) build_epoch_s: u64,
    /// What it calls itself.
    pub(crate) kind: String,
}

/// Reads the content of a file; places go to `interner`.
pub(crate) fn read(bytes: &[u8], interner: &mut Interner) -> Result<Layer, LoadFault> {
    let reader =
        Reader::from_source(bytes).map_err(|error| LoadFault::Format(error.to_string()))?;
    let metadata = reader.metadata();
    let mut walk = Walk {
        reader: &reader,
        // A tree of n nodes has n + 1 leaves; spaces that lead to the IPv4 tree are left out below.
        // A corrupt tree, whose nodes lead back or to each other, runs out of steps.
        steps_left: u64::from(metadata.node_count) * 4 + 1024,
        numbers: HashMap::new(),
        interner,
    };
    let v4 = walk.family(|key: u32| (IpAddr::V4(Ipv4Addr::from_bits(key)), None))?;
    let v6 = if metadata.ip_version == 6 {
        walk.family(|key: u64| {
            let address = Ipv6Addr::from_bits(u128::from(key) << 64);
            (IpAddr::V6(address), end_of_space(key))
        })?
    } else {
        Runs::whole(0)
    };
    if walk.numbers.values().all(|number| *number == 0) {
        return Err(LoadFault::NoPlaces(metadata.database_type.clone()));
    }
    let (build_epoch_s, kind) = (metadata.build_epoch, metadata.database_type.clone());
    Ok(Layer { v4, v6, build_epoch_s, kind })
}

/// The last key of the special space that `key` lies in. Its addresses are looked up as IPv4, so
/// the walk leaves it out: in most files it leads to the IPv4 tree a second time.
fn end_of_space(key: u64) -> Option<u64> {
    SPACES.iter().find_map(|(first, length)| {
        let (first, length) = ((first >> 64) as u64, (*length).min(64));
        (first.common(key) >= length).then(|| last_of_block(first, length))
    })
}

/// A walk over all networks of a file, in order.
struct Walk<'a> {
    reader: &'a Reader<&'a [u8]>,
    steps_left: u64,
    /// Numbers of places by the offset of their record: equal offset, equal record.
    numbers: HashMap<usize, u32>,
    interner: &'a mut Interner,
}

impl Walk<'_> {
    /// All networks of one family. `address` gives the address of a key, and the last key if a
    /// space is left out there.
    fn family<K: Key>(
        &mut self,
        address: impl Fn(K) -> (IpAddr, Option<K>),
    ) -> Result<Runs<K, u32>, LoadFault> {
        let mut runs = Runs::whole(0);
        let mut next = Some(K::ZERO);
        while let Some(key) = next {
            self.steps_left = self.steps_left.checked_sub(1).ok_or(LoadFault::Tree)?;
            let last = match address(key) {
                (_, Some(last)) => {
                    runs.push(key, 0);
                    last
                }
                (address, None) => {
                    let (number, length) = self.network(address)?;
                    runs.push(key, number);
                    last_of_block(key, length.min(K::BITS))
                }
            };
            next = last.after();
        }
        Ok(runs)
    }

    /// The number of the place of `address`, and the length of its network.
    fn network(&mut self, address: IpAddr) -> Result<(u32, u8), LoadFault> {
        let corrupt = |error: maxminddb::MaxMindDbError| LoadFault::Record {
            address,
            reason: error.to_string(),
        };
        let found = self.reader.lookup(address).map_err(corrupt)?;
        let network = found.network().map_err(corrupt)?;
        if network.is_ipv4() != address.is_ipv4() {
            // A file without IPv4: an IPv6 network that holds ::/96 says nothing of IPv4 hosts.
            return Ok((0, 0));
        }
        let Some(offset) = found.offset() else { return Ok((0, network.prefix())) };
        let number = match self.numbers.get(&offset) {
            Some(number) => *number,
            None => {
                let number = self.interner.number(decode(&found).map_err(corrupt)?);
                self.numbers.insert(offset, number);
                number
            }
        };
        Ok((number, network.prefix()))
    }
}

/// The place that a record tells.
fn decode(found: &LookupResult<'_, &[u8]>) -> Result<Place, maxminddb::MaxMindDbError> {
    Ok(found.decode::<Record<'_>>()?.unwrap_or_default().place())
}
