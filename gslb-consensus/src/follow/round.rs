//! In which order the nodes that feed are tried, and when again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The pause after the first round in vain.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// In which order the nodes that feed are tried, and when again.
///
/// Those of the file come first, in their order, then the members that the state names. A round in
/// vain is followed by a pause, each twice the last up to a limit, and up to half of it shorter, so
/// that many observers do not come back at one moment.
#[derive(Debug, Default)]
pub(super) struct Round {
    failed: u32,
}

impl Round {
    /// Whom to try in this round.
    pub(super) fn order(declared: &[String], members: &[String]) -> Vec<String> {
        let mut order: Vec<String> = Vec::new();
        for one in declared.iter().chain(members) {
            if !order.contains(one) {
                order.push(one.clone());
            }
        }
        order
    }

    /// A node was followed: the next pause is the first one again.
    pub(super) fn succeeded(&mut self) {
        self.failed = 0;
    }

    /// The pause after a round in vain.
    pub(super) fn pause(&mut self) -> Duration {
        let whole = PAUSE.saturating_mul(1 << self.failed.min(10)).min(PAUSE_MAX);
        self.failed = self.failed.saturating_add(1);
        // Each has keys of its own from the system.
        let part = RandomState::new().hash_one(self.failed) % 512;
        whole - whole * u32::try_from(part).unwrap_or(0) / 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_come_first_and_pauses_grow_to_a_limit() {
        let text = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            Round::order(&text(&["b:1", "a:1"]), &text(&["a:1", "c:1"])),
            text(&["b:1", "a:1", "c:1"])
        );
        let mut round = Round::default();
        let mut whole = PAUSE;
        for _ in 0..20 {
            let pause = round.pause();
            assert!(pause <= whole && pause >= whole / 2, "{pause:?} of {whole:?}");
            whole = (whole * 2).min(PAUSE_MAX);
        }
        round.succeeded();
        assert!(round.pause() <= PAUSE);
    }
}
