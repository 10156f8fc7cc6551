//! What followers said of themselves, and when.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What has not been heard of for so long is forgotten.
const FORGET: Duration = Duration::from_secs(3_600);

/// What an observer said of itself, directly or through the one that feeds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// Its number.
    pub id: u64,
    /// How long ago it said so, ms.
    pub age_ms: u64,
    /// What it said: of the node's own form.
    pub said: Arc<[u8]>,
}

/// When it was said, and what.
type Heard = (Instant, Arc<[u8]>);

/// What followers said of themselves, and when.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    heard: Mutex<BTreeMap<u64, Heard>>,
    changes: watch::Sender<u64>,
}

impl Guests {
    /// Notes what was said; the newest word of each counts.
    pub(super) fn note(&self, guests: Vec<Guest>) {
        let now = Instant::now();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.retain(|_, (at, _)| at.elapsed() < FORGET);
        for guest in guests {
            let at = now.checked_sub(Duration::from_millis(guest.age_ms)).unwrap_or(now);
            let entry = heard.entry(guest.id).or_insert_with(|| (at, guest.said.clone()));
            if at >= entry.0 {
                *entry = (at, guest.said);
            }
        }
        drop(heard);
        self.changes.send_modify(|count| *count += 1);
    }

    /// What each said last.
    pub(crate) fn all(&self) -> Vec<Guest> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let guest = |(id, (at, said)): (&u64, &Heard)| Guest {
            id: *id,
            age_ms: u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX),
            said: said.clone(),
        };
        heard.iter().map(guest).collect()
    }

    /// Counts what was noted.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
