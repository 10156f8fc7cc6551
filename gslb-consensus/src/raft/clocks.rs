//! The leader reads the other voters' clocks, and hands over if its own is the one that is wrong.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use openraft::ServerState;
use reqwest::{Method, StatusCode};
use tokio::time::Instant;

use super::core::{Core, Metrics};
use super::messenger::Lane;
use super::steps::{Sight, may_lead};
use super::timekeeper::Verdict;

/// How often the leader reads the other clocks.
const ROUND: Duration = Duration::from_secs(2);

/// How long a leader that has handed over in vain waits before it tries again.
const AGAIN: Duration = Duration::from_secs(10);

/// Runs until the node closes; idle while another node leads.
pub(crate) async fn run(core: Arc<Core>) {
    let mut status = core.status.subscribe();
    let mut handed: Option<Instant> = None;
    while !*core.closing.borrow() {
        status.mark_unchanged();
        match core.metrics().filter(|metrics| metrics.state == ServerState::Leader) {
            Some(metrics) => {
                let turn = core.time.turn.lock().await;
                let verdict = core.read_clocks(&metrics).await;
                drop(turn);
                core.refresh_status();
                if let Verdict::Apart(nearest) = verdict
                    && handed.is_none_or(|at| at.elapsed() >= AGAIN)
                {
                    handed = Some(Instant::now());
                    core.distrust_own_clock(nearest, &metrics).await;
                }
                core.rest(ROUND).await;
            }
            None => {
                handed = None;
                core.time.rest();
                core.refresh_status();
                tokio::select! {
                    _ = status.changed() => {}
                    () = core.closed() => {}
                }
            }
        }
    }
}

impl Core {
    /// The stamp of a command that this node is about to propose as the leader.
    pub(super) async fn stamp(&self) -> u64 {
        if !self.time.is_settled(Instant::now()) {
            let _turn = self.time.turn.lock().await;
            if let Some(metrics) = self.metrics()
                && !self.time.is_settled(Instant::now())
            {
                self.read_clocks(&metrics).await;
            }
        }
        let agreed_ms = self.view.state().time_ms;
        self.time.learn(agreed_ms, Instant::now());
        self.time.stamp(agreed_ms, Instant::now())
    }

    /// Reads the clocks of the other voters, all at once, and judges this node's by them.
    async fn read_clocks(&self, metrics: &Metrics) -> Verdict {
        let voters: BTreeSet<u64> = metrics.membership_config.voter_ids().collect();
        let others = voters.iter().filter(|id| **id != metrics.id);
        join_all(others.map(|id| self.read_clock(*id))).await;
        self.time.judge(metrics.id, &voters, Instant::now())
    }

    /// Takes down what another node's clock shows, to half a round trip.
    async fn read_clock(&self, id: u64) {
        let (asked, route) = (Instant::now(), (Method::GET, "/cluster/v1/clock"));
        let within = self.timers.heartbeat() * 2;
        let answer = self.messenger.call(Lane::Urgent, route, (id, ""), "", within).await;
        let Ok((StatusCode::OK, body)) = answer else { return };
        let half = i64::try_from(asked.elapsed().as_millis() / 2);
        if let (Ok(theirs), Ok(half)) = (String::from_utf8_lossy(&body).parse::<i64>(), half) {
            self.time.read(id, theirs.saturating_add(half), Instant::now());
        }
    }

    /// Says that this node's clock is apart, and lets another node lead if one of them is right.
    async fn distrust_own_clock(&self, nearest: Option<u64>, metrics: &Metrics) {
        let apart_s = self.time.apart_s().get(&metrics.id).copied().unwrap_or(0);
        tracing::error!(
            apart_s,
            "this node's clock is not that of the other voters: agreed time goes on without it. \
             Set the clock (chronyc tracking, timedatectl)"
        );
        let sight = Sight { alive: self.alive(metrics), ..Sight::default() };
        let (state, raft) = (self.view.state(), self.raft());
        if let (Some(heir), Some(raft)) = (nearest, raft)
            && may_lead(&state, &sight, metrics.id, heir)
            && let Err(error) = raft.trigger().transfer_leader(heir).await
        {
            tracing::warn!(%error, "the lead was not handed over");
        }
    }
}
