//! Which stamp a command gets: that of the leader's clock, if the other voters' clocks agree.
//!
//! ```text
//!            clocks of a majority were read
//!  unknown ---- within 2 s of their median ----> agrees: the clock, never before agreed time
//!     ^  \                                         |
//!     |   +---- farther ----> apart: agreed time as last learnt, and what has passed since by the
//!     |                         |      monotonic clock; an alarm; another node is to lead
//!     +--- another leads; the clock was set ---+
//! ```
//!
//! While nothing is known the stamp is that of `apart`: a leader whose clock is a year ahead must
//! not end a single override before it was found out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// How far a clock may be from the median of the voters' clocks, ms.
const APART_MS: i64 = 2_000;

/// How long a reading of another node's clock counts.
const FRESH: Duration = Duration::from_secs(10);

/// A node's wall clock: ms since 1970.
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl WallClock {
    /// The clock of this machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            ms(since)
        }))
    }

    /// A clock of the caller's, for tests.
    pub fn of(read: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Now.
    pub(super) fn ms(&self) -> u64 {
        (self.0)()
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WallClock").field(&self.ms()).finish()
    }
}

/// What is known of this node's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Too few other clocks were read.
    Unknown,
    /// It may stamp commands, as long as it is not set: what it was, and when.
    Agrees(u64, Instant),
    /// It may not. The voter whose clock is nearest to the median, if that can be told.
    Apart(Option<u64>),
}

/// Keeps the time that this node stamps commands with.
pub(crate) struct Timekeeper {
    clock: WallClock,
    inner: Mutex<Inner>,
    /// Held by who reads the other clocks.
    pub(super) turn: tokio::sync::Mutex<()>,
}

struct Inner {
    /// Agreed time as last learnt, and when.
    learnt: (u64, Instant),
    /// What each other clock showed, ms since 1970, and when.
    ///
    /// Compared with this clock only when it is judged: it may have been set since.
    readings: BTreeMap<u64, (i64, Instant)>,
    verdict: Verdict,
    judged: Option<Instant>,
    apart_s: BTreeMap<u64, i64>,
}

impl Timekeeper {
    /// Nothing is known yet.
    pub(super) fn new(clock: WallClock) -> Self {
        let inner = Inner {
            learnt: (0, Instant::now()),
            readings: BTreeMap::new(),
            verdict: Verdict::Unknown,
            judged: None,
            apart_s: BTreeMap::new(),
        };
        Self { clock, inner: Mutex::new(inner), turn: tokio::sync::Mutex::new(()) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// This node's clock as it is.
    pub(super) fn wall_ms(&self) -> u64 {
        self.clock.ms()
    }

    /// Takes down agreed time as this node has applied it.
    pub(super) fn learn(&self, agreed_ms: u64, now: Instant) {
        self.with(|inner| {
            if agreed_ms > inner.elapsed_ms(now) {
                inner.learnt = (agreed_ms, now);
            }
        });
    }

    /// Takes down what another node's clock shows.
    pub(super) fn read(&self, id: u64, theirs_ms: i64, now: Instant) {
        self.with(|inner| inner.readings.extend([(id, (theirs_ms, now))]));
    }

    /// Judges this node's clock by those of the voters that were read lately.
    pub(super) fn judge(&self, own: u64, voters: &BTreeSet<u64>, now: Instant) -> Verdict {
        let wall = self.clock.ms();
        self.with(|inner| {
            inner.readings.retain(|id, (_, at)| {
                voters.contains(id) && now.saturating_duration_since(*at) < FRESH
            });
            let ahead_of_own = |(theirs, at): &(i64, Instant)| {
                let since = ms(now.saturating_duration_since(*at));
                theirs.saturating_add_unsigned(since).saturating_sub_unsigned(wall)
            };
            let mut ahead: BTreeMap<u64, i64> =
                inner.readings.iter().map(|(id, read)| (*id, ahead_of_own(read))).collect();
            ahead.insert(own, 0);
            inner.judged = Some(now);
            inner.apart_s = apart_s(&ahead);
            inner.verdict = match () {
                () if ahead.len() * 2 <= voters.len() => Verdict::Unknown,
                () if !inner.apart_s.contains_key(&own) => Verdict::Agrees(wall, now),
                () => Verdict::Apart(nearest(&ahead, own)),
            };
            inner.verdict
        })
    }

    /// Forgets what the other clocks said: another node leads.
    pub(super) fn rest(&self) {
        self.with(|inner| {
            inner.readings.clear();
            (inner.verdict, inner.judged) = (Verdict::Unknown, None);
            inner.apart_s.clear();
        });
    }

    /// Whether reading the other clocks now would tell nothing new.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        let wall = self.clock.ms();
        let second = Duration::from_secs(1);
        self.with(|inner| {
            let lately = inner.judged.is_some_and(|at| now.saturating_duration_since(at) < second);
            match inner.trusted(wall, now) {
                Verdict::Unknown => lately && inner.verdict == Verdict::Unknown,
                _ => true,
            }
        })
    }

    /// The stamp of a command; never before agreed time.
    pub(super) fn stamp(&self, agreed_ms: u64, now: Instant) -> u64 {
        let wall = self.clock.ms();
        let stamp = self.with(|inner| match inner.trusted(wall, now) {
            Verdict::Agrees(..) => wall,
            Verdict::Unknown | Verdict::Apart(_) => inner.elapsed_ms(now),
        });
        stamp.max(agreed_ms)
    }

    /// The nodes whose clocks are apart from the others', by how many seconds.
    pub(super) fn apart_s(&self) -> BTreeMap<u64, i64> {
        self.with(|inner| inner.apart_s.clone())
    }
}

impl Inner {
    /// Agreed time as last learnt, and what has passed since.
    fn elapsed_ms(&self, now: Instant) -> u64 {
        let (agreed_ms, at) = self.learnt;
        match agreed_ms {
            0 => 0,
            learnt => learnt.saturating_add(ms(now.saturating_duration_since(at))),
        }
    }

    /// The verdict, unless the clock was set since.
    fn trusted(&self, wall: u64, now: Instant) -> Verdict {
        match self.verdict {
            Verdict::Agrees(was, at) => {
                let due = was.saturating_add(ms(now.saturating_duration_since(at)));
                let is_set = wall.abs_diff(due) > APART_MS.unsigned_abs();
                if is_set { Verdict::Unknown } else { self.verdict }
            }
            other => other,
        }
    }
}

/// The clocks that are too far from the median of all, by how many seconds.
fn apart_s(ahead: &BTreeMap<u64, i64>) -> BTreeMap<u64, i64> {
    let mut sorted: Vec<i64> = ahead.values().copied().collect();
    sorted.sort_unstable();
    let middle = |at: usize| sorted.get(at).copied().unwrap_or(0);
    let (low, high) = (middle((sorted.len().max(1) - 1) / 2), middle(sorted.len() / 2));
    let from_median = |own: i64| {
        // Of an even number two are in the middle: the farther one counts, for which of two clocks
        // is wrong cannot be told.
        let (low, high) = (own.saturating_sub(low), own.saturating_sub(high));
        if low.unsigned_abs() > high.unsigned_abs() { low } else { high }
    };
    let all = ahead.iter().map(|(id, own)| (*id, from_median(*own)));
    all.filter(|(_, by)| by.abs() > APART_MS).map(|(id, by)| (id, by / 1_000)).collect()
}

/// The other voter whose clock is in the middle, if more than two were read.
fn nearest(ahead: &BTreeMap<u64, i64>, own: u64) -> Option<u64> {
    let mut sorted: Vec<(i64, u64)> = ahead.iter().map(|(id, ahead)| (*ahead, *id)).collect();
    sorted.sort_unstable();
    let (_, id) = *sorted.get(sorted.len() / 2)?;
    (sorted.len() > 2 && id != own).then_some(id)
}

/// A duration in milliseconds.
fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// 400 days.
    const FAR: i64 = 400 * 86_400_000;

    /// A clock that tests set, and its keeper.
    fn keeper(wall_ms: u64) -> (Arc<AtomicU64>, Timekeeper) {
        let wall = Arc::new(AtomicU64::new(wall_ms));
        let read = Arc::clone(&wall);
        (wall, Timekeeper::new(WallClock::of(move || read.load(Ordering::Relaxed))))
    }

    #[test]
    fn a_clock_is_judged_by_the_median_of_the_voters() {
        let now = Instant::now();
        let agrees = Verdict::Agrees(1_000, now);
        type Case = (&'static str, u64, &'static [(u64, i64)], Verdict);
        let cases: [Case; 12] = [
            ("alone", 1, &[], agrees),
            ("nobody read yet", 3, &[], Verdict::Unknown),
            ("two of five", 5, &[(2, 0)], Verdict::Unknown),
            ("a bare majority", 3, &[(2, 150)], agrees),
            ("at the limit", 3, &[(2, 2_000), (3, 2_000)], agrees),
            ("beyond it", 3, &[(2, 2_001), (3, 2_001)], Verdict::Apart(Some(2))),
            ("this one is ahead", 3, &[(2, -FAR), (3, -FAR)], Verdict::Apart(Some(3))),
            ("another one is ahead", 3, &[(2, FAR), (3, 0)], agrees),
            ("which of two is wrong?", 2, &[(2, FAR)], Verdict::Apart(None)),
            ("which of two that answer?", 3, &[(2, FAR)], Verdict::Apart(None)),
            ("one of four is wrong", 4, &[(2, 0), (3, 1), (4, FAR)], agrees),
            ("this one of four", 4, &[(2, FAR), (3, FAR), (4, FAR)], Verdict::Apart(Some(3))),
        ];
        for (what, voters, readings, wanted) in cases {
            let (_, keeper) = keeper(1_000);
            readings.iter().for_each(|(id, ahead)| keeper.read(*id, 1_000 + *ahead, now));
            assert_eq!(keeper.judge(1, &(1..=voters).collect(), now), wanted, "{what}");
        }
    }

    #[test]
    fn a_stamp_follows_the_clock_only_while_that_agrees() {
        let (wall, keeper) = keeper(50_000);
        let begin = Instant::now();
        let later = |s: u64| begin + Duration::from_secs(s);
        let voters: BTreeSet<u64> = (1..=3).collect();
        let read = |ahead: i64, at: Instant| {
            let theirs = ahead.saturating_add_unsigned(keeper.wall_ms());
            [2, 3].iter().for_each(|id| keeper.read(*id, theirs, at));
            keeper.judge(1, &voters, at)
        };
        assert_eq!(keeper.stamp(0, begin), 0, "nothing is known, nothing was agreed");
        keeper.learn(40_000, begin);
        assert_eq!(keeper.stamp(40_000, later(3)), 43_000, "what has passed since");
        read(0, later(3));
        assert_eq!(keeper.stamp(40_000, later(3)), 50_000, "the clock");
        assert_eq!(keeper.stamp(60_000, later(3)), 60_000, "never back");
        // Set 400 days ahead: found out at the next stamp, before the others were asked.
        wall.store(50_000 + FAR.unsigned_abs(), Ordering::Relaxed);
        keeper.learn(51_000, later(4));
        assert!(!keeper.is_settled(later(4)));
        assert_eq!(keeper.stamp(51_000, later(5)), 52_000);
        assert!(matches!(read(-FAR, later(5)), Verdict::Apart(Some(_))));
        assert_eq!(keeper.apart_s(), BTreeMap::from([(1, FAR / 1_000)]));
        assert_eq!(keeper.stamp(51_000, later(9)), 56_000);
        // And 400 days back: time goes on all the same.
        wall.store(0, Ordering::Relaxed);
        read(FAR, later(9));
        assert_eq!(keeper.stamp(51_000, later(10)), 57_000);
        // Readings grow old.
        assert_eq!(keeper.judge(1, &voters, later(30)), Verdict::Unknown);
        assert!(keeper.apart_s().is_empty());
    }

    #[test]
    fn a_clock_that_was_set_after_the_others_were_read_is_found_out() {
        let (wall, keeper) = keeper(50_000);
        let begin = Instant::now();
        [2, 3].iter().for_each(|id| keeper.read(*id, 50_000, begin));
        let later = begin + Duration::from_secs(3);
        wall.store(53_000 + FAR.unsigned_abs(), Ordering::Relaxed);
        let verdict = keeper.judge(1, &(1..=3).collect(), later);
        assert!(matches!(verdict, Verdict::Apart(Some(_))), "{verdict:?}");
        wall.store(53_000, Ordering::Relaxed);
        let verdict = keeper.judge(1, &(1..=3).collect(), later);
        assert_eq!(verdict, Verdict::Agrees(53_000, later));
    }

    #[test]
    fn a_new_leader_reads_the_other_clocks_first() {
        let (_, keeper) = keeper(FAR.unsigned_abs());
        let now = Instant::now();
        keeper.learn(1_000, now);
        assert!(!keeper.is_settled(now));
        assert_eq!(keeper.stamp(1_000, now), 1_000);
        keeper.judge(1, &(1..=3).collect(), now);
        assert!(keeper.is_settled(now), "asked a moment ago");
        assert!(!keeper.is_settled(now + Duration::from_secs(1)));
        keeper.judge(1, &BTreeSet::from([1]), now);
        assert!(keeper.is_settled(now));
        keeper.rest();
        assert!(!keeper.is_settled(now));
    }
}
