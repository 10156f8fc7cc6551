//! What one thread of the data path keeps between queries.

use super::counters::Counters;
use super::draws::Draws;
use super::glance::Glance;
use super::identity::Identity;
use std::sync::Arc;

/// The state of one thread of the data path. No two threads share one.
#[derive(Debug)]
pub struct Worker {
    /// Lent to [`answer`](super::answer()), which looks at its message itself.
    pub(super) glance: Option<Box<Glance>>,
    pub(super) draws: Draws,
    pub(super) identity: Arc<Identity>,
    pub(super) counters: Arc<Counters>,
    turn: u32,
}

impl Worker {
    /// A worker with counters of its own.
    #[must_use]
    pub fn new(identity: Arc<Identity>) -> Self {
        Self {
            glance: Some(Box::default()),
            draws: Draws::default(),
            identity,
            counters: Arc::default(),
            turn: 0,
        }
    }

    /// What this worker counts.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// A number to rotate records by.
    ///
    /// Plain counting would tie the order to the pattern of the queries, as when A and AAAA
    /// alternate.
    #[inline]
    pub(super) fn next_turn(&mut self) -> u32 {
        self.turn = self.turn.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        self.turn >> 16
    }
}
