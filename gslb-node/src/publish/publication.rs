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
    /// Sets that a reader may still hold. They are freed here, so that no reader frees a large tree.
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

    /// How many replaced sets are still held by a reader.
    #[must_use]
    pub fn held(&self) -> usize {
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
