//! What the leader does unasked: ends of overrides, silent vantages; and what each node records.

use std::sync::Arc;
use std::time::Duration;

use openraft::{Instant as _, ServerState};
use tokio::time::Instant;

use super::core::{Core, Metrics};
use super::propose::Origin;
use super::types::Raft;
use crate::state::Command;
use crate::state::NodeRecord;
use crate::state::command::{ExpireVantage, PassTime, PutNode};

/// How often the leader looks around; a change of state or status wakes it at once.
const ROUND: Duration = Duration::from_millis(500);

/// How long a node may be silent before its verdicts count no more.
const VANTAGE_SILENCE: Duration = Duration::from_secs(15);

/// How long a command of the leader's own may take.
const OWN_COMMAND: Duration = Duration::from_secs(5);

/// Runs until the node closes; idle while another node leads.
pub(crate) async fn run(core: Arc<Core>) {
    let mut state = core.view.watch_state();
    let mut status = core.status.subscribe();
    let mut leads_since: Option<Instant> = None;
    while !*core.closing.borrow() {
        state.mark_unchanged();
        status.mark_unchanged();
        core.learn_addresses();
        core.time.learn(core.view.state().time_ms, Instant::now());
        let metrics = core.metrics();
        match (&metrics, core.raft()) {
            (Some(metrics), Some(raft)) if metrics.state == ServerState::Leader => {
                core.hand_over_if_halted(&raft, metrics).await;
                let since = *leads_since.get_or_insert_with(Instant::now);
                core.record_itself().await;
                core.record_founders().await;
                core.end_what_has_expired().await;
                if since.elapsed() > VANTAGE_SILENCE + core.timers.election() {
                    core.drop_silent_vantages(metrics).await;
                }
            }
            (Some(metrics), _) => {
                leads_since = None;
                if metrics.current_leader.is_some() {
                    core.record_itself().await;
                }
            }
            (None, _) => leads_since = None,
        }
        let round = core.next_round();
        tokio::select! {
            () = tokio::time::sleep(round) => {}
            _ = state.changed() => {}
            _ = status.changed() => {}
            () = core.closed() => {}
        }
    }
}

impl Core {
    /// Lets another node lead, if this one met a command that it does not know.
    async fn hand_over_if_halted(&self, raft: &Raft, metrics: &Metrics) {
        if self.view.halted().is_some()
            && let Some(heir) = metrics.membership_config.voter_ids().find(|id| *id != metrics.id)
        {
            let _ = raft.trigger().transfer_leader(heir).await;
        }
    }

    /// Takes down where the nodes are by the agreed state.
    fn learn_addresses(&self) {
        for (id, record) in self.view.state().nodes.iter() {
            if *id != self.identity.node_id {
                self.book.set(*id, &record.raft);
            }
        }
    }

    /// What a command would be stamped with by what is known of the clocks.
    fn now_ms(&self) -> u64 {
        self.time.stamp(self.view.state().time_ms, Instant::now())
    }

    /// Until when nothing is due that the passing of time brings about.
    fn next_round(&self) -> Duration {
        match self.view.state().next_expiry() {
            Some(at) => ROUND.min(Duration::from_millis(at.saturating_sub(self.now_ms()).max(10))),
            None => ROUND,
        }
    }

    /// Records this node's name and addresses, if the state says otherwise.
    ///
    /// The founder is the first to be recorded; any other node must have been added before.
    async fn record_itself(self: &Arc<Self>) {
        let own = NodeRecord {
            name: self.identity.name.clone(),
            raft: self.advertise.clone(),
            api: self.api.clone(),
        };
        let (state, id) = (self.view.state(), self.identity.node_id);
        let due = match state.nodes.get(&id) {
            Some(record) => *record != own,
            None => state.nodes.is_empty() && self.identity.founder,
        };
        if due {
            let actor = format!("node {}", self.identity.name);
            self.command(Command::PutNode(PutNode { id, record: own }), &actor).await;
        }
    }

    /// Records the nodes that the cluster begins with; the leader then takes them in as they appear.
    ///
    /// Only numbers that nobody ever had: one that was removed does not come back.
    async fn record_founders(self: &Arc<Self>) {
        if !self.view.state().nodes.contains_key(&self.identity.node_id) {
            return;
        }
        for founder in &self.identity.founders {
            if founder.id > self.view.state().last_node_id {
                let (name, raft) = (founder.name.clone(), founder.raft.clone());
                let record = NodeRecord { name, raft, api: founder.api.clone() };
                let actor = format!("node {}", self.identity.name);
                self.command(Command::PutNode(PutNode { id: founder.id, record }), &actor).await;
            }
        }
    }

    /// Lets time pass in the state, if an override has ended.
    async fn end_what_has_expired(self: &Arc<Self>) {
        let state = self.view.state();
        if state.next_expiry().is_some_and(|at| at <= self.now_ms()) {
            self.command(Command::PassTime(PassTime {}), "leader").await;
        }
    }

    /// Drops the verdicts of nodes that the leader has not heard for long.
    ///
    /// The command says which report was the last one: if the node has spoken since, it is void.
    async fn drop_silent_vantages(self: &Arc<Self>, metrics: &Metrics) {
        let state = self.view.state();
        for (node, vantage) in &state.health.vantages {
            if !vantage.live || *node == metrics.id {
                continue;
            }
            let heard = metrics.heartbeat.as_ref().and_then(|all| all.get(node)?.as_ref());
            if heard.is_some_and(|at| at.elapsed() < VANTAGE_SILENCE) {
                continue;
            }
            let (node, incarnation, seq) = (*node, vantage.incarnation, vantage.seq);
            let expire = ExpireVantage { node, incarnation, seq };
            self.command(Command::ExpireVantage(expire), "leader").await;
        }
    }

    /// Proposes a command of the node's own.
    pub(super) async fn command(self: &Arc<Self>, command: Command, actor: &str) {
        let what = command.summary();
        if let Err(error) = self.propose(command, Origin::new(actor), OWN_COMMAND).await {
            tracing::warn!(what, %error, "a command of the node's own did not go through");
        }
    }
}
