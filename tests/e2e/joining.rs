//! Nodes that join by a token, and a cluster that begins in one step.

use crate::mistakes::gslb_node;
use crate::traffic;
use gslb_consensus::identity::{Admission, Authority, ClusterKey, Identity, NodeKey, NodeName};
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::node::Node;
use gslb_tests::operator::Said;
use gslb_tests::{loopback, wait};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A node that has a folder and nothing in it.
fn stranger(cluster: &Cluster, name: &str) -> Node {
    Node::new(name, cluster.folder().join(name), loopback::fresh(), 5353)
}

/// Tries to join into a folder; how that ended.
fn attempt(cluster: &Cluster, token: &Path, folder: &Path) -> Said {
    let (at, token) = (cluster.nodes[0].api(), token.display().to_string());
    let dir = folder.display().to_string();
    gslb_node(&["--join", &at, "--token-file", &token, "--dir", &dir])
}

/// A copy of a token file with something else in it.
fn changed(token: &Path, name: &str, change: impl Fn(&str) -> String) -> PathBuf {
    let path = token.with_file_name(name);
    fs::write(&path, change(&fs::read_to_string(token).unwrap())).unwrap();
    path
}

/// The number of a node, by the cluster.
fn number(cluster: &Cluster, name: &str) -> Option<u64> {
    let listed = cluster.operator.run("node list --json", &[]).json();
    let nodes = listed["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["name"] == name)?["id"].as_u64()
}

#[test]
fn three_nodes_come_together_by_tokens_and_no_token_serves_twice() {
    let mut cluster = Cluster::form(&Setup { nodes: 1, places: Vec::new(), ..Setup::default() });
    let second = cluster.invite("n2");
    cluster.invite("n3");
    cluster.wait_for_voters();
    cluster.apply(&traffic::file(&[]));
    let told = cluster.operator.run("audit", &[]).out;
    for change in ["node invite n2", "node n2 joins by its invite", "key by which the nodes sign"] {
        assert!(told.contains(change), "{change} in {told}");
    }
    assert!(cluster.operator.run("node list", &[]).out.contains("until 20"));
    a_token_is_spent_once(&cluster, &second);
    a_node_that_was_cut_off_while_it_joined_gets_its_number(&mut cluster);
    who_is_not_meant_stays_out(&cluster);
    an_invite_ends_by_time(&cluster);
    no_secret_is_told(&cluster);
}

fn a_token_is_spent_once(cluster: &Cluster, token: &Path) {
    let said = attempt(cluster, token, &cluster.folder().join("twice"));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("was spent by node 2"), "{said:?}");
    assert!(!cluster.folder().join("twice/identity.toml").exists());
}

/// Its first answer is lost before it is written whole: what lies there serves the next time.
fn a_node_that_was_cut_off_while_it_joined_gets_its_number(cluster: &mut Cluster) {
    let mut node = stranger(cluster, "n4");
    let token = cluster.token(&node, "1h");
    fs::create_dir_all(&node.folder).unwrap();
    node.write_config(&[]);
    node.joins = Some((cluster.nodes[1].api(), token));
    let complete = node.folder.join("identity.toml");
    node.start();
    wait::until_true("the identity to be written", || complete.exists());
    node.kill();
    let first = number(cluster, "n4");
    let key = fs::read(node.folder.join("node.key")).unwrap();
    for lost in ["identity.toml", "node.pem", "ca.pem", "cluster.key"] {
        fs::remove_file(node.folder.join(lost)).unwrap();
    }
    // It was cut off before it began any data.
    let _ = fs::remove_dir_all(node.folder.join("data"));
    node.start();
    wait::until_true("the identity to be written again", || complete.exists());
    assert_eq!(number(cluster, "n4"), first);
    assert_eq!(fs::read(node.folder.join("node.key")).unwrap(), key);
    cluster.nodes.push(node);
    cluster.wait_for_voters();
    // Once it is in it just runs, with the token or without.
    let node = cluster.nodes.last_mut().unwrap();
    node.kill();
    fs::remove_file(&node.joins.as_ref().unwrap().1).unwrap();
    node.start();
    wait::until("it to run again", || {
        let said = cluster.operator.attempt("status --json", &[]);
        let status = if said.code == 0 { said.json() } else { return Err(said.err) };
        let nodes = status["nodes"].as_array().cloned().unwrap_or_default();
        let heard = nodes.iter().any(|n| n["name"] == "n4" && n["heard"] == true);
        if heard { Ok(()) } else { Err(status.to_string()) }
    });
}

fn who_is_not_meant_stays_out(cluster: &Cluster) {
    let node = stranger(cluster, "n5");
    let token = cluster.token(&node, "1h");
    let folder = cluster.folder().join("n5");
    // For another node.
    let other = changed(&token, "other.token", |t| t.replace("node = \"n5\"", "node = \"n6\""));
    let said = attempt(cluster, &other, &folder);
    assert!(said.code == 2 && said.err.contains("not of node n6"), "{said:?}");
    // A guess.
    let guess = changed(&token, "guess.token", |text| {
        let at = text.find("gslb_n5_").unwrap() + 8;
        format!("{}{}{}", &text[..at], "0".repeat(64), &text[at + 64..])
    });
    let said = attempt(cluster, &guess, &folder);
    assert!(said.code == 1 && said.err.contains("not known here"), "{said:?}");
    // A server that another authority signed is not told the secret.
    let foreign = Authority::create("lab").unwrap();
    let pin = changed(&token, "pin.token", |text| {
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n");
        let (from, to) = (text.find(begin).unwrap(), text.rfind(end).unwrap() + end.len());
        format!("{}{}{}", &text[..from], foreign.certificate_pem(), &text[to..])
    });
    let said = attempt(cluster, &pin, &folder);
    assert!(said.code == 1 && said.err.contains("certificate"), "{said:?}");
    let said = gslb_node(&["--join", "127.0.0.1:1", "--token-file", "none"]);
    assert!(said.code == 2 && said.err.contains("--dir"), "{said:?}");
    assert_eq!(number(cluster, "n5"), None);
    // All that left the token as it was; and all of its files may lie in one folder.
    let said = cluster.operator.run("node invites", &[]);
    assert!(said.out.contains("n5") && said.out.contains("waits"), "{said:?}");
    let taken = std::net::TcpListener::bind(node.raft()).unwrap();
    let said = attempt(cluster, &token, &folder);
    assert!(said.code == 1 && said.err.contains("another program listens"), "{said:?}");
    drop(taken);
    let starter = fs::read_to_string(folder.join("node.toml")).unwrap();
    assert!(starter.contains(&node.api()), "{starter}");
    assert_eq!(Identity::load(&folder).unwrap().name, "n5");
    cluster.operator.run("node remove n5", &[]);
    // Its number is gone with it, and the token serves nobody any more.
    fs::remove_file(folder.join("identity.toml")).unwrap();
    let said = attempt(cluster, &token, &folder);
    assert!(said.code == 1 && said.err.contains("was spent by node"), "{said:?}");
}

fn an_invite_ends_by_time(cluster: &Cluster) {
    let node = stranger(cluster, "n7");
    let token = cluster.token(&node, "1s");
    wait::until("the invite to end", || {
        let said = cluster.operator.run("node invites --json", &[]);
        if said.out.contains("n7") { Err(said) } else { Ok(()) }
    });
    let said = attempt(cluster, &token, &node.folder);
    assert!(said.code == 1 && said.err.contains("not known here"), "{said:?}");
    assert!(cluster.operator.run("audit", &[]).out.contains("invite of node n7 has ended by time"));
    let gone = cluster.operator.attempt("node uninvite n7", &[]);
    assert!(gone.code == 1 && gone.err.contains("there is no invite"), "{gone:?}");
}

/// No secret is in a backup, an export, a log or anything that a node keeps of what was agreed.
fn no_secret_is_told(cluster: &Cluster) {
    let backup = cluster.folder().join("lab.gslb");
    cluster.operator.run("snapshot save", &[&backup.display().to_string()]);
    let context = cluster.operator.context().parent().unwrap().to_owned();
    let cluster_key = ClusterKey::load(&context).unwrap().unwrap();
    let hex = cluster_key.to_hex();
    let raw: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    let token = fs::read_to_string(cluster.folder().join("n2.token")).unwrap();
    let at = token.find("gslb_n2_").unwrap();
    let secret = token[at..at + 72].to_owned();
    let mut told = vec![("backup", fs::read(&backup).unwrap())];
    for (what, command) in
        [("export", "export"), ("invites", "node invites --json"), ("audit", "audit --json")]
    {
        told.push((what, cluster.operator.run(command, &[]).out.into_bytes()));
    }
    for node in &cluster.nodes {
        told.push(("log", node.log().into_bytes()));
        let mut folders = vec![node.folder.join("data")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    told.push(("data", fs::read(path).unwrap()));
                }
            }
        }
    }
    assert!(told.iter().any(|(what, bytes)| *what == "data" && bytes.len() > 1_000));
    let hidden: [&[u8]; 4] = [hex.as_bytes(), &raw, secret.as_bytes(), b"PRIVATE KEY"];
    for (what, bytes) in told {
        for secret in hidden {
            let found = bytes.windows(secret.len()).any(|part| part == secret);
            assert!(!found, "{what} holds a secret of {} bytes", secret.len());
        }
    }
}

#[test]
fn a_cluster_of_three_begins_in_one_step_and_renews_what_it_signed() {
    let mut cluster = Cluster::begin(&["n1", "n2", "n3"]);
    cluster.apply(&traffic::file(&[]));
    assert_eq!(number(&cluster, "n3"), Some(3));
    cluster.invite("n4");
    cluster.wait_for_voters();
    // Its certificate is made to be 85 of its 90 days old, by a key as the nodes have one.
    let folder = cluster.nodes[3].folder.clone();
    let identity = Identity::load(&folder).unwrap();
    let authority = Authority::load(cluster.operator.context().parent().unwrap()).unwrap();
    let key = NodeKey::load_or_create(&folder).unwrap();
    let address = cluster.nodes[3].address().to_string();
    let node = NodeName { id: 4, name: "n4".to_owned(), hosts: vec![address] };
    let day = Duration::from_secs(86_400);
    let issuing = authority.make_issuing_key().unwrap();
    let request = key.request().unwrap();
    let old = issuing.sign(&node, &request, SystemTime::now() - day * 85, day * 90).unwrap();
    cluster.nodes[3].kill();
    let admission = Admission {
        cluster: identity.cluster.clone(),
        cluster_uuid: identity.cluster_uuid.clone(),
        node_id: 4,
        name: "n4".to_owned(),
        ca_pem: authority.certificate_pem().to_owned(),
        cert_pem: old,
    };
    admission.save(&folder).unwrap();
    let before = fs::read(folder.join("node.key")).unwrap();
    cluster.nodes[3].start();
    wait::until("the certificate to be renewed", || {
        let now = Identity::load(&folder).map_err(|error| error.to_string())?;
        let ends = SystemTime::UNIX_EPOCH
            + Duration::from_secs(u64::try_from(now.validity().ends_s).unwrap());
        let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
        if left > day * 89 { Ok(()) } else { Err(format!("{left:?} left")) }
    });
    assert_ne!(fs::read(folder.join("node.key")).unwrap(), before, "the key is new, too");
    wait::until("the new certificate to be used", || {
        let status = cluster.operator.run("status --json", &[]).json();
        let nodes = status["nodes"].as_array().cloned().unwrap_or_default();
        let ends_s = nodes
            .iter()
            .find(|n| n["name"] == "n4")
            .and_then(|n| n["report"]["certificate"]["ends_s"].as_i64());
        let own = Identity::load(&folder).unwrap().validity().ends_s;
        if ends_s == Some(own) { Ok(()) } else { Err(status.to_string()) }
    });
    let told = cluster.operator.run("audit", &[]).out;
    assert!(told.contains("new certificate for node 4"), "{told}");
    cluster.operator.run("set-weight iad 7 --wait", &[]);
}
