//! What a worker counts. One writer each; anybody may read at any time.

use crate::wire::code::{rcode, rtype};
use std::sync::atomic::{AtomicU64, Ordering};

/// The labels of [`Counters::by_type`], in order.
pub const TYPES: [&str; 14] = [
    "A", "AAAA", "CNAME", "NS", "SOA", "MX", "TXT", "PTR", "SRV", "DS", "HTTPS", "SVCB", "ANY",
    "other",
];

/// The labels of [`Counters::by_code`], in order.
pub const CODES: [&str; 7] =
    ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "BADVERS"];

/// Regions that are counted; those numbered beyond share the last count. Numbers are never reused,
/// so this bounds the regions that a process ever saw, not those of one configuration.
const COUNTED: usize = 1024;

/// A number that one thread moves and others read.
///
/// A load and a store are enough for one writer, and cheaper than an atomic addition.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds one. Only the worker that owns the counters may.
    #[inline]
    pub fn add(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// The number now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of one worker, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub struct Counters {
    types: [Count; TYPES.len()],
    codes: [Count; CODES.len()],
    regions: Box<[Count]>,
    /// Answers that did not fit and went out with TC.
    pub truncated: Count,
    /// Queries with a client subnet.
    pub subnet: Count,
    /// Queries passed on to the slow path.
    pub slow: Count,
    /// Queries for the slow path that found it full.
    pub slow_full: Count,
    /// Packets that are no query: too short, or a response.
    pub dropped: Count,
    /// Answers that the kernel did not take.
    pub unsent: Count,
    /// Queries whose handling panicked: a bug, answered with SERVFAIL.
    pub panics: Count,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            types: Default::default(),
            codes: Default::default(),
            regions: (0..COUNTED).map(|_| Count::default()).collect(),
            truncated: Count::default(),
            subnet: Count::default(),
            slow: Count::default(),
            slow_full: Count::default(),
            dropped: Count::default(),
            unsent: Count::default(),
            panics: Count::default(),
        }
    }
}

impl Counters {
    /// Queries by type: one for each of [`TYPES`].
    pub fn by_type(&self) -> impl Iterator<Item = (&'static str, u64)> {
        TYPES.into_iter().zip(self.types.iter().map(Count::get))
    }

    /// Answers by response code: one for each of [`CODES`].
    pub fn by_code(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CODES.into_iter().zip(self.codes.iter().map(Count::get))
    }

    /// Steered answers that gave this region.
    #[must_use]
    pub fn of_region(&self, region: u16) -> u64 {
        self.region(region).map_or(0, Count::get)
    }

    #[inline]
    pub(super) fn count_type(&self, qtype: u16) {
        let index = match qtype {
            rtype::A => 0,
            rtype::AAAA => 1,
            rtype::CNAME => 2,
            rtype::NS => 3,
            rtype::SOA => 4,
            rtype::MX => 5,
            rtype::TXT => 6,
            rtype::PTR => 7,
            rtype::SRV => 8,
            rtype::DS => 9,
            rtype::HTTPS => 10,
            rtype::SVCB => 11,
            rtype::ANY => 12,
            _ => 13,
        };
        if let Some(count) = self.types.get(index) {
            count.add();
        }
    }

    #[inline]
    pub(super) fn count_code(&self, code: u16) {
        let index = if code == rcode::BADVERS { 6 } else { usize::from(code.min(rcode::REFUSED)) };
        if let Some(count) = self.codes.get(index) {
            count.add();
        }
    }

    #[inline]
    pub(super) fn count_region(&self, region: u16) {
        if let Some(count) = self.region(region) {
            count.add();
        }
    }

    #[inline]
    fn region(&self, region: u16) -> Option<&Count> {
        self.regions.get(usize::from(region).min(COUNTED - 1))
    }
}
