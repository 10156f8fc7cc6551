//! Brings Raft's membership to what the agreed state says of the nodes; only the leader does it.
//!
//! One step at a time (see `steps`), each guarded by the membership that it was thought out for: a
//! second leader or a second round cannot add a node twice or overtake another change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::{ChangeMembers, Instant as _, Precondition, ServerState};
use reqwest::{Method, StatusCode};
use tokio::time::{Instant, timeout};

use super::autopilot::Autopilot;
use super::core::{Core, Metrics};
use super::messenger::Lane;
use super::steps::{Sight, Step, has_caught_up, steps};
use super::types::{Dial, Raft};
use crate::state::Command;
use crate::state::command::RemoveNode;

/// How long a node that is to be added may take to say hello.
const HELLO: Duration = Duration::from_secs(2);

/// How long a step may take to be agreed before the leader looks again at what is due.
const STEP: Duration = Duration::from_secs(10);

/// How often the leader looks what is due; a change of state or status wakes it at once.
const ROUND: Duration = Duration::from_millis(500);

/// Runs until the node closes; idle while another node leads.
pub(crate) async fn run(core: Arc<Core>) {
    let mut state = core.view.watch_state();
    let mut status = core.status.subscribe();
    let mut watch = Watch::default();
    while !*core.closing.borrow() {
        state.mark_unchanged();
        status.mark_unchanged();
        match (core.metrics(), core.raft()) {
            (Some(metrics), Some(raft)) if metrics.state == ServerState::Leader => {
                let sight = watch.look(&core, &metrics);
                core.reconcile(&raft, &metrics, &sight).await;
                watch.autopilot.round(&core, &metrics, &sight).await;
            }
            _ => watch = Watch::default(),
        }
        tokio::select! {
            () = tokio::time::sleep(ROUND) => {}
            _ = state.changed() => {}
            _ = status.changed() => {}
            () = core.closed() => {}
        }
    }
}

/// What the leader remembers from round to round; a new leader begins anew.
#[derive(Default)]
struct Watch {
    /// Since when each learner has been caught up.
    caught_up: BTreeMap<u64, Instant>,
    autopilot: Autopilot,
}

impl Watch {
    /// Looks at the members.
    fn look(&mut self, core: &Core, metrics: &Metrics) -> Sight {
        let alive = core.alive(metrics);
        let voters: BTreeSet<u64> = metrics.membership_config.voter_ids().collect();
        let learners = metrics.membership_config.nodes().map(|(id, _)| *id);
        let learners = learners.filter(|id| !voters.contains(id));
        let now: BTreeSet<u64> =
            learners.filter(|id| alive.contains(id) && has_caught_up(*id, metrics)).collect();
        self.caught_up.retain(|id, _| now.contains(id));
        for id in now {
            self.caught_up.entry(id).or_insert_with(Instant::now);
        }
        let stable = self.caught_up.iter();
        let stable = stable.filter(|(_, since)| since.elapsed() >= core.timers.stable());
        Sight { alive, stable: stable.map(|(id, _)| *id).collect() }
    }
}

impl Core {
    /// The members that answered lately, as the leader knows it; itself among them.
    pub(super) fn alive(&self, metrics: &Metrics) -> BTreeSet<u64> {
        let heard = metrics.heartbeat.iter().flatten();
        let patience = self.timers.election() * 2;
        let heard = heard.filter(|(_, at)| at.is_some_and(|at| at.elapsed() < patience));
        heard.map(|(id, _)| *id).chain([metrics.id]).collect()
    }

    /// Takes the first step that works; an unreachable new node does not hold up the others.
    async fn reconcile(self: &Arc<Self>, raft: &Raft, metrics: &Metrics, sight: &Sight) {
        for step in steps(&self.view.state(), metrics, sight) {
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
    async fn take(
        self: &Arc<Self>,
        step: Step,
        raft: &Raft,
        metrics: &Metrics,
    ) -> Result<(), String> {
        let (change, retain) = match step {
            Step::Add(id, address) => {
                let data_uuid = self.ask_hello(id, &address).await?;
                let dial = Dial { raft: address, data_uuid };
                (ChangeMembers::AddNodes(BTreeMap::from([(id, dial)])), true)
            }
            Step::FinishChange => (ChangeMembers::AddVoterIds(BTreeSet::new()), true),
            Step::Promote(id) => (ChangeMembers::AddVoterIds(BTreeSet::from([id])), true),
            Step::Swap(from, to) => {
                let voters = metrics.membership_config.voter_ids().filter(|id| *id != from);
                (ChangeMembers::ReplaceAllVoters(voters.chain([to]).collect()), true)
            }
            Step::Demote(id) => (ChangeMembers::RemoveVoters(BTreeSet::from([id])), true),
            Step::RemoveVoter(id) => (ChangeMembers::RemoveVoters(BTreeSet::from([id])), false),
            Step::RemoveLearner(id) => (ChangeMembers::RemoveNodes(BTreeSet::from([id])), false),
            Step::Move(id, dial) => (ChangeMembers::SetNodes(BTreeMap::from([(id, dial)])), true),
            Step::Forget(id) => {
                self.command(Command::RemoveNode(RemoveNode { id }), "replaced").await;
                return Ok(());
            }
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
