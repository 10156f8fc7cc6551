//! Brings Raft's membership to what the agreed state says of the nodes; only the leader does it.
//!
//! ```text
//!  a node in the state ---- hello ---> learner ---- caught up ---> voter (seven at most)
//!  no node in the state any more ---> no voter ---> no member
//! ```
//!
//! One step at a time, each guarded by the membership that it was thought out for: a second
//! leader or a second round cannot add a node twice or overtake another change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::{ChangeMembers, Precondition, ServerState};
use reqwest::{Method, StatusCode};
use tokio::time::timeout;

use super::core::{Core, Metrics};
use super::messenger::Lane;
use super::types::{Dial, Raft};
use crate::state::State;

/// Most voters: each one more makes every write slower and the quorum larger.
const VOTERS_MAX: usize = 7;

/// A learner that lacks no more entries than this becomes a voter.
const CAUGHT_UP: u64 = 20;

/// How long a node that is to be added may take to say hello.
const HELLO: Duration = Duration::from_secs(2);

/// How long a step may take to be agreed before the leader looks again at what is due.
const STEP: Duration = Duration::from_secs(10);

/// How often the leader looks what is due; a change of state or status wakes it at once.
const ROUND: Duration = Duration::from_millis(500);

/// One step towards the membership that the state asks for.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// End a change of voters that a former leader left half done.
    FinishChange,
    /// Ask a node which data folder it has, then add it as learner.
    Add(u64, String),
    /// Let a learner that has caught up vote.
    Promote(u64),
    /// Take a voter's vote and membership.
    RemoveVoter(u64),
    /// Take a learner's membership.
    RemoveLearner(u64),
    /// This node was removed: another one must lead.
    HandOver(u64),
    /// A node has moved.
    Move(u64, Dial),
}

/// All steps that are due, the most pressing first.
fn steps(state: &State, metrics: &Metrics) -> Vec<Step> {
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
    let mut due = Vec::new();
    for (id, dial) in &members {
        match state.nodes.get(id) {
            None if *id == metrics.id => {
                let heir = voters.iter().find(|voter| state.nodes.contains_key(voter));
                due.extend(heir.map(|heir| Step::HandOver(*heir)));
            }
            None if voters.contains(id) => due.push(Step::RemoveVoter(*id)),
            None => due.push(Step::RemoveLearner(*id)),
            Some(record) if record.raft != dial.raft => {
                let moved = Dial { raft: record.raft.clone(), data_uuid: dial.data_uuid.clone() };
                due.push(Step::Move(*id, moved));
            }
            Some(_) if !voters.contains(id) => {
                if voters.len() < VOTERS_MAX && has_caught_up(*id, metrics) {
                    due.push(Step::Promote(*id));
                }
            }
            Some(_) => {}
        }
    }
    for (id, record) in state.nodes.iter() {
        if !members.contains_key(id) {
            due.push(Step::Add(*id, record.raft.clone()));
        }
    }
    due
}

/// Whether a learner has (nearly) all entries.
fn has_caught_up(id: u64, metrics: &Metrics) -> bool {
    let matched = metrics.replication.as_ref().and_then(|all| all.get(&id)?.as_ref());
    matched.is_some_and(|matched| {
        matched.index + CAUGHT_UP >= metrics.last_log_index.unwrap_or(u64::MAX)
    })
}

/// Runs until the node closes; idle while another node leads.
pub(crate) async fn run(core: Arc<Core>) {
    let mut state = core.view.watch_state();
    let mut status = core.status.subscribe();
    while !*core.closing.borrow() {
        state.mark_unchanged();
        status.mark_unchanged();
        if let (Some(metrics), Some(raft)) = (core.metrics(), core.raft())
            && metrics.state == ServerState::Leader
        {
            core.reconcile(&raft, &metrics).await;
        }
        tokio::select! {
            () = tokio::time::sleep(ROUND) => {}
            _ = state.changed() => {}
            _ = status.changed() => {}
            () = core.closed() => {}
        }
    }
}

impl Core {
    /// Takes the first step that works; an unreachable new node does not hold up the others.
    async fn reconcile(&self, raft: &Raft, metrics: &Metrics) {
        for step in steps(&self.view.state(), metrics) {
            let told = format!("{step:?}");
            let taken = tokio::select! {
                taken = timeout(STEP, self.take(step, raft, metrics)) => {
                    taken.unwrap_or_else(|_| Err("it was not agreed in time".to_owned()))
                }
                () = self.closed() => return,
            };
            match taken {
                Ok(()) => {
                    tracing::info!(step = told, "the membership has changed");
                    return;
                }
                Err(why) => tracing::debug!(step = told, %why, "the membership has not changed"),
            }
        }
    }

    /// Takes one step.
    async fn take(&self, step: Step, raft: &Raft, metrics: &Metrics) -> Result<(), String> {
        let (change, retain) = match step {
            Step::Add(id, address) => {
                let data_uuid = self.ask_hello(id, &address).await?;
                let dial = Dial { raft: address, data_uuid };
                (ChangeMembers::AddNodes(BTreeMap::from([(id, dial)])), true)
            }
            Step::FinishChange => (ChangeMembers::AddVoterIds(BTreeSet::new()), true),
            Step::Promote(id) => (ChangeMembers::AddVoterIds(BTreeSet::from([id])), true),
            Step::RemoveVoter(id) => (ChangeMembers::RemoveVoters(BTreeSet::from([id])), false),
            Step::RemoveLearner(id) => (ChangeMembers::RemoveNodes(BTreeSet::from([id])), false),
            Step::Move(id, dial) => (ChangeMembers::SetNodes(BTreeMap::from([(id, dial)])), true),
            Step::HandOver(to) => {
                return raft.trigger().transfer_leader(to).await.map_err(|e| e.to_string());
            }
        };
        let guard = Precondition::LastMembershipLogId {
            last_membership_log_id: *metrics.membership_config.log_id(),
        };
        raft.change_membership_if(change, retain, [guard])
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// Asks a node which data folder it has.
    async fn ask_hello(&self, id: u64, address: &str) -> Result<String, String> {
        self.book.set(id, address);
        let route = (Method::GET, "/cluster/v1/hello");
        match self.messenger.call(Lane::Log, route, (id, ""), "", HELLO).await {
            Ok((StatusCode::OK, body)) => Ok(String::from_utf8_lossy(&body).into_owned()),
            Ok((status, _)) => Err(format!("node {id} answered {status}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::types::{LeaderId, LogId, Membership, StoredMembership};
    use crate::state::NodeRecord;

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

    #[test]
    fn each_difference_has_its_step() {
        let seven: &[u64] = &[1, 2, 3, 4, 5, 6, 7];
        let eight: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8];
        let add = |id: u64| Step::Add(id, format!("n{id}:1"));
        let cases = [
            ("all as it should be", state(&[1, 2]), metrics(&[&[1, 2]], &[1, 2]), vec![]),
            ("nobody recorded yet", state(&[]), metrics(&[&[1]], &[1]), vec![]),
            ("new nodes", state(&[1, 2, 3]), metrics(&[&[1]], &[1]), vec![add(2), add(3)]),
            ("a learner without word", state(&[1, 2]), metrics(&[&[1]], &[1, 2]), vec![]),
            (
                "a learner far behind",
                state(&[1, 2]),
                with_progress(metrics(&[&[1]], &[1, 2]), 2, 100 - CAUGHT_UP - 1),
                vec![],
            ),
            (
                "a learner that has caught up",
                state(&[1, 2]),
                with_progress(metrics(&[&[1]], &[1, 2]), 2, 100 - CAUGHT_UP),
                vec![Step::Promote(2)],
            ),
            (
                "an eighth voter",
                state(eight),
                with_progress(metrics(&[seven], eight), 8, 100),
                vec![],
            ),
            (
                "half a change",
                state(&[1, 2]),
                metrics(&[&[1], &[1, 2]], &[1, 2]),
                vec![Step::FinishChange],
            ),
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
            assert_eq!(steps(&state, &metrics), wanted, "{what}");
        }
    }

    #[test]
    fn nothing_is_done_while_the_last_change_is_not_committed() {
        let mut metrics = metrics(&[&[1]], &[1]);
        metrics.committed_membership_config = Arc::new(StoredMembership::default());
        assert_eq!(steps(&state(&[1, 2]), &metrics), vec![]);
    }

    #[test]
    fn a_node_that_moved_keeps_its_data_folder() {
        let mut state = state(&[1, 2]);
        Arc::make_mut(&mut state.nodes).get_mut(&2).unwrap().raft = "elsewhere:1".to_owned();
        let dial = Dial { raft: "elsewhere:1".to_owned(), data_uuid: String::new() };
        assert_eq!(steps(&state, &metrics(&[&[1, 2]], &[1, 2])), vec![Step::Move(2, dial)]);
    }
}
