//! How long it takes until what a node writes to its log is on disk, over the last minute.
//!
//! Every change waits for the disks of a majority, and a leader whose disk stands still for longer
//! than an election takes loses the lead: a slow disk is told before it comes to that.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use serde::{Deserialize, Serialize};

/// What is remembered, and in which steps it is forgotten.
const MINUTE: Duration = Duration::from_secs(60);
const SLOT: Duration = Duration::from_secs(5);

/// So many slow commits within the last minute are no accident, if they are one in a hundred.
const SLOW_MIN: u64 = 3;

/// One commit that took so many times the limit is told at once: it comes near an election.
const STALL: u64 = 8;

/// How long commits to the log took within the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskPace {
    /// Commits since the node started.
    pub commits: u64,
    /// How long they took in all, microseconds.
    pub total_us: u64,
    /// Commits of the last minute.
    pub last_minute: u64,
    /// Those of them that took longer than the limit.
    pub slow: u64,
    /// The slowest of them, or the one that is under way if it is slower, ms.
    pub slowest_ms: u64,
    /// Half of the heartbeat interval: what takes longer is slow, ms.
    pub limit_ms: u64,
}

impl DiskPace {
    /// Whether the disk is too slow for the timers of the cluster.
    pub fn is_slow(&self) -> bool {
        let often = self.slow >= SLOW_MIN && self.slow * 100 >= self.last_minute;
        let stalls = self.limit_ms > 0 && self.slowest_ms >= self.limit_ms * STALL;
        often || stalls
    }
}

/// Takes the time of commits.
pub(crate) struct Stopwatch {
    limit: Duration,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    commits: u64,
    total: Duration,
    /// When the commit that is under way began.
    under_way: Option<Instant>,
    /// The last minute, oldest first.
    slots: VecDeque<Slot>,
}

/// What ended within one step of time.
struct Slot {
    since: Instant,
    commits: u64,
    slow: u64,
    slowest: Duration,
}

impl Stopwatch {
    /// Nothing was timed yet; what takes longer than `limit` is slow.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, inner: Mutex::default() }
    }

    /// A commit begins.
    pub(crate) fn begin(&self, now: Instant) {
        self.with(|inner| inner.under_way = Some(now));
    }

    /// The commit that is under way has ended.
    pub(crate) fn end(&self, now: Instant) {
        let limit = self.limit;
        self.with(|inner| {
            let Some(began) = inner.under_way.take() else { return };
            let took = now.saturating_duration_since(began);
            inner.commits += 1;
            inner.total += took;
            inner.forget(now);
            let fits = |slot: &Slot| now.saturating_duration_since(slot.since) < SLOT;
            if !inner.slots.back().is_some_and(fits) {
                let slot = Slot { since: now, commits: 0, slow: 0, slowest: Duration::ZERO };
                inner.slots.push_back(slot);
            }
            if let Some(slot) = inner.slots.back_mut() {
                slot.commits += 1;
                slot.slow += u64::from(took > limit);
                slot.slowest = slot.slowest.max(took);
            }
        });
    }

    /// What it came to so far.
    pub(crate) fn read(&self, now: Instant) -> DiskPace {
        let limit = self.limit;
        self.with(|inner| {
            inner.forget(now);
            let waits = inner.under_way.map(|began| now.saturating_duration_since(began));
            let waits = waits.filter(|waits| *waits > limit);
            let done = inner.slots.iter().map(|slot| slot.slowest).max();
            DiskPace {
                commits: inner.commits,
                total_us: u64::try_from(inner.total.as_micros()).unwrap_or(u64::MAX),
                last_minute: inner.slots.iter().map(|slot| slot.commits).sum(),
                slow: inner.slots.iter().map(|slot| slot.slow).sum::<u64>()
                    + u64::from(waits.is_some()),
                slowest_ms: ms(done.max(waits).unwrap_or_default()),
                limit_ms: ms(limit),
            }
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    /// Forgets what ended more than a minute ago.
    fn forget(&mut self, now: Instant) {
        while self
            .slots
            .front()
            .is_some_and(|slot| now.saturating_duration_since(slot.since) > MINUTE)
        {
            self.slots.pop_front();
        }
    }
}

/// A duration in milliseconds.
fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    /// Commits that begin so many seconds after the start, and how many ms each takes.
    fn timed(commits: &[(u64, u64)]) -> (Stopwatch, Instant) {
        let (watch, start) = (Stopwatch::new(LIMIT), Instant::now());
        for (at_s, took_ms) in commits {
            let began = start + Duration::from_secs(*at_s);
            watch.begin(began);
            watch.end(began + Duration::from_millis(*took_ms));
        }
        (watch, start)
    }

    #[test]
    fn a_minute_of_commits_is_counted_and_then_forgotten() {
        let (watch, start) = timed(&[(0, 10), (1, 50), (7, 51), (30, 90)]);
        let read = |s: u64| watch.read(start + Duration::from_secs(s));
        let pace = read(31);
        assert_eq!((pace.commits, pace.last_minute, pace.slow), (4, 4, 2), "{pace:?}");
        assert_eq!((pace.slowest_ms, pace.limit_ms, pace.total_us), (90, 50, 201_000));
        assert_eq!((read(62).last_minute, read(62).slow), (2, 2), "the first step is over");
        let later = read(95);
        assert_eq!((later.commits, later.last_minute, later.slowest_ms), (4, 0, 0), "{later:?}");
    }

    #[test]
    fn a_disk_is_slow_if_many_commits_are_or_one_stands_still() {
        let slow = |commits: &[(u64, u64)]| {
            let (watch, start) = timed(commits);
            watch.read(start + Duration::from_secs(40)).is_slow()
        };
        assert!(!slow(&[(1, 50), (2, 50), (3, 50), (4, 50)]));
        assert!(!slow(&[(1, 60), (2, 60), (3, 10)]), "two may be an accident");
        assert!(slow(&[(1, 60), (2, 60), (3, 60)]));
        assert!(!slow(&[(1, 399)]));
        assert!(slow(&[(1, 400)]), "one that stands still");
        let many: Vec<(u64, u64)> = (0..350).map(|n| (30, if n < 3 { 60 } else { 1 })).collect();
        assert!(!slow(&many), "three of 350");
    }

    #[test]
    fn a_commit_that_does_not_end_is_told_while_it_hangs() {
        let (watch, start) = timed(&[(0, 1)]);
        watch.begin(start + Duration::from_secs(1));
        let read = |ms: u64| watch.read(start + Duration::from_millis(ms));
        assert_eq!((read(1_040).slow, read(1_040).slowest_ms), (0, 1));
        assert_eq!((read(1_300).slow, read(1_300).slowest_ms), (1, 300));
        assert!(!read(1_300).is_slow() && read(1_500).is_slow());
    }
}
