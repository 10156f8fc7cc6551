//! The lead goes to another node.

use std::time::Duration;

use openraft::{Instant as _, ServerState};
use reqwest::{Method, StatusCode};
use tokio::time::timeout;

use super::core::Core;
use super::errors::TransferError;
use super::messenger::Lane;
use super::steps::{Sight, may_lead};

/// How long the leader may take to answer that it hands over.
const ASK: Duration = Duration::from_secs(5);

impl Core {
    /// Hands the lead, if this node has it, to the voter that has got farthest.
    pub(super) async fn step_aside(&self) {
        let Some(metrics) = self.metrics() else { return };
        if metrics.state != ServerState::Leader {
            return;
        }
        let matched = |id: &u64| metrics.replication.as_ref().and_then(|all| all.get(id).copied());
        let state = self.view.state();
        let sight = Sight { alive: self.alive(&metrics), ..Sight::default() };
        let others = metrics.membership_config.voter_ids();
        let others = others.filter(|id| may_lead(&state, &sight, metrics.id, *id));
        // One without an acknowledged entry, or not heard lately, would only cost time.
        let alive = others.filter(|id| {
            let heard = metrics.heartbeat.as_ref().and_then(|all| all.get(id)?.as_ref());
            heard.is_some_and(|at| at.elapsed() < self.timers.heartbeat() * 2)
        });
        if let Some(heir) = alive.max_by_key(matched)
            && let Err(error) = self.transfer(heir).await
        {
            tracing::warn!(%error, "this node could not hand over the lead");
        }
    }

    /// Hands the lead over and waits until it is so.
    pub(super) async fn transfer(&self, to: u64) -> Result<(), TransferError> {
        let failed = |why: &dyn std::fmt::Display| TransferError::Failed(why.to_string());
        let metrics = self.metrics().ok_or(TransferError::NoLeader)?;
        if !metrics.membership_config.voter_ids().any(|voter| voter == to) {
            return Err(TransferError::NoVoter(to));
        }
        let leader = metrics.current_leader.ok_or(TransferError::NoLeader)?;
        if leader == self.identity.node_id {
            let raft = self.raft().ok_or(TransferError::NoLeader)?;
            raft.trigger().transfer_leader(to).await.map_err(|error| failed(&error))?;
        } else {
            let path = format!("/cluster/v1/lead/{to}");
            let route = (Method::POST, path.as_str());
            let answer = self.messenger.call(Lane::Urgent, route, (leader, ""), "", ASK).await;
            let (status, body) = answer.map_err(|error| failed(&error))?;
            if status != StatusCode::OK {
                let text = String::from_utf8_lossy(&body);
                return Err(failed(&format_args!("node {leader} answered {status}: {text}")));
            }
        }
        let mut status = self.status.subscribe();
        let leads = status.wait_for(|status| status.leader == Some(to));
        match timeout(self.timers.patience(), leads).await {
            Ok(_) => Ok(()),
            Err(_) => Err(failed(&"the other node did not take it in time")),
        }
    }
}
