//! How long answers took.

/// Sub-buckets of each power of two, as bits: 64 of them keep a value to 1.6 %.
const FINE_BITS: u32 = 6;
/// Sub-buckets of each power of two.
const FINE: u64 = 1 << FINE_BITS;
/// Buckets in all, for every value of 64 bits.
const BUCKETS: usize = ((64 - FINE_BITS as usize) + 1) * FINE as usize;

/// Counts of durations, in nanoseconds: exact below 64 ns, to 1.6 % above; the largest is exact.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: 0 }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, ns: u64) {
        self.counts[bucket(ns)] += 1;
        self.total += 1;
        self.max = self.max.max(ns);
    }

    /// Takes over all that another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The largest, exactly.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The duration that `share` of all (0 to 1) do not exceed; 0 if none was counted.
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (number, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return top(number as u64).min(self.max);
            }
        }
        self.max
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> usize {
    if value < FINE {
        return value as usize;
    }
    let shift = value.ilog2() - FINE_BITS;
    (u64::from(shift) * FINE + (value >> shift)) as usize
}

/// The largest value of a bucket.
fn top(number: u64) -> u64 {
    if number < 2 * FINE {
        return number;
    }
    let shift = number / FINE - 1;
    let first = (number % FINE + FINE) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_reaches_little_above_it() {
        let mut value = 1_u64;
        while value < u64::MAX / 3 {
            for near in [value - 1, value, value + 1] {
                let top = top(bucket(near) as u64);
                assert!(top >= near && top - near <= near / 64, "{near} {top}");
            }
            value = value * 3 / 2 + 1;
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(top(BUCKETS as u64 - 1), u64::MAX);
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for number in 0..(BUCKETS as u64 - 1) {
            assert_eq!(bucket(top(number)) as u64, number);
            assert_eq!(bucket(top(number) + 1) as u64, number + 1);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut all = Histogram::default();
        assert_eq!(all.quantile(0.5), 0);
        let (mut even, mut odd) = (Histogram::default(), Histogram::default());
        for value in 1..=1000 {
            if value % 2 == 0 { even.record(value) } else { odd.record(value) }
        }
        all.merge(&even);
        all.merge(&odd);
        assert_eq!((all.count(), all.max()), (1000, 1000));
        for (share, value) in [(0.0, 1), (0.05, 50), (0.5, 500), (0.99, 990), (1.0, 1000)] {
            let got = all.quantile(share);
            assert!(got >= value && got <= value + value / 64, "{share}: {got}");
        }
    }
}
