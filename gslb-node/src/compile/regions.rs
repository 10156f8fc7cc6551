//! Which number stands for which region in rows and counters.

use std::sync::Arc;

/// Counters exist for this many regions over the life of a process; those beyond share the last one.
pub const COUNTED: usize = 1024;

/// Numbers regions in the order in which they are first seen, for as long as the process runs.
///
/// A removed region keeps its number: counters never start to mean another region.
#[derive(Clone, Debug, Default)]
pub struct RegionIndexes {
    names: Vec<Box<str>>,
}

impl RegionIndexes {
    /// The number of the region, a new one if it was never seen.
    pub fn index_of(&mut self, region: &str) -> u16 {
        let known = self.names.iter().position(|name| **name == *region);
        let index = known.unwrap_or_else(|| {
            if self.names.len() < COUNTED {
                self.names.push(region.into());
            }
            self.names.len() - 1
        });
        index as u16
    }

    /// The names by number, for [`Published::regions`](super::Published::regions).
    #[must_use]
    pub fn names(&self) -> Arc<[Box<str>]> {
        self.names.as_slice().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_the_last_one_takes_the_rest() {
        let mut regions = RegionIndexes::default();
        assert_eq!(
            (regions.index_of("fra"), regions.index_of("iad"), regions.index_of("fra")),
            (0, 1, 0)
        );
        for n in 2..COUNTED + 5 {
            regions.index_of(&n.to_string());
        }
        assert_eq!(regions.index_of("one more"), COUNTED as u16 - 1);
        assert_eq!(regions.names().len(), COUNTED);
    }
}
