//! How patient the nodes are with each other: by the longest round trip between them.

use std::time::Duration;

use openraft::{Config, SnapshotPolicy};

/// How patient the nodes are with each other; all nodes of a cluster use the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timers {
    /// Round trips up to 10 ms: writes resume within 3 s of losing a leader.
    #[default]
    Region,
    /// Round trips up to 80 ms: within 5 s.
    Continent,
    /// Round trips up to 300 ms: within 12 s.
    Global,
    /// For tests on a machine that is busy with other things.
    Patient,
}

/// Entries after which a snapshot is made.
const SNAPSHOT_ENTRIES: u64 = 2_000;

/// Bytes of commands after which a snapshot is made, if fewer entries hold them.
pub(crate) const SNAPSHOT_BYTES: u64 = 8 << 20;

impl Timers {
    /// Heartbeat interval, and the least and most time without one before a node campaigns, ms.
    const fn ms(self) -> (u64, u64, u64) {
        match self {
            Self::Region => (100, 500, 900),
            Self::Continent => (400, 1_200, 2_000),
            Self::Global => (1_200, 3_600, 5_000),
            Self::Patient => (200, 1_000, 2_000),
        }
    }

    /// How often the leader says that it is there.
    pub(crate) const fn heartbeat(self) -> Duration {
        Duration::from_millis(self.ms().0)
    }

    /// What `node.toml` calls them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Continent => "continent",
            Self::Global => "global",
            Self::Patient => "patient",
        }
    }

    /// The least patient ones for a round trip; none: it is too long for any.
    pub fn for_round_trip(longest: Duration) -> Option<Self> {
        let all = [Self::Region, Self::Continent, Self::Global];
        all.into_iter().find(|timers| longest <= timers.longest_round_trip())
    }

    /// The longest round trip between two nodes with which a connection can be made in time.
    pub const fn longest_round_trip(self) -> Duration {
        Duration::from_millis(self.ms().0 / 4)
    }

    /// The longest time without the leader after which a node campaigns.
    pub(crate) const fn election(self) -> Duration {
        Duration::from_millis(self.ms().2)
    }

    /// How long a learner must have been caught up before it votes, if there are three voters.
    pub(crate) const fn stable(self) -> Duration {
        match self {
            Self::Region | Self::Continent => Duration::from_secs(10),
            Self::Global => Duration::from_secs(20),
            Self::Patient => Duration::from_secs(1),
        }
    }

    /// How long a node without a quorum may take it for an election before it refuses writes.
    pub(crate) const fn patience(self) -> Duration {
        Duration::from_millis(self.ms().2 * 3)
    }

    /// The settings of openraft. Pitfalls by the issue numbers of databendlabs/openraft.
    pub(crate) fn openraft(self, cluster: &str) -> Config {
        let (heartbeat, min, max) = self.ms();
        Config {
            cluster_name: cluster.to_owned(),
            heartbeat_interval: heartbeat,
            election_timeout_min: min,
            election_timeout_max: max,
            // A node that comes back does not depose a working leader.
            enable_pre_vote: Some(true),
            // A leader restored from disk would serve a state that is half restored (#1511).
            enable_leader_restore: Some(false),
            // A leader that reaches too few others steps down, else a third may never win (#2080).
            quorum_loss_probe_interval: Some(2 * max),
            // The default of 200 ms would begin a large snapshot again and again.
            install_snapshot_timeout: 60_000,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(SNAPSHOT_ENTRIES),
            // Kept for followers that lag, so that they need no snapshot (#1706).
            max_in_snapshot_log_to_keep: SNAPSHOT_ENTRIES,
            max_payload_entries: 300,
            // The default queue of 65,536 proposals is minutes deep.
            api_channel_size: Some(1_024),
            // A node that comes back is sent what it missed before it gives up waiting for that.
            backoff: "200ms 400ms ...1s".to_owned(),
            // A follower whose log went back is a safety violation, never something to go on from.
            allow_log_reversion: None,
            ..Config::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_one_that_openraft_accepts() {
        for timers in [Timers::Region, Timers::Continent, Timers::Global, Timers::Patient] {
            timers.openraft("c").validate().unwrap();
        }
    }
}
