//! When queries are due at a fixed rate.

/// An open loop: query number `n` is due at `n / rate`, whatever became of those before it.
///
/// A pause of the client moves the rest of the schedule, so that no burst follows it: the server
/// would be charged for what it had no part in.
#[derive(Clone, Debug)]
pub struct Pacer {
    rate: u64,
    start_ns: u64,
    sent: u64,
}

impl Pacer {
    /// A schedule of `rate` queries a second from `start_ns` on.
    #[must_use]
    pub fn new(rate: u64, start_ns: u64) -> Self {
        Self { rate: rate.max(1), start_ns, sent: 0 }
    }

    /// How many are due at `now_ns` and were not sent yet.
    #[must_use]
    pub fn due(&self, now_ns: u64) -> u64 {
        let Some(passed) = now_ns.checked_sub(self.start_ns) else { return 0 };
        let slots = u128::from(passed) * u128::from(self.rate) / 1_000_000_000;
        (slots as u64 + 1).saturating_sub(self.sent)
    }

    /// Notes that `count` more were sent.
    pub fn sent(&mut self, count: u64) {
        self.sent += count;
    }

    /// Moves what is still to come by the length of a pause.
    pub fn pause(&mut self, ns: u64) {
        self.start_ns += ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_due_evenly() {
        let mut pacer = Pacer::new(1_000, 5_000);
        assert_eq!(pacer.due(4_999), 0);
        assert_eq!(pacer.due(5_000), 1);
        pacer.sent(1);
        assert_eq!(pacer.due(1_004_999), 0);
        assert_eq!(pacer.due(1_005_000), 1);
        assert_eq!(pacer.due(3_005_000), 3);
        pacer.sent(3);
        assert_eq!(pacer.due(3_005_000), 0);
    }

    #[test]
    fn a_pause_is_followed_by_no_burst() {
        let mut pacer = Pacer::new(1_000, 0);
        pacer.sent(1);
        pacer.pause(50_000_000);
        assert_eq!(pacer.due(50_000_000), 0);
        assert_eq!(pacer.due(51_000_000), 1);
    }
}
