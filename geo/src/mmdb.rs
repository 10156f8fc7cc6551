//! One MaxMind DB file, read whole into runs of places.

use crate::error::LoadFault;
use crate::merge::Interner;
use crate::place::Place;
use crate::record::Record;
use crate::runs::{Key, Runs, last_of_block};
use crate::special::SPACES;
use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};
use std::collections::HashMap;
use std::net::IpAddr;

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
    let format = |error: MaxMindDbError| LoadFault::Format(error.to_string());
    let reader = Reader::from_source(bytes).map_err(format)?;
    let metadata = reader.metadata();
    // A tree of n nodes has n + 1 leaves, and those of IPv4 are met once more from each special
    // space. A corrupt tree, whose nodes lead to each other, runs out of steps.
    let mut steps_left = u64::from(metadata.node_count) * 8 + 1024;
    let mut walk =
        Walk { numbers: HashMap::new(), interner, v4: Runs::whole(0), v6: Runs::whole(0) };
    // Leaves without a record are told too, so that each costs a step.
    let every_leaf =
        WithinOptions::default().include_networks_without_data().include_aliased_networks();
    for found in reader.networks(every_leaf).map_err(format)? {
        steps_left = steps_left.checked_sub(1).ok_or(LoadFault::Tree)?;
        walk.take(&found.map_err(format)?)?;
    }
    if walk.numbers.values().all(|number| *number == 0) {
        return Err(LoadFault::NoPlaces(metadata.database_type.clone()));
    }
    // Addresses in the special spaces are looked up as IPv4.
    let v6 = walk.v6.zip(&spaces(), |number, special| if special { 0 } else { number });
    let (build_epoch_s, kind) = (metadata.build_epoch, metadata.database_type.clone());
    Ok(Layer { v4: walk.v4, v6, build_epoch_s, kind })
}

/// The special spaces, as far as the top 64 bits tell.
fn spaces() -> Runs<u64, bool> {
    let mut blocks = SPACES.map(|(first, length)| ((first >> 64) as u64, length.min(64)));
    blocks.sort_unstable();
    let mut runs = Runs::whole(false);
    for (first, length) in blocks {
        push_block(&mut runs, first, length, true, false);
    }
    runs
}

/// All networks of a file, taken in order.
struct Walk<'a> {
    /// Numbers of places by the offset of their record: equal offset, equal record.
    numbers: HashMap<usize, u32>,
    interner: &'a mut Interner,
    v4: Runs<u32, u32>,
    v6: Runs<u64, u32>,
}

impl Walk<'_> {
    /// Takes in the next network.
    fn take(&mut self, found: &LookupResult<'_, &[u8]>) -> Result<(), LoadFault> {
        let Some(offset) = found.offset() else { return Ok(()) };
        let network = found.network().map_err(|error| LoadFault::Format(error.to_string()))?;
        let number = match self.numbers.get(&offset) {
            Some(number) => *number,
            None => {
                let corrupt = |error: MaxMindDbError| LoadFault::Record {
                    address: network.ip(),
                    reason: error.to_string(),
                };
                let number = self.interner.number(decode(found).map_err(corrupt)?);
                self.numbers.insert(offset, number);
                number
            }
        };
        match network.ip() {
            IpAddr::V4(first) => {
                push_block(&mut self.v4, first.to_bits(), network.prefix(), number, 0);
            }
            // What is smaller than a key has the place of its first address.
            IpAddr::V6(first) if first.to_bits() as u64 == 0 => {
                let (key, length) = ((first.to_bits() >> 64) as u64, network.prefix().min(64));
                push_block(&mut self.v6, key, length, number, 0);
            }
            IpAddr::V6(_) => {}
        }
        Ok(())
    }
}

/// Gives the block of `2^(BITS - length)` keys from `first` on `value`, and what comes behind it
/// `behind`, until that is given a value too.
fn push_block<K: Key, V: Copy + PartialEq>(
    runs: &mut Runs<K, V>,
    first: K,
    length: u8,
    value: V,
    behind: V,
) {
    runs.push(first, value);
    if let Some(next) = last_of_block(first, length).after() {
        runs.push(next, behind);
    }
}

/// The place that a record tells.
fn decode(found: &LookupResult<'_, &[u8]>) -> Result<Place, MaxMindDbError> {
    Ok(found.decode::<Record<'_>>()?.unwrap_or_default().place())
}
