//! Encodes what changes once, for all followers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::feed::{Beat, Difference, Frame, Hello, Mark, Places, Station, Sum};
use crate::state::State;

/// How often the hub says that it is there.
const BEAT: Duration = Duration::from_secs(1);

/// Messages that a follower may lag behind before it gets all objects anew.
const QUEUE: usize = 64;

/// Bytes of one piece of all objects.
const PIECE_BYTES: usize = 256 << 10;

/// Where the node that feeds stands itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How long ago it knew of a quorum, ms.
    pub(crate) quorum_age_ms: Option<u64>,
    /// The nodes that its state came through, itself last.
    pub(crate) path: Vec<Station>,
}

/// Says where the node stands; none: it has nothing to feed, or is too far from a member.
pub(crate) type StandingSource = Arc<dyn Fn() -> Option<Standing> + Send + Sync>;

/// Encodes what changes once, for all followers.
pub(crate) struct Hub {
    sent: Mutex<Sent>,
    sender: broadcast::Sender<Bytes>,
    /// All objects at one revision, as long as somebody is being sent them.
    full: tokio::sync::Mutex<(Mark, Weak<Vec<Bytes>>)>,
    standing: OnceLock<StandingSource>,
    /// Whether there was a standing by the last beat.
    feeds: AtomicBool,
    hello: Bytes,
    places: watch::Receiver<Places>,
    /// Somebody waits for the sum.
    wanted: Notify,
    /// Whether the sum is known.
    reckoned: watch::Sender<bool>,
}

/// What followers have been sent.
///
/// ```text
///  no sum ---- somebody joins: of all objects ----> sum -- a change: moved along --+
///    ^                                              | ^----------------------------+
///    +--------- a change, and nobody follows -------+
/// ```
#[derive(Clone, Default)]
struct Sent {
    state: Arc<State>,
    /// The sum of the objects; none while nobody follows: most nodes never feed anybody.
    sum: Option<Sum>,
    places: Bytes,
}

impl Sent {
    /// Where it stands, if the sum is known.
    fn mark(&self) -> Option<Mark> {
        self.sum.map(|sum| mark_of(&self.state, sum))
    }
}

/// What a follower begins with.
pub(super) struct Joined {
    pub(super) messages: broadcast::Receiver<Bytes>,
    pub(super) first: Vec<Bytes>,
}

impl Hub {
    /// A hub that has sent nothing yet.
    pub(crate) fn new(cluster_uuid: &str, places: watch::Receiver<Places>) -> Arc<Self> {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let hello = Frame::Hello(Hello { cluster_uuid: cluster_uuid.to_owned(), version });
        Arc::new(Self {
            sent: Mutex::default(),
            sender: broadcast::Sender::new(QUEUE),
            full: tokio::sync::Mutex::new((Mark::default(), Weak::new())),
            standing: OnceLock::new(),
            feeds: AtomicBool::new(false),
            hello: bytes_of(&[hello]),
            places,
            wanted: Notify::new(),
            reckoned: watch::Sender::new(false),
        })
    }

    /// Says who knows where the node stands; the first to say so counts.
    pub(crate) fn stand(&self, standing: StandingSource) {
        let _ = self.standing.set(standing);
    }

    /// Where the node stands, if it feeds.
    pub(super) fn standing(&self) -> Option<Standing> {
        let standing = self.standing.get().and_then(|standing| standing());
        self.feeds.store(standing.is_some(), Ordering::Relaxed);
        standing
    }

    /// Whether the node fed by the last beat.
    pub(super) fn feeds(&self) -> bool {
        self.feeds.load(Ordering::Relaxed)
    }

    /// How many follow.
    pub(crate) fn followers(&self) -> usize {
        self.sender.receiver_count()
    }

    /// The state that followers have been sent.
    pub(super) fn state(&self) -> Arc<State> {
        Arc::clone(&self.sent().state)
    }

    /// Follows the states of the node for as long as there are any.
    pub(crate) async fn run(self: Arc<Self>, mut states: watch::Receiver<Arc<State>>) {
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut places = self.places.clone();
        places.mark_changed();
        states.mark_changed();
        loop {
            tokio::select! {
                biased;
                changed = states.changed() => match changed {
                    Ok(()) => {
                        let state = Arc::clone(&states.borrow_and_update());
                        self.tell_change(state).await;
                    }
                    Err(_) => return,
                },
                Ok(()) = places.changed() => {
                    let now = places.borrow_and_update().clone();
                    let bytes = bytes_of(&[Frame::Places(now)]);
                    let mut sent = self.sent();
                    sent.places = bytes.clone();
                    let _ = self.sender.send(bytes);
                }
                () = self.wanted.notified() => self.reckon().await,
                _ = beats.tick() => self.beat(),
            }
        }
    }

    fn beat(&self) {
        let sent = self.sent();
        // Who still waits for the sum is told everything then; nobody follows: nobody is told.
        let Some(mark) = sent.mark() else { return };
        // An empty message wakes the streams, so that they end.
        let _ = self.sender.send(self.beat_at(mark).unwrap_or_default());
    }

    fn beat_at(&self, mark: Mark) -> Option<Bytes> {
        let Standing { quorum_age_ms, path } = self.standing()?;
        Some(bytes_of(&[Frame::Beat(Beat { mark, quorum_age_ms, path })]))
    }

    /// Adds up all objects of the state, for who waits for it.
    async fn reckon(&self) {
        let Sent { state, sum, .. } = self.sent().clone();
        if sum.is_none() {
            let Ok(sum) = spawn_blocking(move || sum_of(&state)).await else {
                tracing::error!("the sum of the serving state could not be taken");
                return;
            };
            self.sent().sum = Some(sum);
        }
        self.reckoned.send_replace(true);
    }

    /// Sends what changed, encoded once.
    async fn tell_change(&self, state: Arc<State>) {
        let (old, sum) = {
            let mut sent = self.sent();
            // Nobody joins while this is held.
            match sent.sum.filter(|_| self.followers() > 0) {
                Some(sum) => (Arc::clone(&sent.state), sum),
                None => {
                    (sent.state, sent.sum) = (state, None);
                    self.reckoned.send_replace(false);
                    if self.followers() > 0 {
                        self.wanted.notify_one();
                    }
                    return;
                }
            }
        };
        let work = {
            let (old, state) = (Arc::clone(&old), Arc::clone(&state));
            move || change(&old, &state, sum)
        };
        // A configuration may be large, and everything else on this thread would wait.
        let told = if Arc::ptr_eq(&old.config, &state.config) {
            Ok(work())
        } else {
            spawn_blocking(work).await
        };
        let Ok((bytes, sum)) = told else {
            tracing::error!(
                "what changed could not be told to followers: the next change tells it"
            );
            return;
        };
        let mut sent = self.sent();
        (sent.state, sent.sum) = (state, Some(sum));
        let _ = self.sender.send(bytes);
    }

    /// Takes a follower in, which has the state at `have` if any.
    pub(super) async fn join(&self, have: Option<Mark>) -> Joined {
        // As one that follows already, so that the sum stays once it is there.
        let waits = self.sender.subscribe();
        let (messages, sent, mark) = loop {
            {
                let sent = self.sent();
                if let Some(mark) = sent.mark() {
                    break (self.sender.subscribe(), sent.clone(), mark);
                }
            }
            self.wanted.notify_one();
            let mut reckoned = self.reckoned.subscribe();
            // The hub ends only with the node, and this with it.
            let _ = reckoned.wait_for(|known| *known).await;
        };
        drop(waits);
        let mut first = vec![self.hello.clone(), sent.places.clone()];
        let is_current =
            have.is_some_and(|have| have.revision == mark.revision && have.sum == mark.sum);
        if !is_current {
            let all = self.full(&sent.state, mark).await;
            first.extend(all.iter().cloned());
        }
        first.extend(self.beat_at(mark));
        Joined { messages, first }
    }

    /// All objects of what was sent, encoded once for all who need them at this moment.
    async fn full(&self, state: &Arc<State>, mark: Mark) -> Arc<Vec<Bytes>> {
        let mut known = self.full.lock().await;
        if known.0 == mark
            && let Some(all) = known.1.upgrade()
        {
            return all;
        }
        let state = Arc::clone(state);
        let all = spawn_blocking(move || all_of(&state, mark)).await.unwrap_or_default();
        let all = Arc::new(all);
        *known = (mark, Arc::downgrade(&all));
        all
    }

    /// Whether the sum is known.
    #[cfg(test)]
    pub(super) fn has_sum(&self) -> bool {
        self.sent().sum.is_some()
    }

    /// The bytes of the sum of a state, as they stand in a mark.
    #[cfg(test)]
    pub(super) fn sum_for_test(state: &State) -> Vec<u8> {
        postcard::to_stdvec(&sum_of(state)).unwrap()
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What changed, as bytes, and the sum after it.
fn change(old: &State, new: &State, mut sum: Sum) -> (Bytes, Sum) {
    let found = Difference::between(old, new, &mut sum);
    let begin = Frame::Begin { from: Some(old.revision()) };
    (bytes_of(&found.frames(begin, mark_of(new, sum))), sum)
}

/// The sum of all objects of a state.
fn sum_of(state: &State) -> Sum {
    let mut sum = Sum::default();
    let _ = Difference::between(&State::default(), state, &mut sum);
    sum
}

/// All objects of a state, in pieces.
fn all_of(state: &State, mark: Mark) -> Vec<Bytes> {
    let all = Difference::between(&State::default(), state, &mut Sum::default());
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    for frame in all.frames(Frame::Begin { from: None }, mark) {
        frame.append(&mut piece);
        if piece.len() >= PIECE_BYTES {
            pieces.push(Bytes::from(std::mem::take(&mut piece)));
        }
    }
    pieces.push(Bytes::from(piece));
    pieces
}

fn mark_of(state: &State, sum: Sum) -> Mark {
    let (revision, config_index) = (state.revision(), state.config_index);
    Mark { revision, config_index, time_ms: state.time_ms, sum }
}

fn bytes_of(frames: &[Frame]) -> Bytes {
    Bytes::from(Frame::encode_all(frames))
}
