//! What a node says is wrong with itself, and what to do.

use super::members::Members;
use crate::control::shape::NodeReport;
use gslb_consensus::raft::{DiskPace, SpaceLevel};
use gslb_consensus::state::Revision;
use std::collections::BTreeMap;

impl Members<'_> {
    /// What the nodes say is wrong with themselves; the agreed state is at `at`.
    pub(super) fn ailments(&self, at: Revision) -> Vec<String> {
        let of_each = self.reports().flat_map(|report| ailments(report, at));
        of_each.chain(self.versions()).collect()
    }

    /// Which nodes run which version, if they differ.
    fn versions(&self) -> Option<String> {
        let mut by_version: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for report in self.reports() {
            by_version.entry(&report.version).or_default().push(&report.name);
        }
        let all = by_version.iter().map(|(v, names)| format!("{v} on {}", names.join(", ")));
        let all = all.collect::<Vec<_>>().join("; ");
        (by_version.len() > 1).then(|| {
            format!(
                "the nodes run different versions: {all}. Bring all to the newest, one node at a \
                 time"
            )
        })
    }
}

fn ailments(report: &NodeReport, at: Revision) -> Vec<String> {
    let name = &report.name;
    let mut told = Vec::new();
    if report.space.level != SpaceLevel::Roomy {
        told.push(format!("node {name}: {}", report.space));
    }
    if report.is_stranger {
        told.push(format!(
            "node {name}: its data folder is not the one that joined the cluster under its number, so \
             that it must not vote and is told nothing. Put that back; if it is lost: gslbctl node \
             remove {name}, and add a node anew (gslbctl node add)"
        ));
    }
    match &report.halted {
        // Of a full disk the line above says all.
        Some(_) if report.space.level == SpaceLevel::Full => {}
        Some(why) if report.role == "stopped" => told.push(format!(
            "node {name} stopped following, DNS goes on: {why}. Raft is started again by itself, at \
             least once a minute; if this stays, look at the disk of the data folder (dmesg, \
             smartctl -a) and at gslb-node data verify"
        )),
        Some(why) => told.push(format!(
            "node {name} stopped following: {why}. It goes on answering with the state before that; \
             bring it to the version of the others"
        )),
        None => {}
    }
    told.extend(slow_disk(name, &report.disk));
    if let Some(why) = &report.backup_failed {
        told.push(format!("node {name} could not make its backup: {why}"));
    }
    if report.served < at && report.halted.is_none() && !report.is_stranger {
        let served = report.served;
        told.push(format!(
            "node {name} serves {served}, the agreed state is {at}: it is catching up. If this \
             stays, look at its log and at its way to the leader"
        ));
    }
    told
}

fn slow_disk(name: &str, disk: &DiskPace) -> Option<String> {
    let DiskPace { last_minute, slow, slowest_ms, limit_ms, .. } = *disk;
    disk.is_slow().then(|| {
        format!(
            "node {name}: its disk is slow: within the last minute {slow} of {last_minute} writes of \
             the log took more than {limit_ms} ms, the slowest {slowest_ms} ms. Changes wait for it, \
             and a leader may lose the lead. See what else uses the disk (iostat -x 1), or put \
             `data` on a faster one"
        )
    })
}
