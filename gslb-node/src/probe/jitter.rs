//! Keeps probes out of step: each pause is shortened by a share that differs by target and turn.

use std::time::Duration;

/// The largest share by which a pause is shortened, of 1024ths: an eighth.
const SHARE_MAX: u64 = 128;

/// A stream of shortenings, the same for the same seed.
#[derive(Clone, Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    /// The stream of one target on one node.
    #[must_use]
    pub(super) fn new(seed: u64, target: &str) -> Self {
        // FNV-1a spreads the id; the stream below mixes it further.
        let hash = target.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A pause of `full`, shortened by up to an eighth; never longer than `full`.
    pub(super) fn shorten(&mut self, full: Duration) -> Duration {
        full - self.part(full, SHARE_MAX)
    }

    /// A point within `span`, to start at.
    pub(super) fn within(&mut self, span: Duration) -> Duration {
        self.part(span, 1024)
    }

    /// A part of `span`, less than `of_1024`/1024 of it.
    fn part(&mut self, span: Duration, of_1024: u64) -> Duration {
        let share = (self.next() >> 32) * of_1024;
        let nanos = (span.as_nanos() * u128::from(share)) >> 42;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The next number of the stream (splitmix64).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_only_shortens_and_by_an_eighth_at_most() {
        let full = Duration::from_secs(8);
        let mut jitter = Jitter::new(7, "web-fra-1");
        let (mut least, mut most) = (full, Duration::ZERO);
        for _ in 0..10_000 {
            let pause = jitter.shorten(full);
            (least, most) = (least.min(pause), most.max(pause));
        }
        assert!(most <= full && most > Duration::from_millis(7_990), "{most:?}");
        assert!(least >= Duration::from_secs(7) && least < Duration::from_millis(7_010));
        assert!((0..1_000).all(|_| jitter.within(full) < full));
    }

    #[test]
    fn targets_and_nodes_are_not_in_step() {
        let firsts = |seed: u64| -> Vec<Duration> {
            let start =
                |n: u32| Jitter::new(seed, &format!("web-{n}")).within(Duration::from_secs(1));
            (0..100).map(start).collect()
        };
        let (one, two) = (firsts(1), firsts(2));
        assert!(one.iter().zip(&two).all(|(a, b)| a != b));
        let mut sorted = one.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), one.len());
        assert!(sorted.windows(2).all(|w| w[1] - w[0] < Duration::from_millis(200)), "spread");
        assert_eq!(one, firsts(1));
    }
}
