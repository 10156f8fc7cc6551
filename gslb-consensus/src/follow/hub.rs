//! Encodes what changes once, for all followers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{broadcast, watch};
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
}

/// What followers have been sent.
#[derive(Clone, Default)]
struct Sent {
    state: Arc<State>,
    mark: Mark,
    places: Bytes,
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
                _ = beats.tick() => self.beat(),
            }
        }
    }

    fn beat(&self) {
        let sent = self.sent();
        // An empty message wakes the streams, so that they end.
        let beat = self.beat_at(sent.mark).unwrap_or_default();
        // Nobody follows: nobody is told.
        let _ = self.sender.send(beat);
    }

    fn beat_at(&self, mark: Mark) -> Option<Bytes> {
        let Standing { quorum_age_ms, path } = self.standing()?;
        Some(bytes_of(&[Frame::Beat(Beat { mark, quorum_age_ms, path })]))
    }

    /// Sends what changed, encoded once.
    async fn tell_change(&self, state: Arc<State>) {
        let Sent { state: old, mark, .. } = self.sent().clone();
        let is_wanted = self.followers() > 0;
        let work = {
            let (old, state) = (Arc::clone(&old), Arc::clone(&state));
            move || change(&old, &state, mark.sum, is_wanted)
        };
        // A configuration may be large, and everything else on this thread would wait.
        let told = if Arc::ptr_eq(&old.config, &state.config) {
            Ok(work())
        } else {
            spawn_blocking(work).await
        };
        let Ok((bytes, mark)) = told else {
            tracing::error!(
                "what changed could not be told to followers: the next change tells it"
            );
            return;
        };
        let mut sent = self.sent();
        // Nobody can join meanwhile; who did before and was not reckoned with must not miss it.
        let bytes = match self.followers() {
            0 => None,
            _ if is_wanted => Some(bytes),
            _ => Some(change(&old, &state, sent.mark.sum, true).0),
        };
        (sent.state, sent.mark) = (state, mark);
        if let Some(bytes) = bytes {
            let _ = self.sender.send(bytes);
        }
    }

    /// Takes a follower in, which has the state at `have` if any.
    pub(super) async fn join(&self, have: Option<Mark>) -> Joined {
        let (messages, sent) = {
            let sent = self.sent();
            (self.sender.subscribe(), sent.clone())
        };
        let mut first = vec![self.hello.clone(), sent.places.clone()];
        let is_current = have
            .is_some_and(|have| have.revision == sent.mark.revision && have.sum == sent.mark.sum);
        if !is_current {
            let all = self.full(&sent).await;
            first.extend(all.iter().cloned());
        }
        first.extend(self.beat_at(sent.mark));
        Joined { messages, first }
    }

    /// All objects of what was sent, encoded once for all who need them at this moment.
    async fn full(&self, sent: &Sent) -> Arc<Vec<Bytes>> {
        let mut known = self.full.lock().await;
        if known.0 == sent.mark
            && let Some(all) = known.1.upgrade()
        {
            return all;
        }
        let (state, mark) = (Arc::clone(&sent.state), sent.mark);
        let all = spawn_blocking(move || all_of(&state, mark)).await.unwrap_or_default();
        let all = Arc::new(all);
        *known = (sent.mark, Arc::downgrade(&all));
        all
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What changed, as bytes if they are wanted, and where it leads.
fn change(old: &State, new: &State, mut sum: Sum, is_wanted: bool) -> (Bytes, Mark) {
    let found = Difference::between(old, new, &mut sum);
    let mark = mark_of(new, sum);
    let begin = Frame::Begin { from: Some(old.revision()) };
    let bytes = if is_wanted { bytes_of(&found.frames(begin, mark)) } else { Bytes::new() };
    (bytes, mark)
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
