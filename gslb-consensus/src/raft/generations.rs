//! The leader raises the generation of what is written, once every member reads the next one.
//!
//! ```text
//!  new leader, every 2 s while behind, a command that needs more
//!     -> ask every member: /cluster/v1/generation    404: a version of the first generation
//!     -> all read it: SetGeneration into the log     one does not, or is silent: nothing
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use openraft::ServerState;
use reqwest::{Method, StatusCode};
use tokio::time::timeout;

use super::core::{Core, Metrics};
use super::messenger::Lane;
use super::propose::Origin;
use super::types::Proposal;
use crate::state::command::SetGeneration;
use crate::state::{Command, Envelope, Generation, RefusalCode, Reply, State};

/// How often the leader asks again while a member is behind.
const ROUND: Duration = Duration::from_secs(2);

/// How long the new generation may take to be agreed.
const AGREE: Duration = Duration::from_secs(5);

/// What each member said it reads; none: it was not heard.
type Readings = BTreeMap<u64, Option<Generation>>;

/// Runs until the node closes; idle while another node leads, and once the newest is written.
pub(crate) async fn run(core: Arc<Core>) {
    let mut status = core.status.subscribe();
    let mut told = Vec::new();
    while !*core.closing.borrow() {
        status.mark_unchanged();
        let leads = core.metrics().is_some_and(|metrics| metrics.state == ServerState::Leader);
        if leads && core.view.state().generation < Generation::NEWEST {
            let behind = core.raise_generation().await;
            if behind != told && !behind.is_empty() {
                tracing::info!(behind = behind.join(", "), "new formats are not written yet");
            }
            told = behind;
            core.rest(ROUND).await;
        } else {
            tokio::select! {
                _ = status.changed() => {}
                () = core.closed() => {}
            }
        }
    }
}

impl Core {
    /// Refuses a command that not every member reads yet, after one more look whether that is so.
    pub(super) async fn refuse_unread(&self, command: &Command) -> Option<Reply> {
        let needed = command.generation();
        if self.view.state().generation >= needed {
            return None;
        }
        let behind = self.raise_generation().await;
        let at = self.view.state().generation;
        (at < needed).then(|| {
            let behind = if behind.is_empty() {
                "it is not agreed yet".to_owned()
            } else {
                behind.join(", ")
            };
            let what = format!(
                "{} needs generation {needed} of what the nodes write, and the cluster is at {at}: \
                 {behind}. Finish the upgrade (gslbctl status), then ask again",
                command.summary()
            );
            Reply::refused(RefusalCode::UpgradeUnfinished, what)
        })
    }

    /// Raises the generation as far as every member reads, if this node leads; says who reads less
    /// than this node.
    async fn raise_generation(&self) -> Vec<String> {
        let _turn = self.raising.lock().await;
        let state = self.view.state();
        let Some(metrics) = self.metrics() else { return Vec::new() };
        if state.generation == Generation::NEWEST || self.view.halted().is_some() {
            return Vec::new();
        }
        let readings = self.ask_generations(&metrics).await;
        let (to, behind) = judge(&readings, &state);
        if to > state.generation {
            match timeout(AGREE, self.write_generation(to)).await {
                Ok(Ok(())) => tracing::info!(generation = %to, "every member reads what is new"),
                Ok(Err(why)) => tracing::warn!(%to, why, "the generation was not raised"),
                Err(_) => tracing::warn!(%to, "the generation was not agreed in time"),
            }
        }
        behind
    }

    /// What each member reads, all asked at once.
    async fn ask_generations(&self, metrics: &Metrics) -> Readings {
        let ask = async |id: u64| {
            let own = (id == metrics.id).then_some(Generation::NEWEST);
            (id, if own.is_some() { own } else { self.ask_generation(id).await })
        };
        let members = metrics.membership_config.nodes().map(|(id, _)| ask(*id));
        join_all(members).await.into_iter().collect()
    }

    /// What another node reads; none: it was not heard.
    async fn ask_generation(&self, id: u64) -> Option<Generation> {
        let route = (Method::GET, "/cluster/v1/generation");
        let within = self.timers.heartbeat() * 2;
        match self.messenger.call(Lane::Urgent, route, (id, ""), "", within).await {
            Ok((StatusCode::OK, body)) => String::from_utf8_lossy(&body).parse().ok(),
            // A version from before there were generations.
            Ok((StatusCode::NOT_FOUND, _)) => Some(Generation::FIRST),
            _ => None,
        }
    }

    /// Puts the new generation into the log and waits until it is applied here.
    async fn write_generation(&self, to: Generation) -> Result<(), String> {
        let raft = self.raft().ok_or("Raft does not run")?;
        let Origin { client, seq, actor, caller } = Origin::new("leader");
        let command = Command::SetGeneration(SetGeneration { to });
        let stamp_ms = self.stamp().await;
        let envelope = Envelope { client, seq, actor, caller: Some(caller), stamp_ms, command };
        let written = raft.client_write(Proposal(envelope.encode().into())).await;
        match written.map_err(|error| error.to_string())?.data.0 {
            Some(Reply::Refused { message, .. }) => Err(message),
            _ => Ok(()),
        }
    }
}

/// The newest generation that all members read, and in words who reads less than this node.
fn judge(readings: &Readings, state: &State) -> (Generation, Vec<String>) {
    let name = |id: &u64| state.nodes.get(id).map_or_else(|| id.to_string(), |r| r.name.clone());
    let of_all = readings.values().map(|reads| reads.unwrap_or_default()).min();
    let words = |(id, reads): (&u64, &Option<Generation>)| match reads {
        None => Some(format!("{} is not heard", name(id))),
        Some(reads) if *reads < Generation::NEWEST => {
            Some(format!("{} reads up to generation {reads}", name(id)))
        }
        Some(_) => None,
    };
    let to = of_all.unwrap_or_default().min(Generation::NEWEST);
    (to, readings.iter().filter_map(words).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::NodeRecord;

    #[test]
    fn the_generation_rises_only_as_far_as_every_member_says_that_it_reads() {
        let [first, newest] = [Generation::FIRST, Generation::NEWEST];
        let record = NodeRecord { name: "n2".into(), raft: String::new(), api: String::new() };
        let state = State { nodes: Arc::new([(2, record)].into()), ..State::default() };
        type Case<'a> = (&'a str, &'a [Option<Generation>], Generation, &'a [&'a str]);
        let later: Generation = "9".parse().unwrap();
        let cases: [Case; 6] = [
            ("alone", &[Some(newest)], newest, &[]),
            ("all", &[Some(newest), Some(newest)], newest, &[]),
            ("one is later still", &[Some(newest), Some(later)], newest, &[]),
            ("one is old", &[Some(newest), Some(first)], first, &["n2 reads up to generation 1"]),
            ("one is silent", &[Some(newest), None], first, &["n2 is not heard"]),
            (
                "both",
                &[Some(newest), Some(first), None],
                first,
                &["n2 reads up to generation 1", "3 is not heard"],
            ),
        ];
        for (what, readings, to, behind) in cases {
            let readings = (1..).zip(readings.iter().copied()).collect();
            let behind = behind.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(judge(&readings, &state), (to, behind), "{what}");
        }
    }
}
