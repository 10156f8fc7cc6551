//! Observers: they answer as the members do, move on when one dies, and start with nobody there.

use crate::places;
use crate::traffic::{self, REGIONS};
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::node::Node;
use gslb_tests::operator::Operator;
use gslb_tests::wait;
use serde_json::Value;
use std::net::SocketAddr;

/// What a node answers to many clients and names.
fn answers(server: SocketAddr) -> Vec<String> {
    let mut told = Vec::new();
    let mut ask = |query: Query| told.push(format!("{:?}", query.ask(server)));
    for number in places::numbers_with_one_region().into_iter().step_by(2) {
        for rtype in ["A", "AAAA", "TXT"] {
            ask(Query::new("near.shop.example.", rtype).subnet(&format!("10.{number}.7.0/24")));
        }
    }
    for name in ["shop.example.", "www-static.shop.example.", "none.shop.example.", "no.example."] {
        for rtype in ["A", "SOA", "NS"] {
            ask(Query::new(name, rtype));
            ask(Query::new(name, rtype).tcp());
        }
    }
    told
}

/// The part of `status` that is about one node.
fn status_of(cluster: &Cluster, name: &str) -> Result<Value, String> {
    let said = cluster.operator.attempt("status --json", &[]);
    if said.code != 0 {
        return Err(said.err);
    }
    let status = said.json();
    let nodes = status["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["name"] == name).cloned().ok_or_else(|| status.to_string())
}

/// Waits until an observer follows this node, and gives the line of `status`.
fn wait_until_fed_by(cluster: &Cluster, observer: &Node, by: &str) -> Value {
    wait::until(&format!("{} to be fed by {by}", observer.name), || {
        let status = status_of(cluster, &observer.name)?;
        let path = status["report"]["feed"]["path"].as_array().cloned().unwrap_or_default();
        let fed = path.last().is_some_and(|last| last == by) && status["heard"] == true;
        if fed { Ok(status) } else { Err(format!("{status} {}", observer.log())) }
    })
}

/// `gslbctl` that asks one node and no other.
fn operator_at(cluster: &Cluster, node: &Node) -> Operator {
    let path = cluster.operator.context();
    let mut file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    file["servers"] = vec![toml::Value::from(format!("https://{}", node.api()))].into();
    let own = path.with_file_name(format!("ctl-{}.toml", node.name));
    std::fs::write(&own, file.to_string()).unwrap();
    Operator::new(&own)
}

fn same_answers(of: &Node, wanted: &[String]) {
    let got = answers(of.dns());
    for (got, wanted) in got.iter().zip(wanted) {
        assert_eq!(got, wanted, "{}", of.name);
    }
}

#[test]
fn observers_answer_as_members_do_move_on_and_start_with_nobody_there() {
    let setup = Setup::default();
    let mut cluster = Cluster::form(&setup);
    cluster.apply(&traffic::file(&[]));
    let members: Vec<String> = cluster.nodes.iter().map(Node::raft).collect();
    // One by the members' place files, one behind it, one with files of its own.
    let near = cluster.add_observer("near", &setup, &members, &[]);
    let far = cluster.add_observer("far", &setup, &[near.raft()], &[]);
    let mut edge = cluster.add_observer("edge", &setup, &members[1..], &setup.places);
    wait_until_fed_by(&cluster, &near, "n1");
    let line = wait_until_fed_by(&cluster, &far, "near");
    assert_eq!(line["report"]["feed"]["path"], serde_json::json!(["n1", "near"]));
    wait_until_fed_by(&cluster, &edge, "n2");
    let edition = status_of(&cluster, "n1").unwrap()["report"]["places"]["id"].clone();
    for observer in [&near, &far, &edge] {
        wait::until("the place data to come by the feed", || {
            let now = status_of(&cluster, &observer.name)?["report"]["places"]["id"].clone();
            if now == edition { Ok(()) } else { Err(format!("{now} {}", observer.log())) }
        });
        assert!(observer.get("/readyz").1.contains("[+]feed ok"), "{:?}", observer.get("/readyz"));
    }
    let listed = cluster.operator.json("node list").to_string();
    assert!(listed.contains("\"observer\""), "{listed}");

    // A change with --wait is served by all of them when it returns, and the answers are the same.
    let line_of = "force fra down --for 5m --reason test --wait --timeout 30s";
    let said = cluster.operator.run(line_of, &[]).out;
    for name in ["n1", "near", "far", "edge"] {
        assert!(said.contains("served by") && said.contains(name), "{said}");
    }
    let wanted = answers(cluster.nodes[0].dns());
    assert!(!wanted.iter().any(|answer| answer.contains(&REGIONS[0].v4())), "fra is out");
    for observer in [&near, &far, &edge] {
        same_answers(observer, &wanted);
    }

    // An observer leaves changes and users to the members.
    let only = operator_at(&cluster, &near);
    let refused = only.attempt("set-weight fra 3", &[]);
    assert!(refused.code == 1 && refused.err.contains("observer"), "{refused:?}");
    let status = only.run("status --json", &[]).json();
    assert_eq!(status["asked"], status_of(&cluster, "near").unwrap()["id"]);

    // The member that feeds it dies: it moves on.
    cluster.nodes[0].kill();
    wait_until_fed_by(&cluster, &near, "n2");
    cluster.operator.run("clear fra --wait --timeout 30s", &[]);
    // The marks of the time without a leader go by themselves.
    let wanted = wait::until("answers without a mark", || {
        let wanted = answers(cluster.nodes[1].dns());
        let marked = wanted.iter().any(|answer| answer.contains("extended_error: Some(3)"));
        if marked { Err("marked as stale") } else { Ok(wanted) }
    });
    assert!(wanted.iter().any(|answer| answer.contains(&REGIONS[0].v4())), "fra is back");
    for observer in [&near, &far, &edge] {
        wait::until("the same answers", || {
            let got = answers(observer.dns());
            let other = got.into_iter().zip(&wanted).find(|(got, wanted)| got != *wanted);
            other.map_or(Ok(()), |other| Err(format!("{}: {other:?}", observer.name)))
        });
    }

    // A removed one is refused from then on, and goes on answering.
    cluster.operator.run("node remove edge", &[]);
    wait::until("the removed one to be refused", || {
        let log = edge.log();
        if log.contains("was removed") { Ok(()) } else { Err(log) }
    });
    same_answers(&edge, &wanted);
    edge.kill();

    they_go_on_alone(&mut cluster, [near, far]);
}

/// Nobody is left: they go on, say that it is stale, and start again with what they have stored.
fn they_go_on_alone(cluster: &mut Cluster, mut observers: [Node; 2]) {
    let query = Query::new("near.shop.example.", "A").subnet("10.3.7.0/24");
    let before = query.ask(cluster.nodes[1].dns());
    for node in &mut cluster.nodes[1..] {
        node.kill();
    }
    for observer in &mut observers {
        let (answer, code) = (query.ask(observer.dns()), observer.stop());
        assert_eq!((answer.answers, code), (before.answers.clone(), Some(0)), "{}", observer.log());
        observer.start();
    }
    for observer in &observers {
        let answer = wait::until("an answer by the stored state, marked", || {
            let answer = query.send(observer.dns()).map_err(|error| error.to_string())?;
            if answer.extended_error == Some(3) { Ok(answer) } else { Err(format!("{answer:?}")) }
        });
        assert_eq!(
            (answer.answers, answer.subnet),
            (before.answers.clone(), before.subnet.clone())
        );
    }
}
