//! Who may do what, and the trail that tells of it: on two real nodes, by certificate and by token.

use crate::traffic;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::operator::Operator;
use gslb_tests::{programs, wait};
use std::path::PathBuf;
use std::process::Command;

fn folder(cluster: &Cluster, name: &str) -> (PathBuf, String) {
    let path = cluster.folder().join(name);
    let shown = path.display().to_string();
    (path, shown)
}

#[test]
fn roles_tokens_and_the_audit_trail_hold_on_every_node() {
    let mut cluster = Cluster::form(&Setup { nodes: 2, ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    let bo = a_user_may_do_what_its_role_says(&cluster);
    let ci = a_token_acts_until_it_is_removed(&cluster);
    the_trail_tells_who_from_where_why_before_and_after(&cluster);
    all_nodes_hold_the_same_trail_after_a_restart(&mut cluster);
    a_record_that_was_altered_is_named(&cluster);
    let removed = cluster.operator.run("user remove bo --reason left", &[]);
    assert!(removed.out.contains("user remove bo"), "{removed:?}");
    for gone in [bo, ci] {
        let said = gone.attempt("status", &[]);
        assert_eq!(said.code, 1, "{said:?}");
    }
}

fn a_user_may_do_what_its_role_says(cluster: &Cluster) -> Operator {
    let (path, out) = folder(cluster, "bo");
    cluster.operator.run("user add bo --role operator --region fra --reason team --out", &[&out]);
    let bo = Operator::new(&path.join("ctl.toml"));
    // The node that is asked may follow a moment behind the one that took the change.
    wait::until("every node to know the user", || {
        let said = bo.attempt("whoami", &[]);
        if said.out.contains("bo is operator of region fra") { Ok(()) } else { Err(said) }
    });
    bo.run("set-weight fra 33 --reason CHG-9", &[]);
    let refused = bo.attempt("set-weight iad 33 --json", &[]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let error: serde_json::Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(error["code"], "forbidden", "{error}");
    assert!(error["message"].as_str().unwrap().contains("region iad is outside"), "{error}");
    assert_eq!(bo.attempt("node remove n2", &[]).code, 1);
    bo.run("status", &[]);
    let twice = cluster.operator.attempt("user add bo --role admin", &[]);
    assert_eq!(twice.code, 1, "{twice:?}");
    assert!(cluster.operator.run("user list", &[]).out.contains("operator of region fra"));
    bo
}

fn a_token_acts_until_it_is_removed(cluster: &Cluster) -> Operator {
    let (path, out) = folder(cluster, "ci");
    let made = cluster.operator.run("token add ci --role viewer --for 1h --out", &[&out]);
    let secret = std::fs::read_to_string(path.join("token")).unwrap();
    assert!(!made.out.contains(secret.trim()), "it lies in its folder only");
    let ci = Operator::new(&path.join("ctl.toml"));
    wait::until("every node to know the token", || {
        let said = ci.attempt("whoami", &[]);
        if said.out.contains("ci is viewer, by token") { Ok(()) } else { Err(said) }
    });
    ci.run("audit", &[]);
    assert_eq!(ci.attempt("set-weight fra 1", &[]).code, 1);
    // A token works without gslbctl, over plain HTTPS.
    if programs::missing(&["curl"]).is_none() {
        let url = format!("https://{}/v1/whoami", cluster.nodes[1].api());
        let ask = |bearer: &str| {
            let header = format!("authorization: Bearer {bearer}");
            let ca = path.join("ca.pem");
            let mut curl = Command::new("curl");
            curl.args(["-sS", "-H", &header, "--cacert"]).arg(ca).arg(&url);
            String::from_utf8(curl.output().unwrap().stdout).unwrap()
        };
        assert!(ask(secret.trim()).contains("\"name\":\"ci\""), "{}", ask(secret.trim()));
        assert!(ask("gslb_ci_00").contains("\"code\":\"unauthorized\""));
    }
    let shown = cluster.operator.run("token add once --role viewer", &[]);
    assert!(shown.out.contains("gslb_once_"), "{shown:?}");
    assert!(!cluster.operator.run("token list --json", &[]).out.contains("gslb_"));
    for name in ["once", "ci"] {
        cluster.operator.run(&format!("token remove {name}"), &[]);
    }
    wait::until("every node to refuse the token", || {
        let said = ci.attempt("status", &[]);
        if said.code == 1 && said.err.contains("token") { Ok(()) } else { Err(said) }
    });
    ci
}

fn the_trail_tells_who_from_where_why_before_and_after(cluster: &Cluster) {
    let audit = cluster.operator.json("audit --since 1h --limit 100");
    let entries = audit["entries"].as_array().unwrap();
    let change = entries.iter().find(|e| e["change"] == "set-weight fra 33").unwrap();
    assert_eq!((&change["actor"], &change["reason"]), (&"bo".into(), &"CHG-9".into()));
    assert_eq!(change["role"], "operator of region fra");
    assert!(change["proof"].as_str().unwrap().starts_with("certificate "), "{change}");
    assert!(change["from"].as_str().unwrap().starts_with("127."), "{change}");
    assert_eq!(change["before"], "weight 60 as declared");
    assert_eq!(change["after"], "weight 33");
    assert!(!audit.to_string().contains("set-weight iad 33"), "what was refused is no change");
    let table = cluster.operator.run("audit", &[]).out;
    for word in ["WHEN", "FROM", "BEFORE", "set-weight fra 33", "CHG-9"] {
        assert!(table.contains(word), "{word} in {table}");
    }
}

/// The files of the trail, byte by byte, of each node.
fn trails(cluster: &Cluster) -> Vec<String> {
    let read = |node: &gslb_tests::node::Node| {
        let path = node.folder.join("data/audit/00000001.jsonl");
        std::fs::read_to_string(path).unwrap_or_default()
    };
    cluster.nodes.iter().map(read).collect()
}

fn all_nodes_hold_the_same_trail_after_a_restart(cluster: &mut Cluster) {
    cluster.nodes[1].kill();
    cluster.nodes[1].start();
    wait::until("all nodes to hold every link", || {
        let said = cluster.operator.attempt("audit verify", &[]);
        if said.code == 0 { Ok(()) } else { Err(said) }
    });
    let trails = trails(cluster);
    assert!(trails[0].lines().count() > 8, "{trails:?}");
    assert_eq!(trails[0], trails[1]);
}

fn a_record_that_was_altered_is_named(cluster: &Cluster) {
    let path = cluster.nodes[1].folder.join("data/audit/00000001.jsonl");
    let good = std::fs::read_to_string(&path).unwrap();
    let line = good.lines().position(|line| line.contains("CHG-9")).unwrap() + 1;
    std::fs::write(&path, good.replace("CHG-9", "CHG-0")).unwrap();
    let said = cluster.operator.attempt("audit verify", &[]);
    assert_eq!(said.code, 1, "{said:?}");
    let named = format!("n2: record {} in ", line - 1);
    assert!(said.out.contains(&named), "{named} in {said:?}");
    assert!(said.out.contains(&format!("line {line}: its content does not fit its hash")));
    std::fs::write(&path, good).unwrap();
    cluster.operator.run("audit verify", &[]);
}
