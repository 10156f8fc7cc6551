//! What an operator changes is followed by all nodes.

use crate::traffic::{self, REGIONS};
use gslb_tests::client::{Query, Response};
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::node::Node;
use gslb_tests::operator::Operator;
use serde_json::Value;
use std::collections::BTreeSet;

fn www() -> Query {
    Query::new("www.shop.example.", "A")
}

fn gives(region: usize) -> impl Fn(&Response) -> bool {
    move |response| response.data() == [REGIONS[region].v4()]
}

/// Every node answers so, at once: the change said `--wait`.
fn assert_all(cluster: &Cluster, query: &Query, region: usize) {
    for node in &cluster.nodes {
        let answer = query.ask(node.dns());
        assert!(gives(region)(&answer), "{} answers {answer:?}", node.name);
    }
}

/// The regions that a name is answered with, over many clients.
fn seen(node: &Node, name: &str) -> BTreeSet<String> {
    let clients = (0..60).map(|n| format!("10.{}.{n}.0/24", 1 + n % 36));
    let ask = |client: String| Query::new(name, "A").subnet(&client).ask(node.dns()).data();
    clients.flat_map(ask).collect()
}

#[test]
fn three_nodes_follow_what_an_operator_changes() {
    let cluster = Cluster::form(&Setup::default());
    cluster.apply(&traffic::file(&[]));
    assert_all(&cluster, &www(), 0);
    an_export_applied_again_changes_nothing(&cluster);
    a_file_with_faults_is_refused_whole(&cluster);
    a_weight_of_zero_empties_a_region_until_it_is_cleared(&cluster);
    overrides_move_traffic_and_end_when_they_are_cleared(&cluster);
    every_node_takes_commands(&cluster);
    the_cluster_says_what_it_does(&cluster);
    both_families_lead_to_one_region_on_every_node(&cluster);
    metrics_and_readiness_are_told(&cluster);
}

fn metrics_and_readiness_are_told(cluster: &Cluster) {
    for node in &cluster.nodes {
        let (status, ready) = node.get("/readyz");
        assert!(status.contains("200"), "{status} {ready}");
        for line in ["[+]node ok", "[+]serving ok", "[+]leader ok", "[+]sync ok"] {
            assert!(ready.contains(line), "{line} in {ready}");
        }
        let (status, metrics) = node.get("/metrics");
        assert!(status.contains("200"), "{status}");
        assert!(metrics.contains("# TYPE gslb_") && metrics.ends_with("# EOF\n"), "{metrics}");
    }
    let (status, _) = cluster.nodes[0].get("/v1/status");
    assert!(status.contains("404"), "operators need a certificate: {status}");
}

fn an_export_applied_again_changes_nothing(cluster: &Cluster) {
    let first = cluster.operator.run("export", &[]).out;
    let applied = cluster.apply(&first);
    assert_eq!(applied["changes"], Value::Array(Vec::new()), "{applied}");
    assert_eq!(cluster.operator.run("export", &[]).out, first);
    let dry = cluster.apply_dry(&traffic::file(&[]).replace("weight = 60", "weight = 61"));
    assert_eq!(dry["changes"].as_array().map(Vec::len), Some(1), "{dry}");
    assert_eq!(cluster.operator.run("export", &[]).out, first, "a dry run changes nothing");
}

fn a_file_with_faults_is_refused_whole(cluster: &Cluster) {
    let before = cluster.operator.run("export", &[]).out;
    let broken = traffic::file(&[])
        .replace("order = [\"fra\", \"iad\", \"sin\"]", "order = [\"fra\", \"nowhere\"]")
        .replace("pool = \"web\"\npolicy = \"nearest\"", "pool = \"none\"\npolicy = \"nearest\"");
    let file = cluster.folder().join("broken.toml");
    std::fs::write(&file, broken).unwrap();
    let said = cluster.operator.attempt("apply -f", &[&file.display().to_string()]);
    assert_eq!(said.code, 2, "{said:?}");
    for word in ["broken.toml", "nowhere", "there is no pool none", "names[near.shop.example.]"] {
        assert!(said.err.contains(word), "{word} in {}", said.err);
    }
    assert_eq!(cluster.operator.run("export", &[]).out, before);
}

fn a_weight_of_zero_empties_a_region_until_it_is_cleared(cluster: &Cluster) {
    let name = "shares.shop.example.";
    assert_eq!(seen(&cluster.nodes[0], name).len(), 3);
    let set = cluster.operator.json("set-weight fra 0 --wait --timeout 30s");
    assert!(set["revision"].as_str().is_some_and(|r| r.contains('.')), "{set}");
    for node in &cluster.nodes {
        assert!(!seen(node, name).contains(&REGIONS[0].v4()), "{}", node.name);
    }
    cluster.apply(&traffic::file(&[]));
    assert!(!seen(&cluster.nodes[1], name).contains(&REGIONS[0].v4()), "it survives an apply");
    let status = cluster.operator.json("status");
    let fra = region(&status, "fra");
    assert_eq!((&fra["weight"], &fra["declared"]), (&0.into(), &60.into()), "{fra}");
    cluster.operator.run("set-weight fra --clear --wait --timeout 30s", &[]);
    for node in &cluster.nodes {
        assert!(seen(node, name).contains(&REGIONS[0].v4()), "{}", node.name);
    }
    cluster.operator.run("set-weight iad 0 --pool web --wait --timeout 30s", &[]);
    assert!(!seen(&cluster.nodes[2], name).contains(&REGIONS[1].v4()));
    cluster.operator.run("set-weight iad --clear --pool web --wait --timeout 30s", &[]);
    let refused = cluster.operator.attempt("set-weight nowhere 5", &[]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("nowhere"), "{refused:?}");
}

fn region<'v>(status: &'v Value, id: &str) -> &'v Value {
    let regions = status["regions"].as_array().unwrap();
    regions.iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("{id} in {status}"))
}

fn overrides_move_traffic_and_end_when_they_are_cleared(cluster: &Cluster) {
    let operator = &cluster.operator;
    for (change, region) in [
        ("force fra down --for 30m --wait --timeout 30s --reason test", 1),
        ("drain iad --for 1h --wait --timeout 30s --reason test", 2),
        ("clear iad --wait --timeout 30s", 1),
        ("clear fra --wait --timeout 30s", 0),
        ("drain web-fra-4 --permanent --wait --timeout 30s --reason test", 0),
    ] {
        operator.run(change, &[]);
        if !change.starts_with("drain web") {
            assert_all(cluster, &www(), region);
        }
    }
    operator.run("clear web-fra-4 --wait --timeout 30s", &[]);
    assert_all(cluster, &www(), 0);
    let refused = operator.attempt("force fra down --for 73h --reason test", &[]);
    assert_ne!(refused.code, 0, "{refused:?}");
    let nothing = operator.attempt("clear fra", &[]);
    assert_eq!(nothing.code, 1, "{nothing:?}");
}

/// A context that names one node only: that node forwards.
fn every_node_takes_commands(cluster: &Cluster) {
    let context = std::fs::read_to_string(cluster.operator.context()).unwrap();
    let start = context.find("servers = ").unwrap();
    let end = start + context[start..].find("\nca").unwrap();
    for (weight, node) in [31, 32, 30].into_iter().zip(&cluster.nodes) {
        let one = format!("servers = [\"https://{}\"]", node.api());
        let text = format!("{}{one}{}", &context[..start], &context[end..]);
        let path = cluster.operator.context().with_file_name(format!("{}.toml", node.name));
        std::fs::write(&path, text).unwrap();
        let operator = Operator::new(&path);
        operator.run(&format!("set-weight iad {weight} --wait --timeout 30s"), &[]);
        let status = operator.json("status");
        assert_eq!(region(&status, "iad")["weight"], weight, "by {}", node.name);
    }
}

fn the_cluster_says_what_it_does(cluster: &Cluster) {
    let status = cluster.operator.json("status");
    let nodes = status["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 3);
    let revisions: BTreeSet<&str> =
        nodes.iter().filter_map(|n| n["report"]["served"].as_str()).collect();
    assert_eq!(revisions.len(), 1, "all serve one revision: {status}");
    let places: BTreeSet<String> =
        nodes.iter().map(|n| n["report"]["places"]["id"].to_string()).collect();
    assert_eq!(places.len(), 1, "all use one edition of place data: {status}");
    for line in ["status", "health", "audit", "overrides", "node list"] {
        let said = cluster.operator.run(line, &[]);
        assert!(
            !said.out.is_empty() && !said.out.contains('\x1b'),
            "no colour in a pipe: {said:?}"
        );
    }
    let explain = cluster.operator.json("explain near.shop.example. --client 10.28.0.9");
    assert_eq!(explain["kind"], "steered", "{explain}");
    assert!(explain.to_string().contains("Jakarta"), "{explain}");
    assert!(explain["decision"].to_string().contains("sin"), "{explain}");
    let text = cluster.operator.run("explain near.shop.example. --client 10.28.0.9", &[]).out;
    for word in ["proximity", "sin", "Jakarta"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let nothing = cluster.operator.run("explain nothing.shop.example. --client 10.28.0.9", &[]).out;
    assert!(!nothing.is_empty());
}

fn both_families_lead_to_one_region_on_every_node(cluster: &Cluster) {
    let name = "shares.shop.example.";
    let mut differ = 0;
    for client in 0..60 {
        let prefix = format!("10.{}.{}.0/24", 1 + client % 36, 100 + client);
        let ask =
            |rtype: &str, node: &Node| Query::new(name, rtype).subnet(&prefix).ask(node.dns());
        let v4 = ask("A", &cluster.nodes[client % 3]).data();
        let v6 = ask("AAAA", &cluster.nodes[(client + 1) % 3]).data();
        let same = REGIONS.iter().any(|r| v4 == [r.v4()] && v6 == [r.v6()]);
        differ += usize::from(!same);
    }
    // A draw holds for a slot of two seconds; a pair may stand on both sides of its end.
    assert!(differ <= 6, "{differ} of 60 pairs differ");
}
