//! What is read at each scrape: the DNS counters, the agreed state, Raft, place data.

use gslb_consensus::raft::{Cluster, Role};
use gslb_consensus::state::Generation;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tokio::sync::watch;

use super::backups::BackupReport;
use super::dns::Dns;
use super::place_report::PlaceReport;
use crate::answer::Counters;
use crate::clock;
use crate::control::shape::CertificateReport;
use crate::publish::Publication;
use crate::telemetry::{Exposition, Labels, Source};

/// The parts of the node that are read at each scrape.
pub(super) struct Live {
    /// The threads of the data path.
    pub(super) dns: Arc<Dns>,
    /// The cluster.
    pub(super) cluster: Cluster,
    /// What answers follow.
    pub(super) publication: Arc<Publication>,
    /// The place data in use.
    pub(super) places: watch::Receiver<PlaceReport>,
    /// The node's certificates.
    pub(super) certificates: watch::Receiver<CertificateReport>,
    /// What became of the backups, if this node makes some.
    pub(super) backups: Option<watch::Receiver<BackupReport>>,
}

/// What of a thread's counters is read: a label and a count each.
type By = fn(&Counters) -> Vec<((&'static str, String), u64)>;

impl Source for Live {
    fn read(&self, out: &mut Exposition<'_>) -> fmt::Result {
        self.dns(out)?;
        self.state(out)?;
        self.raft(out)?;
        self.generation(out)?;
        self.places(out)?;
        self.backups(out)?;
        self.certificates(out)
    }
}

impl Live {
    fn dns(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let workers = self.dns.counters();
        let sum = |by: By| {
            let mut sums: BTreeMap<Labels, u64> = BTreeMap::new();
            for (transport, counters) in &workers {
                for (labels, count) in by(counters) {
                    let mut labels: Labels = vec![labels];
                    labels.push(("transport", (*transport).to_owned()));
                    *sums.entry(labels).or_default() += count;
                }
            }
            sums
        };
        out.counters(
            "dns_queries",
            "Queries, by type and transport",
            sum(|c| c.by_type().map(|(t, n)| (("type", t.to_owned()), n)).collect()),
        )?;
        out.counters(
            "dns_answers",
            "Answers, by response code and transport",
            sum(|c| c.by_code().map(|(code, n)| (("rcode", code.to_owned()), n)).collect()),
        )?;
        let regions = self.publication.current().regions.clone();
        let of_region = regions.iter().zip(0_u16..).map(|(name, index)| {
            let total = workers.iter().map(|(_, c)| c.of_region(index)).sum();
            (vec![("region", name.to_string())], total)
        });
        out.counters("dns_steered", "Steered answers, by region", of_region)?;
        let total = |pick: fn(&Counters) -> u64| workers.iter().map(|(_, c)| pick(c)).sum();
        type Pick = fn(&Counters) -> u64;
        let totals: [(&str, &str, Pick); 7] = [
            ("truncated", "Answers that did not fit and went out with TC", |c| c.truncated.get()),
            ("subnet", "Queries with a client subnet", |c| c.subnet.get()),
            ("slow", "Queries passed on to the slow path", |c| c.slow.get()),
            ("slow_full", "Queries that found the slow path full", |c| c.slow_full.get()),
            ("dropped", "Packets that are no query", |c| c.dropped.get()),
            ("unsent", "Answers that the kernel did not take", |c| c.unsent.get()),
            ("panics", "Queries whose handling failed: a bug", |c| c.panics.get()),
        ];
        for (name, help, pick) in totals {
            out.counter(&format!("dns_{name}"), help, total(pick))?;
        }
        out.counter(
            "dns_receive_drops",
            "UDP datagrams that the kernel dropped because no thread took them in time",
            self.dns.receive_drops(),
        )?;
        let Some(streams) = self.dns.streams() else { return Ok(()) };
        let happened = [
            ("accepted", streams.accepted.get()),
            ("refused", streams.refused.get()),
            ("timed_out", streams.timed_out.get()),
        ];
        out.counters(
            "dns_tcp_connections",
            "TCP connections: accepted, refused by a limit, ended for being idle",
            happened.map(|(what, count)| (vec![("result", what.to_owned())], count)),
        )
    }

    fn state(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let state = self.cluster.state();
        let served = self.publication.current().revision;
        out.gauge(
            "revision_applied",
            "Log index of the agreed state of this node",
            state.index as f64,
        )?;
        out.gauge(
            "revision_served",
            "Log index of the state that answers follow",
            served.index as f64,
        )?;
        out.gauge("revision_history", "Counts restores of the cluster", f64::from(state.history))?;
        out.gauge(
            "stale",
            "1 while this node has been cut off for so long that its answers say so",
            f64::from(u8::from(self.publication.is_stale())),
        )?;
        out.gauge("overrides", "Overrides in force", state.overrides.len() as f64)?;
        let endpoints = state.config.endpoints().filter(|(pool, _)| pool.monitor.is_some());
        out.gauges(
            "endpoint_up",
            "Agreed health of an endpoint",
            endpoints.map(|(pool, endpoint)| {
                let labels = vec![
                    ("endpoint", endpoint.id.to_string()),
                    ("pool", pool.id.to_string()),
                    ("region", endpoint.region.to_string()),
                ];
                (labels, f64::from(u8::from(state.health.is_up(&endpoint.id))))
            }),
        )
    }

    fn raft(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let status = self.cluster.status();
        let is_leader = status.role == Role::Leader;
        out.gauge("raft_leader", "1 on the leader", f64::from(u8::from(is_leader)))?;
        out.gauge(
            "raft_leader_known",
            "1 while a leader is known",
            f64::from(u8::from(status.leader.is_some())),
        )?;
        out.gauge("raft_term", "The current term", status.term as f64)?;
        let voters = status.members.iter().filter(|member| member.voter).count();
        out.gauge("raft_voters", "Members of the cluster that vote", voters as f64)?;
        out.gauge("raft_members", "Members of the cluster", status.members.len() as f64)?;
        out.gauge(
            "raft_halted",
            "1 if this node has stopped following",
            f64::from(u8::from(status.halted.is_some())),
        )?;
        let free = status.space.free_bytes.map(|bytes| (Labels::new(), bytes as f64));
        out.gauges("data_free_bytes", "Free bytes where the data folder lies", free)?;
        out.gauge(
            "data_space_level",
            "0 roomy; 1 low: no configurations; 2 short: hands over the lead; 3 full: Raft stopped",
            f64::from(status.space.level as u8),
        )?;
        let disk = status.disk;
        out.counter("log_commits", "Writes of the log, each on disk at its end", disk.commits)?;
        out.gauge(
            "log_commit_seconds_sum",
            "Time that all writes of the log took",
            disk.total_us as f64 / 1e6,
        )?;
        out.gauge(
            "log_commit_seconds_max",
            "The slowest write of the log within the last minute, or the one under way",
            disk.slowest_ms as f64 / 1_000.0,
        )?;
        out.gauge(
            "log_slow",
            "1 while the disk of the log is too slow for the timers of the cluster",
            f64::from(u8::from(disk.is_slow())),
        )?;
        let name = |id: u64| {
            let state = self.cluster.state();
            state.nodes.get(&id).map_or_else(|| id.to_string(), |record| record.name.clone())
        };
        let apart = status.clocks_apart_s.iter();
        out.gauges(
            "clock_apart_seconds",
            "On the leader: clocks more than 2 s from the voters' median, and how far ahead",
            apart.map(|(id, by)| (vec![("node", name(*id))], *by as f64)),
        )?;
        out.gauge(
            "feed_followers",
            "Observers that follow this node",
            self.cluster.followers() as f64,
        )?;
        if let Some(feed) = self.cluster.feed_status() {
            let is_fed = f64::from(u8::from(feed.upstream.is_some()));
            out.gauge("feed_connected", "1 while this observer follows a node", is_fed)?;
            out.counter(
                "feed_resyncs",
                "How often this observer asked for all anew, for what came did not fit",
                feed.resyncs,
            )?;
        }
        let age = status.quorum_age_ms.map(|ms| (Labels::new(), ms as f64 / 1_000.0));
        out.gauges("raft_quorum_age_seconds", "Time since this node last knew of a quorum", age)
    }

    fn generation(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let at = self.cluster.state().generation.number();
        out.gauge("generation", "Generation of stored formats that is written", f64::from(at))?;
        let newest = f64::from(Generation::NEWEST.number());
        out.gauge("generation_read", "The newest generation that this node reads", newest)
    }

    fn backups(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let Some(report) = &self.backups else { return Ok(()) };
        let report = report.borrow().clone();
        let age_ms = clock::unix_ms().saturating_sub(report.made_ms);
        let known = (report.made_ms > 0).then_some((Labels::new(), age_ms as f64 / 1_000.0));
        out.gauges("backup_age_seconds", "Time since the last backup of this node", known)?;
        let failed = f64::from(u8::from(report.failed.is_some()));
        out.gauge("backup_failed", "1 if the last backup that was due failed", failed)
    }

    fn certificates(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let report = self.certificates.borrow().clone();
        let now_s = (clock::unix_ms() / 1_000) as f64;
        let ends = [("node", report.ends_s), ("authority", report.authority_ends_s)];
        out.gauges(
            "certificate_left_seconds",
            "Time until the node's certificate ends, and until the authority's does",
            ends.map(|(of, ends_s)| (vec![("of", of.to_owned())], ends_s as f64 - now_s)),
        )?;
        out.gauge(
            "certificate_stuck",
            "1 while replaced files of the identity are refused and the old certificate is used",
            f64::from(u8::from(report.refused.is_some())),
        )
    }

    fn places(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let report = self.places.borrow().clone();
        let age_s = (clock::unix_ms() / 1_000).saturating_sub(report.built_s);
        let known = (report.built_s > 0).then_some((Labels::new(), age_s as f64));
        out.gauges("place_data_age_seconds", "Time since the place data was built", known)?;
        let labels = vec![("edition", report.edition), ("label", report.label)];
        out.gauges("place_data", "Which place data is used", [(labels, 1.0)])?;
        out.gauge(
            "place_data_stuck",
            "1 while a replaced file cannot be used and the old data is kept",
            f64::from(u8::from(report.refused.is_some())),
        )
    }
}
