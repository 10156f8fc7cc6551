//! When each node was last heard, and what it said.

use super::api::Api;
use super::shape::{Miss, NodeReport, Way};
use gslb_consensus::raft::PeerError;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// A node that has not been heard for so long counts as silent: nobody waits for it.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(5);
/// How often each node asks the others how they are.
const EVERY: Duration = Duration::from_secs(1);
/// An answer that takes longer counts as none.
pub(super) const ASK_WITHIN: Duration = Duration::from_millis(1500);

/// What a node is asked each second.
const ROLL_CALL: &str = "/v1/node";

/// What a node said last, and when.
#[derive(Clone)]
pub(super) struct Sighting {
    /// When.
    pub(super) at: Instant,
    /// What.
    pub(super) report: NodeReport,
}

/// Round trips to a node of which the shortest tells how long the way is: others were held up.
const ROUND_TRIPS: usize = 5;

/// How the way to a node is.
#[derive(Default)]
struct Road {
    missed: Option<(Miss, Option<String>)>,
    /// The last round trips.
    trips: VecDeque<Duration>,
}

/// The last sighting of every other node, and the ways to them.
pub(super) struct Roll {
    since: Instant,
    sightings: Mutex<BTreeMap<u64, Sighting>>,
    roads: Mutex<BTreeMap<u64, Road>>,
}

impl Roll {
    /// A roll on which nobody has been called.
    pub(super) fn new(since: Instant) -> Self {
        Self { since, sightings: Mutex::default(), roads: Mutex::default() }
    }

    /// Notes what a node said just now.
    pub(super) fn note(&self, id: u64, report: NodeReport) {
        let sighting = Sighting { at: Instant::now(), report };
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sighting);
    }

    /// Notes how a question to a node went, and how long the answer took if only that was asked.
    fn travelled(&self, id: u64, trip: Result<Option<Duration>, (Miss, Option<String>)>) {
        let mut roads = self.roads.lock().unwrap_or_else(PoisonError::into_inner);
        let road = roads.entry(id).or_default();
        match trip {
            Ok(took) => {
                road.missed = None;
                road.trips.extend(took);
                while road.trips.len() > ROUND_TRIPS {
                    road.trips.pop_front();
                }
            }
            Err(missed) => road.missed = Some(missed),
        }
    }

    /// The ways to the nodes that were ever asked, for as long as the cluster has them.
    pub(super) fn ways(&self, nodes: impl Iterator<Item = u64>) -> BTreeMap<u64, Way> {
        let roads = self.roads.lock().unwrap_or_else(PoisonError::into_inner);
        let way = |id: u64| {
            let road = roads.get(&id)?;
            let heard = self.last(id).is_some_and(|s| s.at.elapsed() < SILENT_AFTER);
            let (missed, why) = road.missed.clone().unzip();
            let whole = road.trips.len() == ROUND_TRIPS;
            let shortest = road.trips.iter().min().filter(|_| whole);
            let rtt_ms = shortest.and_then(|trip| u64::try_from(trip.as_millis()).ok());
            Some((id, Way { heard, missed, why: why.flatten(), rtt_ms }))
        };
        nodes.filter_map(way).collect()
    }

    /// What a node said last.
    pub(super) fn last(&self, id: u64) -> Option<Sighting> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Whether a node has been quiet for long enough that nobody waits for it.
    pub(super) fn is_silent(&self, id: u64) -> bool {
        let heard = self.last(id).map_or(self.since, |s| s.at);
        heard.elapsed() >= SILENT_AFTER
    }
}

impl Api {
    /// Asks the other nodes how they are, each second, for as long as the node lives: spawn it once.
    pub async fn call_roll(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.rates.sample(Instant::now(), self.parts.insight.answers());
            // An observer asks the members only when it is asked itself: there may be hundreds.
            if !self.parts.cluster.is_observer() {
                self.ask_all(ROLL_CALL).await;
            }
        }
    }

    /// Asks every other node of the cluster how it is, and notes who answers.
    pub(super) async fn ask_all(&self, path: &str) {
        let state = self.parts.cluster.state();
        let others = state.nodes.keys().filter(|id| **id != self.node_id());
        futures::future::join_all(others.map(|id| self.ask(*id, path, ASK_WITHIN))).await;
    }

    /// Asks one node by its peers' routes; what it says is noted.
    pub(super) async fn ask(&self, id: u64, path: &str, within: Duration) -> Option<NodeReport> {
        let (peer, asked) = (self.parts.cluster.peer(id), Instant::now());
        let answer = tokio::time::timeout(within, peer.get(path)).await;
        let trip = match &answer {
            // What has it wait for something says nothing of the way.
            Ok(Ok(_)) => Ok((path == ROLL_CALL).then(|| asked.elapsed())),
            Ok(Err(error)) => Err(miss(error)),
            Err(_) => Err((Miss::Silence, None)),
        };
        self.roll.travelled(id, trip);
        let (200, body) = answer.ok()?.ok()? else { return None };
        let report: NodeReport = serde_json::from_slice(&body).ok()?;
        self.roll.note(id, report.clone());
        Some(report)
    }
}

/// What an error says of the way.
fn miss(error: &PeerError) -> (Miss, Option<String>) {
    match error {
        PeerError::Refused(_) => (Miss::Refused, None),
        PeerError::Distrusted(why) => (Miss::Distrust, Some(why.clone())),
        PeerError::Unreachable(_) | PeerError::Unanswered(_) => (Miss::Silence, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_shortest_of_the_last_round_trips_tells_how_long_a_way_is() {
        let roll = Roll::new(Instant::now());
        let way = || roll.ways([2, 3].into_iter()).get(&2).cloned();
        assert_eq!(way(), None, "never asked");
        for took in [90, 95, 91, 92] {
            roll.travelled(2, Ok(Some(ms(took))));
        }
        assert_eq!(way().unwrap().rtt_ms, None, "too few to tell");
        // What had to wait for something is no measure.
        roll.travelled(2, Ok(None));
        roll.travelled(2, Ok(Some(ms(99))));
        assert_eq!(way().unwrap().rtt_ms, Some(90));
        (0..4).for_each(|_| roll.travelled(2, Ok(Some(ms(97)))));
        assert_eq!(way().unwrap().rtt_ms, Some(97));
        roll.travelled(2, Err((Miss::Refused, None)));
        let missed = way().unwrap();
        assert_eq!((missed.heard, missed.missed, missed.why), (false, Some(Miss::Refused), None));
        roll.travelled(2, Ok(Some(ms(1))));
        assert_eq!(way().unwrap().missed, None);
    }

    #[test]
    fn errors_tell_machines_without_a_node_from_machines_that_are_silent() {
        let why = || "why".to_owned();
        assert_eq!(miss(&PeerError::Refused(why())), (Miss::Refused, None));
        assert_eq!(miss(&PeerError::Unreachable(why())), (Miss::Silence, None));
        assert_eq!(miss(&PeerError::Unanswered(why())), (Miss::Silence, None));
        assert_eq!(miss(&PeerError::Distrusted(why())), (Miss::Distrust, Some(why())));
    }
}
