//! Sorted runs: the one form in which address space is held, merged and searched.

/// An address, or its leading bits, as an integer that runs are sorted by.
pub(crate) trait Key: Copy + Ord + std::fmt::Debug {
    /// Bits of the key: 32 of an IPv4 address, the top 64 of an IPv6 address.
    const BITS: u8;
    /// The first key.
    const ZERO: Self;

    /// The number of leading bits that both keys share.
    fn common(self, other: Self) -> u8;
    /// The key before this one, if there is one.
    fn before(self) -> Option<Self>;
    /// The key after this one, if there is one.
    fn after(self) -> Option<Self>;
    /// The key as a number.
    fn number(self) -> u64;
    /// The key of a number that fits.
    fn of(number: u64) -> Self;
}

impl Key for u32 {
    const BITS: u8 = 32;
    const ZERO: Self = 0;

    fn common(self, other: Self) -> u8 {
        (self ^ other).leading_zeros() as u8
    }

    fn before(self) -> Option<Self> {
        self.checked_sub(1)
    }

    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn number(self) -> u64 {
        u64::from(self)
    }

    fn of(number: u64) -> Self {
        number as Self
    }
}

impl Key for u64 {
    const BITS: u8 = 64;
    const ZERO: Self = 0;

    fn common(self, other: Self) -> u8 {
        (self ^ other).leading_zeros() as u8
    }

    fn before(self) -> Option<Self> {
        self.checked_sub(1)
    }

    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn number(self) -> u64 {
        self
    }

    fn of(number: u64) -> Self {
        number
    }
}

/// The last key of the block of `2^(BITS - length)` keys that holds `key`.
pub(crate) fn last_of_block<K: Key>(key: K, length: u8) -> K {
    let host_bits = u32::from(K::BITS.saturating_sub(length));
    let mask = 1u64.checked_shl(host_bits).unwrap_or(0).wrapping_sub(1);
    K::of(key.number() | mask)
}

/// A value for every key: each run goes from its start up to the next one's.
///
/// Invariants: the first start is zero, starts ascend strictly, neighbours differ in value, and
/// there are as many values as starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runs<K, V> {
    starts: Vec<K>,
    values: Vec<V>,
}

impl<K: Key, V: Copy + PartialEq> Runs<K, V> {
    /// Runs with one value everywhere.
    pub(crate) fn whole(value: V) -> Self {
        Self { starts: vec![K::ZERO], values: vec![value] }
    }

    /// Gives all keys from `start` on `value`; calls come in ascending order, a second one at the
    /// same start replaces the first.
    pub(crate) fn push(&mut self, start: K, value: V) {
        if self.starts.len() > 1 && self.starts.last() == Some(&start) {
            self.starts.pop();
            self.values.pop();
        }
        match self.values.last_mut() {
            Some(last) if *last == value => {}
            Some(last) if start == K::ZERO => *last = value,
            _ => {
                debug_assert!(self.starts.last().is_none_or(|last| *last < start));
                self.starts.push(start);
                self.values.push(value);
            }
        }
    }

    /// The number of runs.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Where the runs start.
    pub(crate) fn starts(&self) -> &[K] {
        &self.starts
    }

    /// The value of run number `index`.
    pub(crate) fn value(&self, index: usize) -> Option<V> {
        self.values.get(index).copied()
    }

    /// Every run: first key, last key, value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, K, V)> + '_ {
        let ends = self.starts.iter().skip(1).map(|next| next.before());
        let ends = ends.chain(std::iter::once(None));
        self.starts
            .iter()
            .zip(ends)
            .zip(&self.values)
            .map(|((start, end), value)| (*start, end.unwrap_or(last_of_block(*start, 0)), *value))
    }

    /// The number of the run that holds `key`.
    pub(crate) fn find(&self, key: K) -> usize {
        self.starts.partition_point(|start| *start <= key).saturating_sub(1)
    }

    /// The length of the widest aligned block around `key` that lies inside of run number `index`.
    pub(crate) fn block_length(&self, index: usize, key: K) -> u8 {
        let below = self.starts.get(index).and_then(|start| start.before());
        let above = self.starts.get(index + 1);
        let below = below.map_or(0, |outside| key.common(outside) + 1);
        let above = above.map_or(0, |outside| key.common(*outside) + 1);
        below.max(above)
    }

    /// The same runs with each value changed, and neighbours that became equal merged.
    pub(crate) fn map<W: Copy + PartialEq>(&self, mut change: impl FnMut(V) -> W) -> Runs<K, W> {
        let mut out = Runs { starts: Vec::new(), values: Vec::new() };
        for (start, value) in self.starts.iter().zip(&self.values) {
            out.push(*start, change(*value));
        }
        out
    }

    /// The runs of both laid over each other, with `join` of both values.
    pub(crate) fn zip<B, W>(&self, over: &Runs<K, B>, mut join: impl FnMut(V, B) -> W) -> Runs<K, W>
    where
        B: Copy + PartialEq,
        W: Copy + PartialEq,
    {
        let mut out = Runs { starts: Vec::new(), values: Vec::new() };
        let (mut i, mut j, mut start) = (0, 0, K::ZERO);
        while let (Some(a), Some(b)) = (self.values.get(i), over.values.get(j)) {
            out.push(start, join(*a, *b));
            let next = (self.starts.get(i + 1), over.starts.get(j + 1));
            start = match next {
                (None, None) => break,
                (Some(a), None) => *a,
                (None, Some(b)) => *b,
                (Some(a), Some(b)) => *a.min(b),
            };
            i += usize::from(next.0 == Some(&start));
            j += usize::from(next.1 == Some(&start));
        }
        out
    }

    /// Heap bytes held.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.starts.capacity() * size_of::<K>() + self.values.capacity() * size_of::<V>()
    }

    /// Gives back what the vectors hold in reserve.
    pub(crate) fn shrink(&mut self) {
        self.starts.shrink_to_fit();
        self.values.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(parts: &[(u32, u16)]) -> Runs<u32, u16> {
        let mut runs = Runs::whole(0);
        for (start, value) in parts {
            runs.push(*start, *value);
        }
        runs
    }

    #[test]
    fn equal_neighbours_merge_and_a_second_push_at_a_start_replaces() {
        assert_eq!(runs(&[(0, 7), (5, 7)]), Runs::whole(7));
        assert_eq!(runs(&[(5, 1), (5, 0), (9, 2)]), runs(&[(9, 2)]));
        assert_eq!(runs(&[(5, 1), (5, 2)]).iter().last(), Some((5, u32::MAX, 2)));
    }

    #[test]
    fn zip_splits_at_the_starts_of_both() {
        let joined = runs(&[(10, 1), (30, 2)]).zip(&runs(&[(20, 5), (30, 6)]), |a, b| a * 10 + b);
        let parts: Vec<_> = joined.iter().map(|(start, _, value)| (start, value)).collect();
        assert_eq!(parts, [(0, 0), (10, 10), (20, 15), (30, 26)]);
    }

    #[test]
    fn a_block_is_the_widest_that_leaves_out_both_neighbours() {
        let runs = runs(&[(0x0A00_0000, 1), (0x0A00_0500, 2)]);
        let length = |key: u32| runs.block_length(runs.find(key), key);
        assert_eq!(length(0x0A00_0001), 22);
        assert_eq!(length(0x0A00_0401), 24);
        assert_eq!(length(0x0A00_0500), 24);
        assert_eq!(length(0xFFFF_FFFF), 1);
        assert_eq!(Runs::<u32, u16>::whole(1).block_length(0, 5), 0);
    }
}
