//! Follows the feed of one node after the other, for as long as the observer runs.
//!
//! ```text
//!  order: the declared, then the members --> dial --> Hello, Full or nothing --> beats, deltas --+
//!    ^   ^                                    | none   | unfit, cut off, behind                  |
//!    |   +----------- the next one <----------+--------+<--- lost, or silent for 5 s ------------+
//!    +---- pause, once round                  a sum that differs, a gap: once more, with all anew
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Response;
use tokio::sync::watch;
use tokio::time::timeout;

use super::dialer::Dialer;
use super::error::FollowError;
use super::round::Round;
use crate::dial::with_causes;
use crate::feed::{Assembly, Beat, FeedFault, Frames, Got, Places, Serving, Station, VERSIONS};
use crate::identity::Identity;
use crate::state::State;

/// A stream that says nothing for so long is lost.
const SILENCE: Duration = Duration::from_secs(5);

/// A node that has been without a quorum for so long is left for one that has one, ms.
const CUT_OFF_MS: u64 = 10_000;

/// For how long such a node is followed before the others are tried again, if there is none better.
const CUT_OFF_FOR: Duration = Duration::from_secs(15);

/// Most nodes that the feed may have gone through before it comes here.
const HOPS_MAX: usize = 2;

/// What is known of the feed just now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Following {
    /// Where the node is that is followed; none: nobody is.
    pub(crate) upstream: Option<String>,
    /// The nodes that the feed came through last, a member first.
    pub(crate) path: Vec<Station>,
    /// When a beat last told of a quorum, and how old that was then.
    pub(crate) quorum: Option<(Instant, Duration)>,
    /// Why the last node that was tried is not followed.
    pub(crate) failed: Option<String>,
    /// How often all objects were asked for anew, for a sum that differed or a gap.
    pub(crate) resyncs: u64,
}

impl Following {
    /// How long ago the node that feeds knew of a quorum.
    pub(crate) fn quorum_age(&self) -> Option<Duration> {
        self.quorum.map(|(at, age)| at.elapsed().saturating_add(age))
    }
}

/// Follows the feed.
pub(crate) struct Follower {
    pub(crate) identity: Arc<Identity>,
    pub(crate) dialer: Arc<Dialer>,
    /// Whom to follow, best first.
    pub(crate) from: Vec<String>,
    pub(crate) assembly: Assembly,
    pub(crate) states: watch::Sender<Arc<State>>,
    /// What is to be stored.
    pub(crate) kept: watch::Sender<Option<Arc<Serving>>>,
    pub(crate) following: Arc<watch::Sender<Following>>,
    pub(crate) places: watch::Sender<Places>,
    /// Why each node was not followed, as it was logged last.
    pub(crate) told: BTreeMap<String, String>,
}

impl Follower {
    /// Follows for ever.
    pub(crate) async fn run(mut self) {
        let mut round = Round::default();
        loop {
            let order = Round::order(&self.from, &self.members());
            let mut followed = false;
            // Nodes that are cut off themselves are better than none, and worse than any other.
            for is_last_resort in [false, true] {
                for at in &order {
                    followed |= self.try_one(at, is_last_resort).await;
                }
                if followed {
                    break;
                }
            }
            if followed {
                round.succeeded();
            } else {
                tokio::time::sleep(round.pause()).await;
            }
        }
    }

    /// Follows one node as long as it goes; whether it went at all.
    async fn try_one(&mut self, at: &str, is_last_resort: bool) -> bool {
        let mut followed = false;
        let mut anew = false;
        loop {
            let why = self.follow(at, anew, is_last_resort, &mut followed).await;
            let differs = match &why {
                FollowError::Fault(FeedFault::Older { .. }) => false,
                other => matches!(other, FollowError::Fault(_)),
            };
            self.following.send_modify(|now| {
                now.upstream = None;
                now.failed = Some(format!("{at}: {why}"));
                now.resyncs += u64::from(differs);
            });
            let why = why.to_string();
            if followed {
                tracing::warn!(upstream = at, why, "the feed ended");
                self.told.clear();
            } else if self.told.get(at) != Some(&why) {
                // Once for each reason: it may be tried for days.
                tracing::warn!(upstream = at, why, "no feed from this node");
                self.told.insert(at.to_owned(), why.clone());
            }
            // Once more with all objects; what differs then as well is not to be had here.
            if !differs || anew {
                return followed;
            }
            tracing::warn!(upstream = at, why, "asking for the whole state anew");
            anew = true;
        }
    }

    /// Where the members that the state names are, by the host names of their certificates.
    fn members(&self) -> Vec<String> {
        let state = Arc::clone(&self.states.borrow());
        let member = |(id, record): (&u64, &crate::state::NodeRecord)| {
            let host = self.identity.host_of(*id);
            self.dialer.learn(host.clone(), &record.raft);
            let port = record.raft.rsplit_once(':').map_or("443", |(_, port)| port);
            format!("{host}:{port}")
        };
        state.nodes.iter().map(member).collect()
    }

    /// Follows a node until that ends, and says why it ended.
    async fn follow(
        &mut self,
        at: &str,
        anew: bool,
        is_last_resort: bool,
        followed: &mut bool,
    ) -> FollowError {
        let mut path = format!("/feed/v1/follow?versions={VERSIONS}");
        if let Some(mark) = self.assembly.mark().filter(|_| !anew) {
            path = format!("{path}&revision={}&sum={}", mark.revision, mark.sum);
        }
        self.assembly.restart();
        let mut stream = match self.dialer.get(at, &path).await {
            Ok(response) => Stream { response, cutter: Frames::default() },
            Err(error) => return error,
        };
        let since = Instant::now();
        loop {
            let got = match stream.next(&mut self.assembly).await {
                Ok(got) => got,
                Err(error) => return error,
            };
            match got {
                Got::Nothing => {}
                Got::Hello(hello) if hello.cluster_uuid == self.identity.cluster_uuid => {}
                Got::Hello(_) => return FollowError::Unfit("it is of another cluster".to_owned()),
                Got::State(state) => {
                    self.states.send_replace(state);
                    self.kept.send_replace(self.assembly.serving().cloned().map(Arc::new));
                }
                Got::Places(places) => {
                    self.places.send_if_modified(|now| {
                        let changed = *now != places;
                        *now = places;
                        changed
                    });
                }
                Got::Beat(beat) => {
                    let patience = is_last_resort && since.elapsed() < CUT_OFF_FOR;
                    if let Err(error) = self.hear(at, beat, patience, followed) {
                        return error;
                    }
                }
            }
        }
    }

    /// Takes a beat in, if its sender is one to follow.
    fn hear(
        &self,
        at: &str,
        beat: Beat,
        patience: bool,
        followed: &mut bool,
    ) -> Result<(), FollowError> {
        if beat.path.iter().any(|station| station.id == self.identity.node_id) {
            return Err(FollowError::Unfit("it is fed by this node".to_owned()));
        }
        if beat.path.len() > HOPS_MAX {
            let why = format!("it is {} hops behind a member", beat.path.len() - 1);
            return Err(FollowError::Unfit(why));
        }
        if beat.quorum_age_ms.is_none_or(|age| age > CUT_OFF_MS) && !patience {
            return Err(FollowError::CutOff);
        }
        if !*followed {
            let names: Vec<&str> = beat.path.iter().map(|s| s.name.as_str()).collect();
            tracing::info!(upstream = at, path = names.join(" > "), "following");
        }
        *followed = true;
        self.following.send_modify(|now| {
            now.upstream = Some(at.to_owned());
            now.path = beat.path;
            now.failed = None;
            if let Some(age) = beat.quorum_age_ms {
                now.quorum = Some((Instant::now(), Duration::from_millis(age)));
            }
        });
        Ok(())
    }
}

/// An answer that comes in pieces.
struct Stream {
    response: Response,
    cutter: Frames,
}

impl Stream {
    /// What comes next.
    async fn next(&mut self, assembly: &mut Assembly) -> Result<Got, FollowError> {
        loop {
            match self.cutter.cut() {
                Ok(Some(frame)) => return assembly.take(frame).map_err(FollowError::Fault),
                Ok(None) => {}
                Err(why) => return Err(FollowError::Lost(why)),
            }
            match timeout(SILENCE, self.response.chunk()).await {
                Ok(Ok(Some(bytes))) => self.cutter.feed(&bytes),
                Ok(Ok(None)) => return Err(FollowError::Lost("it ended the stream".to_owned())),
                Ok(Err(error)) => return Err(FollowError::Lost(with_causes(&error))),
                Err(_) => return Err(FollowError::Lost("it was silent for 5 s".to_owned())),
            }
        }
    }
}
