//! What this node says of itself.

use super::api::Api;
use super::shape::{Answers, FeedLine, NodeReport};
use gslb_consensus::raft::Role;
use gslb_consensus::state::Generation;

impl Api {
    /// What this node says of itself, now.
    pub(super) fn report(&self) -> NodeReport {
        let raft = self.parts.cluster.status();
        let state = self.parts.cluster.state();
        let answers = self.parts.insight.answers();
        let last_minute = self.rates.last_minute(&answers);
        NodeReport {
            id: self.node_id(),
            name: self.parts.identity.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            role: role_word(raft.role).to_owned(),
            leader: raft.leader,
            term: raft.term,
            quorum_age_ms: raft.quorum_age_ms,
            halted: raft.halted.clone(),
            is_stranger: raft.is_stranger,
            space: raft.space,
            disk: raft.disk,
            ways: self.roll.ways(state.nodes.keys().copied()),
            backup_failed: self.parts.insight.backup_failed(),
            certificate: self.parts.insight.certificate(),
            clocks_apart_s: raft.clocks_apart_s.clone(),
            reads_generation: Generation::NEWEST,
            revision: state.revision(),
            served: self.served(),
            places: self.place_edition(),
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            answers: answers
                .into_iter()
                .map(|(region, total)| {
                    let last_minute = last_minute.get(&region).copied().unwrap_or(0);
                    (region, Answers { total, last_minute })
                })
                .collect(),
            dns: self.parts.dns.clone(),
            feed: self.feed_line(),
        }
    }

    /// When the certificate of a node ends, as it last told, s since 1970.
    pub(super) fn certificate_end(&self, id: u64) -> Option<i64> {
        let ends_s = if id == self.node_id() {
            self.parts.insight.certificate().ends_s
        } else {
            self.roll.last(id)?.report.certificate.ends_s
        };
        (ends_s != 0).then_some(ends_s)
    }

    /// What this node says of the feed, if it is an observer.
    pub(super) fn feed_line(&self) -> Option<FeedLine> {
        let cluster = &self.parts.cluster;
        let status = cluster.feed_status()?;
        let places = cluster.fed_places().map(|places| places.borrow().edition.clone());
        Some(FeedLine {
            upstream: status.upstream,
            path: status.path.into_iter().map(|station| station.name).collect(),
            failed: status.failed,
            resyncs: status.resyncs,
            places: places.filter(|edition| !edition.is_empty()),
        })
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Leader => "leader",
        Role::Candidate => "candidate",
        Role::Follower => "follower",
        Role::Learner => "learner",
        Role::Observer => "observer",
        Role::Stopped => "stopped",
    }
}
