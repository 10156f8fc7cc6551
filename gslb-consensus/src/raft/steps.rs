//! What is due between Raft's membership and what the agreed state says of the nodes.
//!
//! ```text
//!  recorded --- hello ---> learner --- caught up, stable ---> voter (seven at most)
//!                             ^                                 |  |
//!                             +---------- demoted --------------+  | replaced: one change, in which
//!                             +-- (autopilot: stands by) ----------+ the other becomes a voter
//!  recorded no more ---> no voter ---> no member
//! ```
//!
//! The first three voters, the founders, need not be stable: a cluster of one or two has more to
//! fear from staying so. No step takes a vote if what is left was not heard to be a majority.

use std::collections::{BTreeMap, BTreeSet};

use super::core::Metrics;
use super::types::Dial;
use crate::state::State;

/// Most voters: each one more makes every write slower and the quorum larger.
const VOTERS_MAX: usize = 7;

/// So many voters are made as soon as they have caught up.
const FOUNDERS: usize = 3;

/// A learner that lacks no more entries than this has caught up.
const CAUGHT_UP: u64 = 20;

/// One step towards the membership that the state asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// End a change of voters that a former leader left half done.
    FinishChange,
    /// Ask a node which data folder it has, then add it as learner.
    Add(u64, String),
    /// Let a learner that has caught up vote.
    Promote(u64),
    /// Give the vote of the first to the second, in one change.
    Swap(u64, u64),
    /// Take a voter's vote; it stays as learner.
    Demote(u64),
    /// Take a voter's vote and membership.
    RemoveVoter(u64),
    /// Take a learner's membership.
    RemoveLearner(u64),
    /// Have the state forget a node whose place was taken.
    Forget(u64),
    /// This node is not to lead: another one must.
    HandOver(u64),
    /// A node has moved.
    Move(u64, Dial),
}

/// What the leader has seen of the members lately.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// Members that answer, this node among them.
    pub(super) alive: BTreeSet<u64>,
    /// Learners that have been caught up for a while.
    pub(super) stable: BTreeSet<u64>,
}

/// All steps that are due, the most pressing first.
pub(super) fn steps(state: &State, metrics: &Metrics, sight: &Sight) -> Vec<Step> {
    let stored = &metrics.membership_config;
    // One change at a time: the last one must be committed.
    if stored.log_id() != metrics.committed_membership_config.log_id() {
        return Vec::new();
    }
    if stored.get_joint_config().len() > 1 {
        return vec![Step::FinishChange];
    }
    // The founder records itself first; before that the state knows nobody.
    if state.nodes.is_empty() {
        return Vec::new();
    }
    let voters: BTreeSet<u64> = stored.voter_ids().collect();
    let members: BTreeMap<u64, &Dial> = stored.nodes().map(|(id, dial)| (*id, dial)).collect();
    let round = Round { state, metrics, sight, voters: &voters };
    let mut due: Vec<Step> = round.hand_over().into_iter().collect();
    for (id, dial) in &members {
        due.extend(round.of_member(*id, dial));
    }
    for (id, record) in state.nodes.iter() {
        if !members.contains_key(id) {
            due.push(Step::Add(*id, record.raft.clone()));
        }
    }
    due
}

/// What one look at the members goes by.
struct Round<'a> {
    state: &'a State,
    metrics: &'a Metrics,
    sight: &'a Sight,
    voters: &'a BTreeSet<u64>,
}

impl Round<'_> {
    /// Another voter leads, if this node is drained, removed, or gives up its vote.
    fn hand_over(&self) -> Option<Step> {
        let own = self.metrics.id;
        let seat = self.state.roster.seat(own);
        let leaves = !self.state.nodes.contains_key(&own)
            || seat.drained
            || seat.learner
            || seat.replaced_by.is_some_and(|by| self.is_ready(by));
        if !leaves {
            return None;
        }
        let heir = self.voters.iter().find(|id| may_lead(self.state, self.sight, own, **id));
        heir.map(|heir| Step::HandOver(*heir))
    }

    /// The step that a member's seat asks for.
    fn of_member(&self, id: u64, dial: &Dial) -> Option<Step> {
        let votes = self.voters.contains(&id);
        let Some(record) = self.state.nodes.get(&id) else {
            // Itself it hands over first, and never removes itself.
            let step = if votes { Step::RemoveVoter(id) } else { Step::RemoveLearner(id) };
            return (id != self.metrics.id && (!votes || self.can_spare(id))).then_some(step);
        };
        if record.raft != dial.raft {
            let moved = Dial { raft: record.raft.clone(), data_uuid: dial.data_uuid.clone() };
            return Some(Step::Move(id, moved));
        }
        let seat = self.state.roster.seat(id);
        match seat.replaced_by {
            Some(by) if self.voters.contains(&by) => match (votes, seat.learner) {
                (true, true) => self.demote(id),
                (_, false) => (id != self.metrics.id).then_some(Step::Forget(id)),
                (false, true) => None,
            },
            Some(by) if votes => {
                (self.is_ready(by) && id != self.metrics.id).then_some(Step::Swap(id, by))
            }
            _ if votes => seat.learner.then(|| self.demote(id)).flatten(),
            _ => (!seat.learner && self.may_vote(id)).then_some(Step::Promote(id)),
        }
    }

    /// Takes a vote, unless it is this node's or is needed.
    fn demote(&self, id: u64) -> Option<Step> {
        (id != self.metrics.id && self.can_spare(id)).then_some(Step::Demote(id))
    }

    /// Whether the voters that are left without one are a majority that was heard.
    fn can_spare(&self, id: u64) -> bool {
        let rest = self.voters.iter().copied().filter(|voter| *voter != id).collect();
        has_majority(&rest, &self.sight.alive)
    }

    /// Whether a learner becomes a voter now, beside those that there are.
    fn may_vote(&self, id: u64) -> bool {
        let takes_place = self.state.roster.seats.values().any(|s| s.replaced_by == Some(id));
        let founds = self.voters.len() < FOUNDERS && has_caught_up(id, self.metrics);
        !takes_place && self.voters.len() < VOTERS_MAX && (founds || self.is_ready(id))
    }

    /// Whether a learner has been caught up for a while.
    fn is_ready(&self, id: u64) -> bool {
        self.sight.stable.contains(&id)
    }
}

/// Whether a voter may take the lead from this node.
pub(super) fn may_lead(state: &State, sight: &Sight, own: u64, id: u64) -> bool {
    let seat = state.roster.seat(id);
    let stays = state.nodes.contains_key(&id) && !seat.drained && !seat.learner;
    id != own && stays && seat.replaced_by.is_none() && sight.alive.contains(&id)
}

/// Whether those of the voters that are alive can agree on a change.
pub(super) fn has_majority(voters: &BTreeSet<u64>, alive: &BTreeSet<u64>) -> bool {
    voters.intersection(alive).count() > voters.len() / 2
}

/// Whether a learner has (nearly) all entries.
pub(super) fn has_caught_up(id: u64, metrics: &Metrics) -> bool {
    let matched = metrics.replication.as_ref().and_then(|all| all.get(&id)?.as_ref());
    matched.is_some_and(|matched| {
        matched.index + CAUGHT_UP >= metrics.last_log_index.unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::types::{LeaderId, LogId, Membership, StoredMembership};
    use crate::state::{NodeRecord, Seat};
    use std::sync::Arc;

    /// What a node 1 measures that leads these voters among these members.
    fn metrics(voters: &[&[u64]], members: &[u64]) -> Metrics {
        let dial = |id: &u64| (*id, Dial { raft: format!("n{id}:1"), data_uuid: String::new() });
        let nodes: BTreeMap<u64, Dial> = members.iter().map(dial).collect();
        let voters = voters.iter().map(|set| set.iter().copied().collect()).collect();
        let log_id = LogId { leader_id: LeaderId { term: 1, node_id: 1 }, index: 50 };
        let membership = Membership::new(voters, nodes).unwrap();
        let stored = Arc::new(StoredMembership::new(Some(log_id), membership));
        let mut metrics = Metrics::new_initial(1);
        metrics.last_log_index = Some(100);
        metrics.membership_config = Arc::clone(&stored);
        metrics.committed_membership_config = stored;
        metrics
    }

    /// The metrics, with how far a node has got.
    fn with_progress(mut metrics: Metrics, id: u64, index: u64) -> Metrics {
        let log_id = LogId { leader_id: LeaderId { term: 1, node_id: 1 }, index };
        metrics.replication = Some(BTreeMap::from([(id, Some(log_id))]));
        metrics
    }

    fn state(nodes: &[u64]) -> State {
        let record = |id: &u64| {
            let raft = format!("n{id}:1");
            (*id, NodeRecord { name: format!("n{id}"), raft, api: String::new() })
        };
        State { nodes: Arc::new(nodes.iter().map(record).collect()), ..State::default() }
    }

    /// A state whose nodes have these seats: standing by, drained, replaced by.
    fn seated(nodes: &[u64], seats: &[(u64, bool, bool, Option<u64>)]) -> State {
        let mut state = state(nodes);
        let roster = Arc::make_mut(&mut state.roster);
        for (id, learner, drained, replaced_by) in seats.iter().copied() {
            roster.seats.insert(id, Seat { learner, drained, replaced_by });
        }
        state
    }

    /// All of 1 to 8 were heard, and these learners are stable.
    fn stable(learners: &[u64]) -> Sight {
        Sight { alive: (1..=8).collect(), stable: learners.iter().copied().collect() }
    }

    /// What is due if all were heard and no learner is stable.
    fn due(state: &State, metrics: &Metrics) -> Vec<Step> {
        steps(state, metrics, &stable(&[]))
    }

    #[test]
    fn each_difference_has_its_step() {
        let seven: &[u64] = &[1, 2, 3, 4, 5, 6, 7];
        let eight: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8];
        let add = |id: u64| Step::Add(id, format!("n{id}:1"));
        let behind = |lacks: u64| with_progress(metrics(&[&[1]], &[1, 2]), 2, 100 - lacks);
        let eighth = with_progress(metrics(&[seven], eight), 8, 100);
        let half = metrics(&[&[1], &[1, 2]], &[1, 2]);
        let cases = [
            ("all as it should be", state(&[1, 2]), metrics(&[&[1, 2]], &[1, 2]), vec![]),
            ("nobody recorded yet", state(&[]), metrics(&[&[1]], &[1]), vec![]),
            ("new nodes", state(&[1, 2, 3]), metrics(&[&[1]], &[1]), vec![add(2), add(3)]),
            ("a learner without word", state(&[1, 2]), metrics(&[&[1]], &[1, 2]), vec![]),
            ("a learner far behind", state(&[1, 2]), behind(CAUGHT_UP + 1), vec![]),
            ("one caught up", state(&[1, 2]), behind(CAUGHT_UP), vec![Step::Promote(2)]),
            ("an eighth voter", state(eight), eighth, vec![]),
            ("half a change", state(&[1, 2]), half, vec![Step::FinishChange]),
            (
                "removed ones",
                state(&[1]),
                metrics(&[&[1, 2]], &[1, 2, 3]),
                vec![Step::RemoveVoter(2), Step::RemoveLearner(3)],
            ),
            (
                "the leader removed",
                state(&[2]),
                metrics(&[&[1, 2]], &[1, 2]),
                vec![Step::HandOver(2)],
            ),
        ];
        for (what, state, metrics, wanted) in cases {
            assert_eq!(due(&state, &metrics), wanted, "{what}");
        }
    }

    #[test]
    fn a_seat_has_its_step() {
        let three = || metrics(&[&[1, 2, 3]], &[1, 2, 3]);
        let four = || metrics(&[&[1, 2, 3]], &[1, 2, 3, 4]);
        let swapped = || metrics(&[&[1, 3, 4]], &[1, 2, 3, 4]);
        let all: &[u64] = &[1, 2, 3, 4];
        let leads_not = (1, false, true, None);
        let cases = [
            ("demoted", seated(all, &[(2, true, false, None)]), four(), vec![Step::Demote(2)]),
            ("a fourth, not stable", state(all), with_progress(four(), 4, 100), vec![]),
            ("stands by", seated(all, &[(4, true, false, None)]), four(), vec![]),
            ("replaced, too early", seated(all, &[(2, false, false, Some(4))]), four(), vec![]),
            (
                "replaced and out",
                seated(all, &[(2, false, false, Some(4))]),
                swapped(),
                vec![Step::Forget(2)],
            ),
            ("stood in for", seated(all, &[(2, true, false, Some(4))]), swapped(), vec![]),
            (
                "replaced by another voter",
                seated(&[1, 2, 3], &[(2, false, false, Some(3))]),
                three(),
                vec![Step::Forget(2)],
            ),
            ("the leader drained", seated(all, &[leads_not]), four(), vec![Step::HandOver(2)]),
            (
                "all but one drained",
                seated(all, &[leads_not, (2, false, true, None)]),
                four(),
                vec![Step::HandOver(3)],
            ),
            (
                "all drained",
                seated(&[1, 2, 3], &[leads_not, (2, false, true, None), (3, false, true, None)]),
                three(),
                vec![],
            ),
            (
                "the leader demoted",
                seated(&[1, 2, 3], &[(1, true, false, None)]),
                three(),
                vec![Step::HandOver(2)],
            ),
        ];
        for (what, state, metrics, wanted) in cases {
            assert_eq!(due(&state, &metrics), wanted, "{what}");
        }
    }

    #[test]
    fn a_learner_that_is_stable_votes_or_takes_the_place_that_it_is_meant_for() {
        let all: &[u64] = &[1, 2, 3, 4];
        let four = || metrics(&[&[1, 2, 3]], all);
        assert_eq!(steps(&state(all), &four(), &stable(&[4])), vec![Step::Promote(4)]);
        let replaced = seated(all, &[(2, false, false, Some(4))]);
        assert_eq!(steps(&replaced, &four(), &stable(&[4])), vec![Step::Swap(2, 4)]);
        let leads = seated(all, &[(1, false, false, Some(4))]);
        assert_eq!(steps(&leads, &four(), &stable(&[4])), vec![Step::HandOver(2)]);
    }

    #[test]
    fn no_vote_is_taken_that_the_majority_needs() {
        let sight = |alive: &[u64]| Sight { alive: alive.iter().copied().collect(), ..stable(&[]) };
        let three = metrics(&[&[1, 2, 3]], &[1, 2, 3]);
        for state in [seated(&[1, 2, 3], &[(2, true, false, None)]), state(&[1, 3])] {
            assert_eq!(steps(&state, &three, &sight(&[1, 2])), vec![], "3 was not heard");
            assert_eq!(steps(&state, &three, &sight(&[1, 3])).len(), 1, "2 is the silent one");
        }
    }

    #[test]
    fn nothing_is_done_while_the_last_change_is_not_committed() {
        let mut metrics = metrics(&[&[1]], &[1]);
        metrics.committed_membership_config = Arc::new(StoredMembership::default());
        assert_eq!(due(&state(&[1, 2]), &metrics), vec![]);
    }

    #[test]
    fn a_node_that_moved_keeps_its_data_folder() {
        let mut state = state(&[1, 2]);
        Arc::make_mut(&mut state.nodes).get_mut(&2).unwrap().raft = "elsewhere:1".to_owned();
        let dial = Dial { raft: "elsewhere:1".to_owned(), data_uuid: String::new() };
        assert_eq!(due(&state, &metrics(&[&[1, 2]], &[1, 2])), vec![Step::Move(2, dial)]);
    }
}
