//! When a log that hardly grows is due for a snapshot, and how much of it may go then.

use std::time::Duration;

use tokio::time::Instant;

/// How long an entry may be in the log alone.
const ALONE: Duration = Duration::from_secs(3_600);

/// Follows the snapshots of one Raft.
///
/// Counts and bytes bring a snapshot about where much is written; this does where little is, so
/// that no entry is older than two of these times: a start replays little, and what was changed
/// long ago is not kept for ever.
pub(crate) struct LogAge {
    /// How far the newest snapshot goes.
    newest: Option<u64>,
    since: Instant,
}

impl LogAge {
    /// Begins with the snapshot that is there at the start.
    pub(crate) fn new(newest: Option<u64>, now: Instant) -> Self {
        Self { newest, since: now }
    }

    /// Takes down how far the newest snapshot goes.
    pub(crate) fn note(&mut self, newest: Option<u64>, now: Instant) {
        if newest != self.newest {
            *self = Self::new(newest, now);
        }
    }

    /// Whether entries have been in the log alone for too long; then up to where it may be purged.
    ///
    /// What the new snapshot will hold stays for followers that lag; what the last one holds goes.
    pub(crate) fn due(&mut self, applied: Option<u64>, now: Instant) -> Option<Option<u64>> {
        let is_due = applied > self.newest && now.duration_since(self.since) >= ALONE;
        is_due.then(|| {
            self.since = now;
            self.newest
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_after_the_last_snapshot_the_next_is_due_if_there_is_something_new() {
        let start = Instant::now();
        let mut age = LogAge::new(Some(10), start);
        assert_eq!(age.due(Some(11), start + ALONE / 2), None);
        assert_eq!(age.due(Some(10), start + ALONE), None, "nothing new");
        assert_eq!(age.due(Some(11), start + ALONE), Some(Some(10)));
        assert_eq!(age.due(Some(11), start + ALONE), None, "asked for already");
        age.note(Some(11), start + ALONE);
        assert_eq!(age.due(Some(12), start + ALONE + ALONE / 2), None);
        assert_eq!(age.due(Some(12), start + ALONE * 2), Some(Some(11)));
        assert_eq!(LogAge::new(None, start).due(Some(0), start + ALONE), Some(None));
    }
}
