//! What the leader refuses because the members that are left could not agree any more.

use std::collections::BTreeSet;
use std::time::Duration;

use openraft::ServerState;
use tokio::time::{Instant, sleep};

use super::core::Core;
use super::steps::{Sight, has_majority, may_lead};
use crate::state::{Command, RefusalCode, Reply, State};

/// How often a new leader looks whether it has heard of the others by now.
const LOOK: Duration = Duration::from_millis(50);

impl Core {
    /// Refuses a command that would leave too few voters; a new leader first hears of the others.
    pub(super) async fn guard_majority(&self, command: &Command) -> Result<(), Reply> {
        let deadline = Instant::now() + self.timers.election();
        loop {
            let Some(metrics) = self.metrics() else { return Ok(()) };
            if metrics.state != ServerState::Leader {
                return Ok(());
            }
            let voters = metrics.membership_config.voter_ids().collect();
            let alive = self.alive(&metrics);
            match check(command, &self.view.state(), &voters, alive) {
                Err(why) if Instant::now() >= deadline => {
                    return Err(Reply::refused(RefusalCode::Conflict, why));
                }
                Err(_) => sleep(LOOK).await,
                Ok(()) => return Ok(()),
            }
        }
    }
}

/// Why a command would leave too few voters, if it would.
fn check(
    command: &Command,
    state: &State,
    voters: &BTreeSet<u64>,
    alive: BTreeSet<u64>,
) -> Result<(), String> {
    let (id, drains) = match command {
        Command::RemoveNode(remove) => (remove.id, false),
        Command::SetSeat(set) if set.learner == Some(true) && set.replaced_by.is_none() => {
            (set.id, false)
        }
        Command::SetSeat(set) if set.drained == Some(true) => (set.id, true),
        _ => return Ok(()),
    };
    if !voters.contains(&id) {
        return Ok(());
    }
    let name = |id: &u64| state.nodes.get(id).map_or_else(|| id.to_string(), |r| r.name.clone());
    if drains {
        let sight = Sight { alive, stable: BTreeSet::new() };
        if voters.iter().any(|heir| may_lead(state, &sight, id, *heir)) {
            return Ok(());
        }
        return Err(format!(
            "no other voter could lead if {} were drained: end another drain first, or bring back \
             the voters that are silent",
            name(&id)
        ));
    }
    // Others that are on their way out already do not count.
    let stays = |voter: &&u64| {
        **voter != id && state.nodes.contains_key(voter) && !state.roster.seat(**voter).learner
    };
    let rest: BTreeSet<u64> = voters.iter().filter(stays).copied().collect();
    if has_majority(&rest, &alive) {
        return Ok(());
    }
    if rest.is_empty() {
        return Err(format!("{} is the last voter: add another one first", name(&id)));
    }
    let silent: Vec<String> = rest.difference(&alive).map(name).collect();
    Err(format!(
        "without {} there would be {} voters, of which {} must be heard to agree on anything, and {} \
         is silent: bring it back, or remove it first",
        name(&id),
        rest.len(),
        rest.len() / 2 + 1,
        silent.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::command::{RemoveNode, SetSeat};
    use crate::state::{NodeRecord, Seat};
    use std::sync::Arc;

    fn state(seats: &[(u64, Seat)]) -> State {
        let record = |id: u64| {
            let name = format!("n{id}");
            (id, NodeRecord { name, raft: String::new(), api: String::new() })
        };
        let mut state =
            State { nodes: Arc::new((1..=3).map(record).collect()), ..State::default() };
        Arc::make_mut(&mut state.roster).seats.extend(seats.iter().copied());
        state
    }

    #[test]
    fn what_the_majority_needs_is_refused_with_the_reason() {
        let remove = |id| Command::RemoveNode(RemoveNode { id });
        let seat = |id, learner, drained| {
            let reason = String::new();
            Command::SetSeat(SetSeat { id, learner, drained, replaced_by: None, reason })
        };
        let demote = |id| seat(id, Some(true), None);
        let drain = |id| seat(id, None, Some(true));
        let drained = Seat { drained: true, ..Seat::default() };
        let standby = Seat { learner: true, ..Seat::default() };
        let (three, two, one): (&[u64], &[u64], &[u64]) = (&[1, 2, 3], &[1, 2], &[1]);
        let cases = [
            ("one of three", remove(2), state(&[]), three, three, None),
            ("the silent one", remove(3), state(&[]), three, two, None),
            ("a needed one", remove(2), state(&[]), three, two, Some("n3 is silent")),
            ("a needed one demoted", demote(2), state(&[]), three, two, Some("n3 is silent")),
            ("one of two", remove(2), state(&[]), two, two, None),
            ("the last", demote(1), state(&[]), one, one, Some("n1 is the last voter")),
            ("the last wanted", remove(1), state(&[(2, standby)]), two, two, Some("last voter")),
            ("no voter", remove(3), state(&[]), two, two, None),
            ("drained", drain(1), state(&[]), three, three, None),
            ("the leader stays", drain(2), state(&[(3, drained)]), three, three, None),
            ("all drained", drain(1), state(&[(2, drained)]), two, two, Some("could lead")),
            ("alone", drain(1), state(&[]), one, one, Some("no other voter could lead")),
        ];
        for (what, command, state, voters, alive, wanted) in cases {
            let set = |ids: &[u64]| ids.iter().copied().collect();
            let got = check(&command, &state, &set(voters), set(alive));
            match wanted {
                None => assert_eq!(got, Ok(()), "{what}"),
                Some(why) => assert!(got.clone().unwrap_err().contains(why), "{what}: {got:?}"),
            }
        }
    }
}
