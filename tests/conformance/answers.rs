//! Every dialogue of tests/dialogues, with one real node.

use crate::dialogue;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::tree;

#[test]
fn a_node_answers_as_the_dialogues_say() {
    let cluster = Cluster::form(&Setup { nodes: 1, ..Setup::default() });
    cluster.apply_file(&tree::root().join("tests/dialogues/traffic.toml"));
    let server = cluster.nodes[0].dns();
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in tree::files("tests/dialogues", ".txt") {
        for case in dialogue::read(&std::fs::read_to_string(&file).unwrap()) {
            count += 1;
            wrong.extend(case.run(server).err().map(|e| format!("{}: {e}", tree::shown(&file))));
        }
    }
    assert!(count > 50, "only {count} cases were read");
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
}
