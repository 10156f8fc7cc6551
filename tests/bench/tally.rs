//! What became of the queries of a slice.

use gslb_tests::load::histogram::Histogram;
use serde_json::{Value, json};
use std::time::Duration;

/// Counts of a slice, or of many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Queries that the kernel took.
    pub(crate) sent: u64,
    /// Answers to them, right or wrong.
    pub(crate) answered: u64,
    /// Queries given up.
    pub(crate) unanswered: u64,
    /// Answers that are not what was expected.
    pub(crate) wrong: u64,
    /// Datagrams that answer no query in flight.
    pub(crate) stray: u64,
    /// Pauses of the client itself over a millisecond.
    pub(crate) pauses: u64,
    /// Answers whose latency was not counted, since the client paused meanwhile.
    pub(crate) untimed: u64,
    /// How long the others took.
    pub(crate) latency: Histogram,
    /// How long queries were sent.
    pub(crate) lasted: Duration,
}

impl Tally {
    /// Takes over the counts of another slice.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.unanswered += other.unanswered;
        self.wrong += other.wrong;
        self.stray += other.stray;
        self.pauses += other.pauses;
        self.untimed += other.untimed;
        self.latency.merge(&other.latency);
        self.lasted += other.lasted;
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.answered as f64 / self.lasted.as_secs_f64().max(1e-9)
    }

    /// A quantile of the latency, microseconds.
    pub(crate) fn us(&self, share: f64) -> f64 {
        self.latency.quantile(share) as f64 / 1000.0
    }

    /// Whether every query had its answer and all were right.
    pub(crate) fn is_sound(&self) -> bool {
        self.wrong == 0 && self.unanswered == 0 && self.answered > 0
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "sent": self.sent,
            "answered": self.answered,
            "unanswered": self.unanswered,
            "wrong": self.wrong,
            "stray": self.stray,
            "pauses": self.pauses,
            "untimed": self.untimed,
            "answers_per_s": self.rate(),
            "p50_us": self.us(0.5),
            "p99_us": self.us(0.99),
            "p999_us": self.us(0.999),
            "max_us": self.latency.max() as f64 / 1000.0,
        })
    }
}
