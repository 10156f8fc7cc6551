//! Answers by region over the last minute.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How far back the window reaches.
const WINDOW: Duration = Duration::from_secs(60);

/// Samples of rising counters, one a second, for as long as the window.
#[derive(Default)]
pub(super) struct Rates {
    samples: Mutex<VecDeque<(Instant, BTreeMap<String, u64>)>>,
}

impl Rates {
    /// Keeps a sample of the counters.
    pub(super) fn sample(&self, now: Instant, counters: BTreeMap<String, u64>) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push_back((now, counters));
        // One sample older than the window stays: it is what the newest is compared with.
        while samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            samples.pop_front();
        }
    }

    /// By how much each counter rose within the window up to `counters`.
    pub(super) fn last_minute(&self, counters: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = samples.front().map(|(_, counters)| counters);
        let before = |region: &str| oldest.and_then(|o| o.get(region)).copied().unwrap_or(0);
        counters.iter().map(|(r, n)| (r.clone(), n.saturating_sub(before(r)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(n: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([("fra".to_owned(), n)])
    }

    #[test]
    fn the_window_forgets_what_is_older_than_a_minute() {
        let (rates, start) = (Rates::default(), Instant::now());
        assert_eq!(rates.last_minute(&counters(7)), counters(7));
        for second in 0..=90 {
            rates.sample(start + Duration::from_secs(second), counters(second * 10));
        }
        assert_eq!(rates.last_minute(&counters(900)), counters(600));
    }
}
