//! Autopilot: a learner that stands by takes the vote of a voter that is dead.
//!
//! It acts only if all of this holds: it is switched on; one voter has been silent for the declared
//! time while this node led; the other voters are a majority that was heard; a learner that an
//! operator lets stand by, and that is not drained, is caught up and stable. It acts at most once in
//! ten minutes, and never makes the voters fewer. The dead node stays a member: when it is back it
//! stands by in its turn.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use openraft::Instant as _;
use tokio::time::Instant;

use super::core::{Core, Metrics};
use super::steps::{Sight, has_majority};
use crate::state::command::SetSeat;
use crate::state::{Command, State};

/// Once it has acted it waits this long, so that one bad hour does not exhaust what stands by.
const PAUSE: Duration = Duration::from_secs(600);

/// What the leader remembers of its part as autopilot.
#[derive(Debug)]
pub(super) struct Autopilot {
    leads_since: Instant,
    acted: Option<Instant>,
}

impl Default for Autopilot {
    fn default() -> Self {
        Self { leads_since: Instant::now(), acted: None }
    }
}

impl Autopilot {
    /// Looks whether a dead voter is to be replaced, and has it agreed.
    pub(super) async fn round(&mut self, core: &Arc<Core>, metrics: &Metrics, sight: &Sight) {
        if self.acted.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        let state = core.view.state();
        let patience = Duration::from_millis(state.roster.dead_ms());
        let silent = |id: u64| {
            let heard = metrics.heartbeat.as_ref().and_then(|all| all.get(&id)?.as_ref());
            let led = self.leads_since.elapsed();
            heard.map_or(led, |at| at.elapsed().min(led)) >= patience
        };
        let voters: BTreeSet<u64> = metrics.membership_config.voter_ids().collect();
        let dead = voters.difference(&sight.alive).copied().filter(|id| silent(*id)).collect();
        let Some((dead, spare)) = choose(&state, &voters, &dead, sight) else { return };
        self.acted = Some(Instant::now());
        let minutes = patience.as_secs_f64() / 60.0;
        let set = SetSeat {
            id: dead,
            learner: Some(true),
            drained: None,
            replaced_by: Some(spare),
            reason: format!("node {dead} was not heard for {minutes:.1} min"),
        };
        tracing::warn!(dead, spare, "autopilot has a node stand in for a dead voter");
        core.command(Command::SetSeat(set), "autopilot").await;
    }
}

/// The dead voter and the learner that takes its vote, if everything allows it.
fn choose(
    state: &State,
    voters: &BTreeSet<u64>,
    dead: &BTreeSet<u64>,
    sight: &Sight,
) -> Option<(u64, u64)> {
    let dead = *dead.first()?;
    let rest: BTreeSet<u64> = voters.iter().copied().filter(|id| *id != dead).collect();
    let seat = state.roster.seat(dead);
    let open = state.nodes.contains_key(&dead) && !seat.learner && seat.replaced_by.is_none();
    if state.roster.autopilot_off || voters.len() < 3 || !open {
        return None;
    }
    let stands_by = |id: &&u64| {
        let seat = state.roster.seat(**id);
        state.nodes.contains_key(*id) && seat.learner && !seat.drained
    };
    let free = |id: &&u64| !voters.contains(*id) && state.roster.seat(**id).replaced_by.is_none();
    let spare = sight.stable.iter().filter(stands_by).find(free)?;
    has_majority(&rest, &sight.alive).then_some((dead, *spare))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{NodeRecord, Seat};

    /// Nodes 1 to 5, of which 4 and 5 stand by.
    fn state() -> State {
        let record = |id: u64| {
            let name = format!("n{id}");
            (id, NodeRecord { name, raft: String::new(), api: String::new() })
        };
        let mut state =
            State { nodes: Arc::new((1..=5).map(record).collect()), ..State::default() };
        for id in [4, 5] {
            let seat = Seat { learner: true, ..Seat::default() };
            Arc::make_mut(&mut state.roster).seats.insert(id, seat);
        }
        state
    }

    fn set<const N: usize>(ids: [u64; N]) -> BTreeSet<u64> {
        ids.into_iter().collect()
    }

    #[test]
    fn a_dead_voter_is_replaced_only_if_everything_allows_it() {
        let with = |change: &dyn Fn(&mut crate::state::Roster)| {
            let mut state = state();
            change(Arc::make_mut(&mut state.roster));
            state
        };
        let seat = |id: u64, seat: Seat| with(&move |r| r.seats.extend([(id, seat)]));
        let drained = Seat { learner: true, drained: true, replaced_by: None };
        let leaves = Seat { replaced_by: Some(2), ..Seat::default() };
        let plain = Sight { alive: set([1, 2, 4, 5]), stable: set([4, 5]) };
        let alone = Sight { alive: set([1, 4, 5]), stable: set([4, 5]) };
        let fresh = Sight { alive: set([1, 2, 4, 5]), stable: set([]) };
        let three = set([1, 2, 3]);
        let cases = [
            ("all is well", state(), &three, set([]), &plain, None),
            ("one is dead", state(), &three, set([3]), &plain, Some((3, 4))),
            ("the first is drained", seat(4, drained), &three, set([3]), &plain, Some((3, 5))),
            (
                "one votes by itself",
                seat(4, Seat::default()),
                &three,
                set([3]),
                &plain,
                Some((3, 5)),
            ),
            ("none is stable", state(), &three, set([3]), &fresh, None),
            ("no majority was heard", state(), &three, set([3]), &alone, None),
            ("too few voters", state(), &set([1, 3]), set([3]), &plain, None),
            ("already replaced", seat(3, leaves), &three, set([3]), &plain, None),
            ("off", with(&|r| r.autopilot_off = true), &three, set([3]), &plain, None),
        ];
        for (what, state, voters, dead, sight, wanted) in cases {
            assert_eq!(choose(&state, voters, &dead, sight), wanted, "{what}");
        }
    }
}
