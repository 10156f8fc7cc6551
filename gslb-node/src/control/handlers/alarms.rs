//! What an operator should know of the members of the cluster, and what to do.

use crate::control::shape::NodeStatus;
use gslb_consensus::raft::RaftStatus;
use gslb_consensus::state::Generation;

/// What is wrong with the members, or on its way.
pub(super) fn alarms(
    nodes: &[NodeStatus],
    raft: &RaftStatus,
    generation: Generation,
) -> Vec<String> {
    let mut alarms = generations(nodes, generation);
    let name = |id: u64| {
        let node = nodes.iter().find(|n| n.node.id == id);
        node.map_or_else(|| format!("node {id}"), |n| n.node.name.clone())
    };
    let voters: Vec<u64> = raft.members.iter().filter(|m| m.voter).map(|m| m.id).collect();
    let is_silent = |id: &u64| nodes.iter().any(|n| n.node.id == *id && !n.heard);
    let silent: Vec<String> = voters.iter().copied().filter(is_silent).map(name).collect();
    let spare = (voters.len().saturating_sub(1) / 2).saturating_sub(silent.len());
    if !silent.is_empty() && raft.leader.is_some() {
        let (silent, of) = (silent.join(", "), voters.len());
        alarms.push(match spare {
            0 => format!(
                "of {of} voters {silent} is silent: if one more is lost no change is accepted. Bring \
                 it back, or add a node and run gslbctl node replace"
            ),
            more => format!("of {of} voters {silent} is silent; {more} more may be lost"),
        });
    }
    let apart = nodes.iter().filter(|n| n.heard).filter_map(|n| n.report.as_ref());
    for (id, by) in apart.flat_map(|report| &report.clocks_apart_s) {
        let (node, how) = (name(*id), if *by > 0 { "ahead of" } else { "behind" });
        let span = span_words(by.unsigned_abs());
        alarms.push(format!(
            "the clock of node {node} is {span} {how} the others': agreed time goes on without it, \
             and it should not lead. Set it (chronyc tracking, timedatectl)"
        ));
    }
    for status in nodes {
        let (node, seat) = (&status.node.name, status.node.seat);
        if seat.drained {
            alarms.push(format!(
                "node {node} is drained: it does not lead, and says that it is not ready; \
                 gslbctl node drain {node} --clear ends that"
            ));
        }
        if let Some(by) = seat.replaced_by
            && status.node.member == "voter"
        {
            let by = name(by);
            alarms.push(format!("node {node} gives its vote to {by} once that has caught up"));
        }
    }
    alarms
}

/// Who keeps what is new from being written, and who cannot follow what is written.
fn generations(nodes: &[NodeStatus], at: Generation) -> Vec<String> {
    let members = || nodes.iter().filter(|status| status.node.member != "added");
    let reads = |status: &NodeStatus| {
        let report = status.report.as_ref().filter(|_| status.heard);
        report.map(|report| report.reads_generation)
    };
    let newest = members().filter_map(reads).max().unwrap_or_default();
    let told = |status: &NodeStatus| match reads(status) {
        None => Some(format!("{} is not heard", status.node.name)),
        Some(reads) if reads < newest => {
            Some(format!("{} reads up to generation {reads}", status.node.name))
        }
        Some(_) => None,
    };
    let behind: Vec<String> = members().filter_map(told).collect();
    if newest > at && !behind.is_empty() {
        return vec![format!(
            "the upgrade is not finished: {}. Until all members run the new version, what it brings \
             is refused, and the one before can be put back",
            behind.join(", ")
        )];
    }
    let lost = members().filter(|status| reads(status).is_some_and(|reads| reads < at));
    let lost = lost.map(|status| {
        format!(
            "node {} runs a version that cannot follow: the cluster writes generation {at}. Upgrade it",
            status.node.name
        )
    });
    lost.collect()
}

/// A span in its largest unit.
fn span_words(seconds: u64) -> String {
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        120.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::shape::{CertificateReport, NodeLine, NodeReport, PlaceEdition, SeatLine};
    use gslb_consensus::raft::{Member, Role, Space};
    use gslb_consensus::state::Revision;
    use std::collections::BTreeMap;

    fn status(voters: u64) -> RaftStatus {
        let member = |id| Member { id, voter: true, raft: String::new() };
        RaftStatus {
            node_id: 1,
            leader: Some(1),
            role: Role::Leader,
            term: 1,
            last_log_index: 1,
            applied_index: 1,
            members: (1..=voters).map(member).collect(),
            quorum_age_ms: Some(0),
            halted: None,
            is_stranger: false,
            space: Space::default(),
            disk: gslb_consensus::raft::DiskPace::default(),
            clocks_apart_s: BTreeMap::new(),
        }
    }

    fn node(id: u64, heard: bool, seat: SeatLine) -> NodeStatus {
        let node = NodeLine {
            id,
            name: format!("n{id}"),
            raft: String::new(),
            api: String::new(),
            member: "voter".into(),
            leads: id == 1,
            seat,
        };
        NodeStatus { node, heard, heard_ms_ago: None, report: None }
    }

    fn report(reads: u16) -> NodeReport {
        NodeReport {
            id: 1,
            name: "n1".into(),
            version: String::new(),
            role: "leader".into(),
            leader: Some(1),
            term: 1,
            quorum_age_ms: None,
            halted: None,
            space: Space::default(),
            backup_failed: None,
            certificate: CertificateReport::default(),
            clocks_apart_s: BTreeMap::new(),
            reads_generation: reads.to_string().parse().unwrap(),
            revision: Revision::default(),
            served: Revision::default(),
            places: PlaceEdition::default(),
            uptime_ms: 0,
            answers: BTreeMap::new(),
            dns: Vec::new(),
        }
    }

    #[test]
    fn an_upgrade_is_told_until_it_is_finished_and_who_is_left_behind() {
        let nodes = |reads: [Option<u16>; 3]| -> Vec<NodeStatus> {
            let status = |(id, reads): (u64, Option<u16>)| NodeStatus {
                report: reads.map(report),
                ..node(id, reads.is_some(), SeatLine::default())
            };
            (1..).zip(reads).map(status).collect()
        };
        let [first, newest] = [Generation::FIRST, Generation::NEWEST];
        let told = |reads, at| generations(&nodes(reads), at);
        assert_eq!(told([Some(1); 3], first), [""; 0]);
        assert_eq!(told([Some(2); 3], newest), [""; 0]);
        assert_eq!(told([Some(2); 3], first), [""; 0], "it rises in a moment");
        assert_eq!(told([Some(2), Some(2), None], newest), [""; 0]);
        let unfinished = told([Some(1), Some(2), None], first);
        let wanted = "the upgrade is not finished: n1 reads up to generation 1, n3 is not heard. ";
        assert!(unfinished[0].starts_with(wanted), "{unfinished:?}");
        let lost = told([Some(2), Some(1), Some(2)], newest);
        assert!(lost[0].starts_with("node n2 runs a version that cannot follow"), "{lost:?}");
        assert_eq!((unfinished.len(), lost.len()), (1, 1));
    }

    #[test]
    fn a_silent_voter_is_told_with_how_many_more_may_be_lost() {
        let nodes = |of: u64| -> Vec<NodeStatus> {
            (1..=of).map(|id| node(id, id != 2, SeatLine::default())).collect()
        };
        let three = alarms(&nodes(3), &status(3), Generation::FIRST);
        assert!(three[0].starts_with("of 3 voters n2 is silent: if one more is lost"), "{three:?}");
        let five = alarms(&nodes(5), &status(5), Generation::FIRST);
        assert_eq!(five, ["of 5 voters n2 is silent; 1 more may be lost"]);
    }

    #[test]
    fn a_clock_that_is_apart_is_told_with_what_to_do() {
        assert_eq!(span_words(400 * 86_400 + 7), "400 days");
        assert_eq!((span_words(3), span_words(7_200)), ("3 s".to_owned(), "2 hours".to_owned()));
        let mut leader = node(1, true, SeatLine::default());
        let clocks_apart_s = BTreeMap::from([(2, -34_560_000)]);
        leader.report = Some(NodeReport { clocks_apart_s, ..report(1) });
        let told =
            alarms(&[leader, node(2, true, SeatLine::default())], &status(2), Generation::FIRST);
        assert!(
            told[0].starts_with("the clock of node n2 is 400 days behind the others'"),
            "{told:?}"
        );
        assert!(told[0].ends_with("Set it (chronyc tracking, timedatectl)"));
    }

    #[test]
    fn what_an_operator_asked_of_a_node_is_told_until_it_is_over() {
        let drained = SeatLine { drained: true, ..SeatLine::default() };
        let leaves = SeatLine { replaced_by: Some(1), ..SeatLine::default() };
        let told =
            alarms(&[node(1, true, drained), node(2, true, leaves)], &status(2), Generation::FIRST);
        assert!(told[0].contains("gslbctl node drain n1 --clear"), "{told:?}");
        assert_eq!(told[1], "node n2 gives its vote to n1 once that has caught up");
    }
}
