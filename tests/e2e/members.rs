//! Nodes that come and go.

use crate::traffic::{self, REGIONS};
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::wait;

/// The names of the nodes that the cluster lists, each with what it is.
fn listed(cluster: &Cluster) -> Vec<(String, String)> {
    let list = cluster.operator.json("node list");
    let text = |node: &serde_json::Value, key: &str| node[key].as_str().unwrap().to_owned();
    let nodes = list["nodes"].as_array().unwrap();
    nodes.iter().map(|node| (text(node, "name"), text(node, "member"))).collect()
}

#[test]
fn a_node_is_removed_for_good_and_a_new_one_takes_its_place() {
    let setup = Setup::default();
    let mut cluster = Cluster::form(&setup);
    cluster.apply(&traffic::file(&[]));
    let gone = (0..3).find(|index| *index != cluster.leader()).unwrap();
    let name = cluster.nodes[gone].name.clone();
    cluster.operator.run(&format!("node remove {name}"), &[]);
    cluster.nodes[gone].kill();
    cluster.nodes.remove(gone);
    wait::until("the cluster to be of two", || {
        let now = listed(&cluster);
        if now.len() == 2 && now.iter().all(|(n, _)| *n != name) { Ok(()) } else { Err(now) }
    });
    let again = cluster.operator.attempt(&format!("node remove {name}"), &[]);
    assert_eq!(again.code, 1, "{again:?}");

    // The newcomer gets a number that was never given before, and all that was agreed so far.
    cluster.add("n4", &setup);
    cluster.wait_for_voters();
    let list = cluster.operator.json("node list");
    let ids: Vec<u64> =
        list["nodes"].as_array().unwrap().iter().filter_map(|n| n["id"].as_u64()).collect();
    assert!(ids.contains(&4), "{list}");
    let www = Query::new("www.shop.example.", "A");
    cluster.wait_for_answer(&[2], &www, |answer| answer.data() == [REGIONS[0].v4()]);
    cluster.operator.run("force fra down --for 5m --reason test --wait --timeout 30s", &[]);
    for node in &cluster.nodes {
        assert_eq!(www.ask(node.dns()).data(), [REGIONS[1].v4()], "{}", node.name);
    }
    let twice = cluster.operator.attempt(
        "node add n4 --raft 127.0.0.1:1 --api 127.0.0.1:2 --out",
        &[&cluster.folder().join("twice").display().to_string()],
    );
    assert_eq!(twice.code, 1, "{twice:?}");
}

/// Waits until the cluster lists these nodes as these members.
fn wait_for(cluster: &Cluster, wanted: &[(&str, &str)]) {
    wait::until("the members to be as asked", || {
        let now = listed(cluster);
        let fits = now.len() == wanted.len()
            && now.iter().zip(wanted).all(|((name, member), w)| (&**name, &**member) == *w);
        if fits { Ok(()) } else { Err(now) }
    });
}

#[test]
fn a_voter_is_replaced_stood_in_for_and_drained() {
    let setup = Setup::default();
    let mut cluster = Cluster::form(&setup);
    let operator = cluster.operator.clone();
    // The leader hands over when it is drained, and tells that it is not ready.
    let leader = cluster.leader();
    let name = cluster.nodes[leader].name.clone();
    operator.run(&format!("node drain {name} --reason test"), &[]);
    wait::until("another to lead", || {
        let now = cluster.leader();
        if now == leader { Err(now) } else { Ok(()) }
    });
    assert!(cluster.nodes[leader].get("/readyz").0.contains("503"));
    let told = operator.run("status", &[]).out;
    assert!(told.contains(&format!("node {name} is drained")), "{told}");
    operator.run(&format!("node drain {name} --clear"), &[]);

    // A fourth takes the place of the one that leads.
    cluster.add("n4", &setup);
    cluster.wait_for_voters();
    operator.run("node demote n4", &[]);
    wait_for(&cluster, &[("n1", "voter"), ("n2", "voter"), ("n3", "voter"), ("n4", "learner")]);
    let old = cluster.nodes[cluster.leader()].name.clone();
    operator.run(&format!("node replace {old} --by n4 --reason test"), &[]);
    let left: Vec<&str> = ["n1", "n2", "n3", "n4"].into_iter().filter(|n| *n != old).collect();
    let wanted: Vec<(&str, &str)> = left.iter().map(|name| (*name, "voter")).collect();
    wait_for(&cluster, &wanted);
    let gone = cluster.nodes.iter().position(|node| node.name == old).unwrap();
    cluster.nodes[gone].kill();
    cluster.nodes.remove(gone);

    // One stands by and takes the vote of one that dies.
    cluster.add("n5", &setup);
    cluster.wait_for_voters();
    operator.run("node demote n5", &[]);
    operator.run("node autopilot on --dead-after 6s", &[]);
    let mut wanted = wanted;
    wanted.push(("n5", "learner"));
    wait_for(&cluster, &wanted);
    let leader = cluster.nodes[cluster.leader()].name.clone();
    let dead = cluster.nodes.iter().position(|n| n.name != leader && n.name != "n5").unwrap();
    let name = cluster.nodes[dead].name.clone();
    cluster.nodes[dead].kill();
    let stood_in: Vec<(&str, &str)> =
        wanted.iter().map(|(n, _)| (*n, if *n == name { "learner" } else { "voter" })).collect();
    wait_for(&cluster, &stood_in);
    let audit = operator.run("audit", &[]).out;
    assert!(audit.contains("autopilot"), "{audit}");
}

#[test]
fn a_vote_that_the_majority_needs_is_not_taken() {
    let mut cluster = Cluster::form(&Setup::default());
    let leader = cluster.leader();
    let others: Vec<usize> = (0..3).filter(|index| *index != leader).collect();
    cluster.nodes[others[0]].kill();
    let silent = cluster.nodes[others[0]].name.clone();
    let needed = cluster.nodes[others[1]].name.clone();
    let refused = wait::until("the silence to be noticed", || {
        let said = cluster.operator.attempt("status", &[]);
        if !said.out.contains(&format!("of 3 voters {silent} is silent")) {
            return Err(said);
        }
        let said = cluster.operator.attempt(&format!("node demote {needed}"), &[]);
        if said.code == 1 { Ok(said) } else { Err(said) }
    });
    assert!(refused.err.contains(&format!("{silent} is silent")), "{refused:?}");
    // The silent one can be spared.
    cluster.operator.run(&format!("node remove {silent}"), &[]);
    wait::until("the cluster to be of two", || {
        let now = listed(&cluster);
        if now.len() == 2 { Ok(()) } else { Err(now) }
    });
}
