//! What an operator should know of the members of the cluster, and what to do.

use super::generations::generations;
use super::members::{Members, span_words};
use gslb_consensus::state::{Generation, Revision};

impl Members<'_> {
    /// What is wrong with the members, or on its way, the most pressing first.
    ///
    /// `at` is the agreed state, `generation` what is written.
    pub(super) fn alarms(&self, at: Revision, generation: Generation) -> Vec<String> {
        let mut alarms: Vec<String> = self.quorum().into_iter().collect();
        alarms.extend(self.silence());
        alarms.extend(generations(self.nodes, generation));
        alarms.extend(self.ailments(at));
        alarms.extend(self.clocks());
        alarms.extend(self.seats());
        alarms
    }

    /// Clocks that are apart from those of the others.
    fn clocks(&self) -> impl Iterator<Item = String> {
        self.reports().flat_map(|report| &report.clocks_apart_s).map(move |(id, by)| {
            let (node, how) = (self.name(*id), if *by > 0 { "ahead of" } else { "behind" });
            let span = span_words(by.unsigned_abs());
            format!(
                "the clock of node {node} is {span} {how} the others': agreed time goes on without \
                 it, and it should not lead. Set it (chronyc tracking, timedatectl)"
            )
        })
    }

    /// What operators asked of nodes, until it is over.
    fn seats(&self) -> Vec<String> {
        let mut told = Vec::new();
        for status in self.nodes {
            let (node, seat) = (&status.node.name, status.node.seat);
            if seat.drained {
                told.push(format!(
                    "node {node} is drained: it does not lead, and says that it is not ready; \
                     gslbctl node drain {node} --clear ends that"
                ));
            }
            if let Some(by) = seat.replaced_by
                && status.node.member == "voter"
            {
                let by = self.name(by);
                told.push(format!("node {node} gives its vote to {by} once that has caught up"));
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::shape::{
        CertificateReport, Miss, NodeLine, NodeReport, NodeStatus, PlaceEdition, SeatLine, Way,
    };
    use gslb_consensus::raft::{DiskPace, Member, RaftStatus, Role, Space, SpaceLevel, Timers};
    use std::collections::BTreeMap;

    const AT: Revision = Revision { history: 1, index: 40 };

    /// A cluster of voters as node 1 sees it, all well.
    struct Seen {
        nodes: Vec<NodeStatus>,
        raft: RaftStatus,
    }

    impl Seen {
        fn new(voters: u64) -> Self {
            let member = |id| Member { id, voter: true, raft: String::new() };
            let raft = RaftStatus {
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
                disk: DiskPace::default(),
                clocks_apart_s: BTreeMap::new(),
            };
            let way = Way { heard: true, rtt_ms: Some(1), ..Way::default() };
            let ways = |id| (1..=voters).filter(|o| *o != id).map(|o| (o, way.clone())).collect();
            let nodes = (1..=voters).map(|id| node(id, ways(id))).collect();
            Self { nodes, raft }
        }

        fn report(&mut self, id: usize) -> &mut NodeReport {
            self.nodes[id - 1].report.as_mut().unwrap()
        }

        /// Node `by` gets no answer from node `id`.
        fn misses(mut self, by: usize, id: usize, missed: Miss) -> Self {
            let way = Way { missed: Some(missed), ..Way::default() };
            self.report(by).ways.insert(id as u64, way);
            if by == 1 {
                let node = &mut self.nodes[id - 1];
                (node.heard, node.heard_ms_ago) = (false, Some(12_000));
            }
            self
        }

        /// Nobody gets an answer from node `id`.
        fn lost(mut self, id: usize, missed: Miss) -> Self {
            for by in (1..=self.nodes.len()).filter(|by| *by != id) {
                self = self.misses(by, id, missed);
            }
            self
        }

        fn told(&self) -> Vec<String> {
            let timers = Timers::Region;
            Members { nodes: &self.nodes, raft: &self.raft, timers }.alarms(AT, Generation::NEWEST)
        }
    }

    fn node(id: u64, ways: BTreeMap<u64, Way>) -> NodeStatus {
        let name = format!("n{id}");
        let node = NodeLine {
            id,
            name: name.clone(),
            raft: format!("192.0.2.{id}:8054"),
            api: String::new(),
            member: "voter".into(),
            leads: id == 1,
            seat: SeatLine::default(),
            certificate_ends_s: None,
        };
        let report = NodeReport {
            id,
            name,
            version: "1.0.0".into(),
            role: "follower".into(),
            leader: Some(1),
            term: 1,
            quorum_age_ms: None,
            halted: None,
            is_stranger: false,
            space: Space::default(),
            disk: DiskPace::default(),
            ways,
            backup_failed: None,
            certificate: CertificateReport::default(),
            clocks_apart_s: BTreeMap::new(),
            reads_generation: Generation::NEWEST,
            revision: AT,
            served: AT,
            places: PlaceEdition::default(),
            uptime_ms: 0,
            answers: BTreeMap::new(),
            dns: Vec::new(),
            feed: None,
        };
        NodeStatus { node, heard: true, heard_ms_ago: Some(0), report: Some(report) }
    }

    #[track_caller]
    fn assert_told(seen: &Seen, wanted: &[&[&str]]) {
        let told = seen.told();
        assert_eq!(told.len(), wanted.len(), "{told:#?}");
        for (line, parts) in told.iter().zip(wanted) {
            for part in *parts {
                assert!(line.contains(part), "{part:?} is not in {line:?}");
            }
        }
    }

    #[test]
    fn a_cluster_that_is_well_has_nothing_to_tell() {
        assert_told(&Seen::new(3), &[]);
    }

    #[test]
    fn an_upgrade_is_told_until_it_is_finished_and_who_is_left_behind() {
        let [first, newest] = [Generation::FIRST, Generation::NEWEST];
        let told = |reads: [Option<u16>; 3], at| {
            let mut seen = Seen::new(3);
            for (id, reads) in (1..).zip(reads) {
                match reads {
                    Some(reads) => {
                        seen.report(id).reads_generation = reads.to_string().parse().unwrap();
                    }
                    None => seen.nodes[id - 1].heard = false,
                }
            }
            generations(&seen.nodes, at)
        };
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
    fn a_silent_voter_is_told_with_how_many_more_may_be_lost_and_why_it_is_silent() {
        let refused = Seen::new(3).lost(2, Miss::Refused);
        assert_told(
            &refused,
            &[
                &[
                    "of 3 voters n2 is silent or stopped: if one more is lost",
                    "gslbctl node replace",
                ],
                &["node n2 was not heard for 12 s", "192.0.2.2:8054 refuses", "Start it", "code 3"],
            ],
        );
        let frozen = Seen::new(5).lost(2, Miss::Silence);
        let down = &["node n2 was not heard", "is down or frozen", "Look at the machine"][..];
        assert_told(&frozen, &[&["of 5 voters n2 is silent or stopped; 1 more may be lost"], down]);
        let other = Seen::new(5).lost(4, Miss::Distrust);
        assert_told(&other, &[&["n4 is silent"], &["certificates do not fit", "clocks"]]);
    }

    #[test]
    fn a_lost_quorum_is_told_with_who_is_missing_and_the_way_out() {
        let mut seen = Seen::new(3).lost(2, Miss::Silence).lost(3, Miss::Silence);
        seen.raft.leader = None;
        let told = seen.told();
        for part in [
            "no leader: changes are not accepted",
            "2 of 3 voters are needed and n1 hears 1, itself counted",
            "if n2, n3 run, n1 is cut off",
            "gslbctl snapshot restore --help",
        ] {
            assert!(told[0].contains(part), "{told:#?}");
        }
        seen.raft.leader = Some(1);
        let told = seen.told();
        assert!(told[0].starts_with("changes may not be accepted. 2 of 3 voters are"), "{told:#?}");
        let mut election = Seen::new(3).lost(2, Miss::Refused);
        election.raft.leader = None;
        let told = election.told();
        assert!(
            told[0].contains("2 of 3 voters are heard, so an election is under way"),
            "{told:?}"
        );
        let mut old = Seen::new(3);
        old.raft.quorum_age_ms = Some(9_000);
        let told = old.told();
        assert!(told[0].starts_with("no quorum for 9 s as this node sees it"), "{told:?}");
    }

    #[test]
    fn a_way_that_is_cut_is_told_as_such_and_not_as_a_dead_node() {
        // Node 1, which is asked, does not hear node 2; node 3 does.
        let seen = Seen::new(3).misses(1, 2, Miss::Silence);
        assert_told(
            &seen,
            &[
                &["of 3 voters n2 is silent"],
                &[
                    "node n1 gets no answer from n2 (192.0.2.2:8054), although others do",
                    "firewalls",
                ],
            ],
        );
        // Between two others, one way only.
        let seen = Seen::new(3).misses(2, 3, Miss::Silence);
        assert_told(&seen, &[&["node n2 gets no answer from n3", "the way from n2 to n3 is cut"]]);
    }

    #[test]
    fn a_way_that_is_long_is_told_with_the_timers_that_fit() {
        let mut seen = Seen::new(3);
        for (by, to) in [(1, 3), (3, 1)] {
            seen.report(by).ways.get_mut(&to).unwrap().rtt_ms = Some(80 + to);
        }
        assert_told(
            &seen,
            &[&["between n1 and n3 83 ms;", "\"region\" are for at most 25 ms", "\"continent\""]],
        );
        seen.report(1).ways.get_mut(&2).unwrap().rtt_ms = Some(900);
        assert_told(&seen, &[&["n1 and n2 900 ms, n1 and n3 83 ms", "gslbctl node demote"]]);
    }

    #[test]
    fn what_a_node_says_is_wrong_with_itself_is_told_with_what_to_do() {
        let mut seen = Seen::new(3);
        let slow = DiskPace {
            last_minute: 30,
            slow: 7,
            slowest_ms: 310,
            limit_ms: 50,
            ..DiskPace::default()
        };
        seen.report(1).disk = slow;
        seen.report(2).role = "stopped".into();
        seen.report(2).halted = Some("Input/output error".into());
        seen.report(2).served = Revision { history: 1, index: 3 };
        seen.report(3).halted = Some("entry 7: unknown command".into());
        seen.report(3).version = "0.9.0".into();
        assert_told(
            &seen,
            &[
                &["of 3 voters n2 is silent or stopped: if one more"],
                &["node n1: its disk is slow", "7 of 30 writes", "more than 50 ms", "iostat"],
                &["node n2 stopped following, DNS goes on: Input/output error", "smartctl"],
                &["node n3 stopped following: entry 7", "bring it to the version of the others"],
                &["0.9.0 on n3; 1.0.0 on n1, n2", "one node at a time"],
            ],
        );
        let mut seen = Seen::new(3);
        let full = Space { level: SpaceLevel::Full, ..Space::default() };
        (seen.report(2).space, seen.report(2).halted) = (full, Some(full.to_string()));
        seen.report(3).served = Revision { history: 1, index: 39 };
        seen.report(3).backup_failed = Some("no room".into());
        assert_told(
            &seen,
            &[
                &["node n2: the disk is full", "; free "],
                &["node n3 could not make its backup: no room"],
                &["node n3 serves 1.39, the agreed state is 1.40: it is catching up"],
            ],
        );
    }

    #[test]
    fn a_node_whose_data_was_emptied_or_swapped_is_told_as_such() {
        let mut seen = Seen::new(3);
        seen.report(2).is_stranger = true;
        seen.report(2).served = Revision::default();
        assert_told(
            &seen,
            &[
                &["of 3 voters n2 is silent or stopped"],
                &[
                    "node n2: its data folder is not the one",
                    "Put that back",
                    "gslbctl node remove n2",
                ],
            ],
        );
    }

    #[test]
    fn a_clock_that_is_apart_is_told_with_what_to_do() {
        assert_eq!(span_words(400 * 86_400 + 7), "400 days");
        assert_eq!((span_words(3), span_words(7_200)), ("3 s".to_owned(), "2 hours".to_owned()));
        let mut seen = Seen::new(3);
        seen.report(1).clocks_apart_s = BTreeMap::from([(2, -34_560_000)]);
        assert_told(
            &seen,
            &[&["the clock of node n2 is 400 days behind the others'", "Set it (chronyc tracking"]],
        );
    }

    #[test]
    fn what_an_operator_asked_of_a_node_is_told_until_it_is_over() {
        let mut seen = Seen::new(3);
        seen.nodes[0].node.seat = SeatLine { drained: true, ..SeatLine::default() };
        seen.nodes[1].node.seat = SeatLine { replaced_by: Some(1), ..SeatLine::default() };
        assert_told(
            &seen,
            &[
                &["gslbctl node drain n1 --clear"],
                &["node n2 gives its vote to n1 once that has caught up"],
            ],
        );
    }
}
