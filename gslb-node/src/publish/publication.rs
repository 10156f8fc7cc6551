//! The one cell that holds the current serving set.

use crate::compile::Published;
use arc_swap::{ArcSwap, Cache};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Holds the current serving set. Readers never wait; publishers wait for each other only.
#[derive(Debug)]
pub struct Publication {
    current: ArcSwap<Published>,
    stale: AtomicBool,
    /// Sets that a reader may still hold. They are freed here, so that no reader frees a large
    /// tree.
    old: Mutex<Vec<Arc<Published>>>,
}

/// One thread's view of a [`Publication`].
#[derive(Debug)]
pub struct Reader {
    cache: Cache<Shared, Arc<Published>>,
}

/// Lets the cache reach the cell inside of the shared publication.
#[derive(Debug)]
struct Shared(Arc<Publication>);

impl std::ops::Deref for Shared {
    type Target = ArcSwap<Published>;

    fn deref(&self) -> &Self::Target {
        &self.0.current
    }
}

impl Publication {
    /// A cell that starts with this set.
    #[must_use]
    pub fn new(first: Arc<Published>) -> Arc<Self> {
        Arc::new(Self {
            current: ArcSwap::new(first),
            stale: AtomicBool::new(false),
            old: Mutex::default(),
        })
    }

    /// Makes `next` the set that answers from now on.
    pub fn publish(&self, next: Arc<Published>) {
        let mut old = self.old.lock().unwrap_or_else(PoisonError::into_inner);
        old.push(self.current.swap(next));
        old.retain(|set| Arc::strong_count(set) > 1);
    }

    /// The current set, for those off the data path.
    #[must_use]
    pub fn current(&self) -> Arc<Published> {
        self.current.load_full()
    }

    /// Says whether the node has been cut off for so long that its answers must say so.
    pub fn set_stale(&self, stale: bool) {
        self.stale.store(stale, Ordering::Relaxed);
    }

    /// Whether answers must say that they are from an old state.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// A view for one thread.
    #[must_use]
    pub fn reader(self: &Arc<Self>) -> Reader {
        Reader { cache: Cache::new(Shared(Arc::clone(self))) }
    }

    /// Frees the replaced sets that no reader has any more; returns how many are still held.
    ///
    /// [`publish`](Self::publish) does so too; call this now and then, so that a quiet node frees
    /// them.
    pub fn sweep(&self) -> usize {
        let mut old = self.old.lock().unwrap_or_else(PoisonError::into_inner);
        old.retain(|set| Arc::strong_count(set) > 1);
        old.len()
    }
}

impl Reader {
    /// The current set: one relaxed load while nothing is published.
    #[inline]
    pub fn current(&mut self) -> &Arc<Published> {
        self.cache.load()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::Names;

    fn set(index: u64) -> Arc<Published> {
        Arc::new(Published {
            revision: crate::compile::published::Revision { history: 1, index },
            names: Arc::new(Names::build(0, &[]).unwrap()),
            steered: Vec::new(),
            maps: Vec::new(),
            regions: Arc::default(),
            draw_key: 0,
        })
    }

    #[test]
    fn readers_follow_and_replaced_sets_are_freed_once_no_reader_has_them() {
        let publication = Publication::new(set(1));
        let mut reader = publication.reader();
        assert_eq!(reader.current().revision.index, 1);
        publication.publish(set(2));
        assert_eq!(publication.sweep(), 1, "the reader has not looked yet");
        assert_eq!(reader.current().revision.index, 2);
        assert_eq!(publication.sweep(), 0);
        assert_eq!(publication.current().revision.index, 2);
    }

    #[test]
    fn being_stale_is_said_and_taken_back() {
        let publication = Publication::new(set(1));
        for stale in [true, false] {
            publication.set_stale(stale);
            assert_eq!(publication.is_stale(), stale);
        }
    }
}
