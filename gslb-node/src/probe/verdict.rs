//! What one vantage holds of one endpoint, after thresholds.

use std::time::{Duration, Instant};

/// Where a verdict stands.
///
/// ```text
///            ok                          fail * fall
///  Unknown ------> Up                    Unknown ------> Down
///
///        fail          fail * fall          ok           ok * rise
///  Up -------> Falling -----------> Down -------> Rising ----------> Up
///  ^              |                  ^               |
///  +------ ok ----+                  +----- fail ----+
/// ```
///
/// With `fall` or `rise` 1 the state in between is skipped. The counts are the results in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No verdict yet, after so many failures; the endpoint counts as what was agreed before.
    Unknown(u8),
    /// It answers.
    Up,
    /// Up, and so many failures towards down.
    Falling(u8),
    /// It does not answer.
    Down,
    /// Down, and so many successes towards up.
    Rising(u8),
}

/// When a verdict turns, and how often is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Successes in a row that turn it up.
    pub rise: u8,
    /// Failures in a row that turn it down.
    pub fall: u8,
    /// Time between probes while the verdict is clear.
    pub interval: Duration,
    /// Time between probes while it is in doubt.
    pub recheck: Duration,
}

/// What one vantage holds of one endpoint.
#[derive(Clone, Debug)]
pub struct Verdict {
    phase: Phase,
    since: Instant,
}

impl Verdict {
    /// No verdict yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { phase: Phase::Unknown(0), since: now }
    }

    /// Takes the result of a probe; `Some(up)` if the verdict turned by it, or is the first.
    pub fn observe(&mut self, ok: bool, thresholds: &Thresholds, now: Instant) -> Option<bool> {
        let next = self.phase.after(ok, thresholds.rise, thresholds.fall);
        let (was, is) = (self.phase.up(), next.up());
        self.phase = next;
        if was == is {
            return None;
        }
        self.since = now;
        is
    }

    /// How long after the start of the last probe the next is due, before jitter.
    #[must_use]
    pub fn pause(&self, thresholds: &Thresholds) -> Duration {
        match self.phase {
            Phase::Unknown(0) | Phase::Up | Phase::Down => thresholds.interval,
            Phase::Unknown(_) | Phase::Falling(_) | Phase::Rising(_) => thresholds.recheck,
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Since when it has been up or down.
    #[must_use]
    pub fn since(&self) -> Instant {
        self.since
    }
}

impl Phase {
    /// Up or down; `None` before the first verdict.
    #[must_use]
    pub fn up(self) -> Option<bool> {
        match self {
            Self::Unknown(_) => None,
            Self::Up | Self::Falling(_) => Some(true),
            Self::Down | Self::Rising(_) => Some(false),
        }
    }

    fn after(self, ok: bool, rise: u8, fall: u8) -> Self {
        match (self, ok) {
            (Self::Unknown(_) | Self::Up | Self::Falling(_), true) => Self::Up,
            (Self::Down | Self::Rising(_), false) => Self::Down,
            (Self::Unknown(failures), false) => match failures.saturating_add(1) {
                failures if failures >= fall => Self::Down,
                failures => Self::Unknown(failures),
            },
            (Self::Up, false) => {
                if fall <= 1 {
                    Self::Down
                } else {
                    Self::Falling(1)
                }
            }
            (Self::Falling(failures), false) => match failures.saturating_add(1) {
                failures if failures >= fall => Self::Down,
                failures => Self::Falling(failures),
            },
            (Self::Down, true) => {
                if rise <= 1 {
                    Self::Up
                } else {
                    Self::Rising(1)
                }
            }
            (Self::Rising(successes), true) => match successes.saturating_add(1) {
                successes if successes >= rise => Self::Up,
                successes => Self::Rising(successes),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);
    const RECHECK: Duration = Duration::from_secs(1);

    /// Phase before, result, phase after, edge, next pause; with rise 2 and fall 3.
    const TABLE: &[(Phase, bool, Phase, Option<bool>, Duration)] = &[
        (Phase::Unknown(0), true, Phase::Up, Some(true), INTERVAL),
        (Phase::Unknown(0), false, Phase::Unknown(1), None, RECHECK),
        (Phase::Unknown(1), true, Phase::Up, Some(true), INTERVAL),
        (Phase::Unknown(1), false, Phase::Unknown(2), None, RECHECK),
        (Phase::Unknown(2), true, Phase::Up, Some(true), INTERVAL),
        (Phase::Unknown(2), false, Phase::Down, Some(false), INTERVAL),
        (Phase::Up, true, Phase::Up, None, INTERVAL),
        (Phase::Up, false, Phase::Falling(1), None, RECHECK),
        (Phase::Falling(1), true, Phase::Up, None, INTERVAL),
        (Phase::Falling(1), false, Phase::Falling(2), None, RECHECK),
        (Phase::Falling(2), true, Phase::Up, None, INTERVAL),
        (Phase::Falling(2), false, Phase::Down, Some(false), INTERVAL),
        (Phase::Down, true, Phase::Rising(1), None, RECHECK),
        (Phase::Down, false, Phase::Down, None, INTERVAL),
        (Phase::Rising(1), true, Phase::Up, Some(true), INTERVAL),
        (Phase::Rising(1), false, Phase::Down, None, INTERVAL),
    ];

    fn thresholds(rise: u8, fall: u8) -> Thresholds {
        Thresholds { rise, fall, interval: INTERVAL, recheck: RECHECK }
    }

    #[test]
    fn every_cell_of_the_diagram_holds() {
        let start = crate::clock::now();
        let later = start + RECHECK;
        for (before, ok, after, edge, pause) in TABLE {
            let mut verdict = Verdict { phase: *before, since: start };
            let cell = format!("{before:?} and {ok}");
            assert_eq!(verdict.observe(*ok, &thresholds(2, 3), later), *edge, "{cell}");
            assert_eq!(verdict.phase(), *after, "{cell}");
            assert_eq!(verdict.pause(&thresholds(2, 3)), *pause, "{cell}");
            let since = if edge.is_some() { later } else { start };
            assert_eq!(verdict.since(), since, "{cell}");
        }
    }

    #[test]
    fn thresholds_of_one_turn_at_once() {
        let now = crate::clock::now();
        let mut verdict = Verdict::new(now);
        assert_eq!(verdict.pause(&thresholds(1, 1)), INTERVAL);
        assert_eq!(verdict.observe(false, &thresholds(1, 1), now), Some(false));
        assert_eq!(verdict.observe(true, &thresholds(1, 1), now), Some(true));
        assert_eq!(verdict.observe(false, &thresholds(1, 1), now), Some(false));
    }

    #[test]
    fn thresholds_that_shrink_meanwhile_are_met_at_the_next_result() {
        let now = crate::clock::now();
        let mut verdict = Verdict { phase: Phase::Falling(5), since: now };
        assert_eq!(verdict.observe(false, &thresholds(2, 2), now), Some(false));
    }
}
