//! Stands in place of the crate of this name, which openraft counts its batches with.
//!
//! ```text
//! value -> number of its bits (0..=64) -> one counter of 65 -> percentile = least value of a bucket
//! ```
//!
//! The original makes the tables of all its sixteen scales at first use: 19 MiB and some 40 ms of the
//! start of every node, for figures that nothing here reads. This one has the same names, as far as
//! openraft uses them, one bucket for each power of two, and no tables. It goes when the original makes
//! only the scale that is asked for.

use std::fmt;
use std::marker::PhantomData;

/// Counts values by their size, to a factor of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram<T = ()> {
    /// How many values had as many bits as the index says.
    counts: [u64; BUCKETS],
    slots: PhantomData<T>,
}

/// No bits (the value 0) to 64 bits.
const BUCKETS: usize = 65;

impl<T> Histogram<T> {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: [0; BUCKETS], slots: PhantomData }
    }

    /// Counts one value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts one value `times` times.
    pub fn record_n(&mut self, value: u64, times: u64) {
        let bits = (u64::BITS - value.leading_zeros()) as usize;
        if let Some(count) = self.counts.get_mut(bits) {
            *count = count.saturating_add(times);
        }
    }

    /// How many values were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The least value of the bucket that `permille` thousandths of all values do not go beyond; 0 of
    /// nothing.
    #[must_use]
    pub fn permille(&self, permille: u64) -> u64 {
        let wanted = (self.total().saturating_mul(permille)).div_ceil(1000).max(1);
        let mut seen: u64 = 0;
        let reached = self.counts.iter().position(|count| {
            seen = seen.saturating_add(*count);
            seen >= wanted
        });
        // A value of n bits is at least 2^(n-1).
        reached.and_then(|bits| bits.checked_sub(1)).map_or(0, |shift| 1 << shift)
    }

    /// The percentiles that openraft shows.
    #[must_use]
    pub fn percentile_stats(&self) -> PercentileStats {
        PercentileStats {
            samples: self.total(),
            p0_1: self.permille(1),
            p1: self.permille(10),
            p5: self.permille(50),
            p10: self.permille(100),
            p50: self.permille(500),
            p90: self.permille(900),
            p99: self.permille(990),
            p99_9: self.permille(999),
        }
    }
}

impl<T> Default for Histogram<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Percentiles of what a histogram counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of percentiles say all there is to say")]
pub struct PercentileStats {
    /// How many values were counted.
    pub samples: u64,
    pub p0_1: u64,
    pub p1: u64,
    pub p5: u64,
    pub p10: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[samples: {}, p50: {}, p99: {}]", self.samples, self.p50, self.p99)
    }
}

/// Histograms one under the other, a line each.
#[derive(Clone, Debug, Default)]
pub struct AsciiChart {
    lines: Vec<String>,
}

impl AsciiChart {
    /// No histogram yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a histogram under `name`.
    #[must_use]
    pub fn add(mut self, name: &str, histogram: Histogram) -> Self {
        self.lines.push(format!("{name}: {}", histogram.percentile_stats()));
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_a_factor_of_two() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!((histogram.total(), histogram.permille(500)), (0, 0));
        for value in 0..1000 {
            histogram.record(value);
        }
        histogram.record_n(u64::MAX, 1);
        let stats = histogram.percentile_stats();
        assert_eq!((stats.samples, stats.p0_1, stats.p50, stats.p99_9), (1001, 1, 256, 512));
        assert_eq!(histogram.permille(1000), 1 << 63);
        assert_eq!(stats.to_string(), "[samples: 1001, p50: 256, p99: 512]");
    }
}
