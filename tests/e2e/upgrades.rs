//! A cluster that is upgraded node by node, under a query load, and what cannot be put back then.

use crate::crashes::{Load, wait_for_sync};

use crate::traffic;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::programs::Programs;
use gslb_tests::registers::only;
use gslb_tests::{old, programs, wait};
use serde_json::Value;
use std::fmt::Write as _;

/// Records of the zone that makes a snapshot due at once, and the bytes of each: 9 MB.
const LARGE: (usize, usize) = (450, 20_000);

/// A cluster whose nodes run two versions.
struct Mixed {
    cluster: Cluster,
    old: Programs,
    new: Programs,
    /// The last weight that was acknowledged.
    weight: u16,
}

impl Mixed {
    /// Sets the next weight until that is acknowledged.
    fn write(&mut self) {
        self.weight += 1;
        let line = format!("set-weight iad {}", self.weight);
        wait::until("a change to be acknowledged", || {
            let said = self.cluster.operator.attempt(&line, &[]);
            if said.code == 0 { Ok(()) } else { Err(said) }
        });
    }

    /// Applies so much that it leaves the log at once, and has a node lead that has purged it: who is
    /// away gets it by that node's snapshot.
    fn write_much(&mut self, heir: usize) {
        let (records, bytes) = LARGE;
        let mut zone =
            "[[zones]]\nname = \"large.example.\"\nrecords = \"\"\"\n@ 300 SOA ns1 host 1 \
                        7200 900 86400 60\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n"
                .to_owned();
        let content = format!("{:04x}", self.weight).repeat(bytes / 2);
        for record in 0..records {
            let _ = writeln!(zone, "x{record} 300 TYPE65280 \\\\# {bytes} {content}");
        }
        zone.push_str("\"\"\"\n");
        let file = self.cluster.folder().join("large.toml");
        std::fs::write(&file, zone + &traffic::file(&[])).unwrap();
        let before = self.newest_snapshot(heir);
        assert_ne!(self.cluster.leader(), heir, "a leader keeps what it still has to send");
        self.cluster.operator.run("apply --timeout 60s -f", &[&file.display().to_string()]);
        wait::until_true("a snapshot of it", || self.newest_snapshot(heir) > before);
        self.make_lead(heir);
        self.write();
    }

    /// The name of a node's newest snapshot, which sorts by its log index.
    fn newest_snapshot(&self, index: usize) -> Option<String> {
        let folder = self.cluster.nodes[index].folder.join("data/snapshots");
        let names = std::fs::read_dir(folder).unwrap().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".snp")).max()
    }

    /// Has a node run another version while the others answer, and changes go on.
    fn replace(&mut self, index: usize, with: &Programs, much: Option<usize>) {
        let others = (0..3).filter(|other| *other != index);
        let load = Load::start(&others.map(|i| self.cluster.nodes[i].dns()).collect::<Vec<_>>());
        assert_eq!(
            self.cluster.nodes[index].stop(),
            Some(0),
            "{}",
            self.cluster.nodes[index].log()
        );
        match much {
            Some(heir) => self.write_much(heir),
            None => self.write(),
        }
        self.cluster.nodes[index].program = with.node();
        self.cluster.nodes[index].start();
        wait_for_sync(&self.cluster);
        self.write();
        let (asked, wrong) = load.finish();
        assert!(wrong.is_empty(), "{} of {asked} queries: {:?}", wrong.len(), wrong.first());
        self.nothing_is_lost();
    }

    /// The cluster has the last weight that was acknowledged.
    fn nothing_is_lost(&self) {
        let status = self.cluster.operator.json("status --consistency linearizable");
        let regions = status["regions"].as_array().unwrap();
        let iad = regions.iter().find(|region| region["id"] == "iad").unwrap();
        assert_eq!(iad["weight"], self.weight, "{status}");
    }

    /// What a node of the new version says of the cluster.
    fn status(&self, index: usize) -> Value {
        only(&self.cluster, index).json("status")
    }

    /// The generation is 1, and `status` names these nodes as those for which it is.
    fn is_unfinished(&self, asked: usize, behind: &[usize]) {
        let status = wait::until("status to tell of the unfinished upgrade", || {
            let status = self.status(asked);
            let told = status["warnings"].to_string();
            let reads = |i: &usize| format!("{} reads up to", self.cluster.nodes[*i].name);
            let all = behind.iter().all(|index| told.contains(&reads(index)));
            if all && told.contains("the upgrade is not finished") { Ok(status) } else { Err(told) }
        });
        assert_eq!(status["generation"], 1, "{status}");
    }

    /// What comes of a change that only the new version reads, asked of a node of that version.
    fn write_something_new(&self, index: usize) -> String {
        let said = only(&self.cluster, index).attempt("node uninvite nobody --json", &[]);
        format!("{}{}", said.out, said.err)
    }

    /// Has a node lead, by draining the two others for a moment.
    fn make_lead(&self, index: usize) {
        let name = |i: usize| self.cluster.nodes[i].name.as_str();
        let leader = self.cluster.leader();
        let third = (0..3).find(|other| ![index, leader].contains(other));
        for other in third.into_iter().chain([leader]).filter(|other| *other != index) {
            self.cluster.operator.run(&format!("node drain {} --reason test", name(other)), &[]);
        }
        wait::until_true("the node to lead", || self.cluster.leader() == index);
        for other in (0..3).filter(|other| *other != index) {
            self.cluster.operator.run(&format!("node drain {} --clear", name(other)), &[]);
        }
    }

    fn logged(&self, index: usize, text: &str) -> bool {
        self.cluster.nodes[index].log().contains(text)
    }
}

#[test]
fn nodes_are_upgraded_one_by_one_and_what_is_new_is_written_at_the_end() {
    let old = match old::programs() {
        Ok(old) => old,
        Err(why) => return programs::skip("upgrades", &why),
    };
    let setup = Setup { programs: old.clone(), ..Setup::default() };
    let cluster = Cluster::form(&setup);
    cluster.apply(&traffic::file(&[]));
    let leader = cluster.leader();
    let [first, second] = [(leader + 1) % 3, (leader + 2) % 3];
    let new = Programs::built();
    let mut mixed = Mixed { cluster, old, new: new.clone(), weight: 100 };

    // A new node comes up from an old leader's snapshot, and may go back.
    mixed.make_lead(leader);
    mixed.replace(first, &new, Some(second));
    assert!(mixed.logged(first, "took over a snapshot"));
    mixed.is_unfinished(first, &[leader, second]);
    let old = mixed.old.clone();
    mixed.replace(first, &old, None);
    mixed.replace(first, &new, None);
    // An old node comes up from a new leader's.
    mixed.make_lead(leader);
    mixed.replace(second, &old, Some(first));
    assert!(mixed.logged(first, "sent a snapshot"));
    let refused = mixed.write_something_new(first);
    assert!(refused.contains("upgrade_unfinished"), "{refused}");
    assert!(refused.contains("reads up to generation 1"), "{refused}");
    mixed.is_unfinished(first, &[leader, second]);
    mixed.replace(second, &new, None);
    mixed.is_unfinished(first, &[leader]);

    mixed.replace(leader, &new, None);
    wait::until("the generation to rise", || {
        let status = mixed.status(leader);
        if status["generation"] == 2 { Ok(()) } else { Err(status["warnings"].to_string()) }
    });
    mixed.write();
    // It is taken for what it is: there is no such invite.
    let taken = mixed.write_something_new(first);
    assert!(taken.contains("not_found"), "{taken}");
    assert!(!mixed.status(first)["warnings"].to_string().contains("upgrade"));
    an_old_program_refuses_what_is_written_now(&mut mixed, second);
    mixed.nothing_is_lost();
}

fn an_old_program_refuses_what_is_written_now(mixed: &mut Mixed, index: usize) {
    assert_eq!(mixed.cluster.nodes[index].stop(), Some(0));
    let before = mixed.cluster.nodes[index].log().len();
    mixed.cluster.nodes[index].program = mixed.old.node();
    mixed.cluster.nodes[index].start();
    wait::until("the old program to refuse", || {
        let log = mixed.cluster.nodes[index].log();
        let told = log.get(before..).unwrap_or_default().to_owned();
        if told.contains("must be upgraded before it can follow") { Ok(()) } else { Err(told) }
    });
    mixed.write();
    mixed.cluster.nodes[index].kill();
    mixed.cluster.nodes[index].program = mixed.new.node();
    mixed.cluster.nodes[index].start();
    wait_for_sync(&mixed.cluster);
}
