//! Certificates that are replaced while the node runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::authority::tests::{authority, successor};
use super::files::write;
use super::{Authority, Identity};

const DAY: Duration = Duration::from_secs(86_400);

/// A node that runs with its folder, and the authority that made it.
struct Lab {
    dir: tempfile::TempDir,
    authority: Authority,
    node: PathBuf,
}

impl Lab {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = authority(&dir.path().join("ca"));
        let node = dir.path().join("n1");
        authority.issue_node(1, "a", true, &[]).unwrap().save(&node).unwrap();
        Self { dir, authority, node }
    }

    /// A folder with the files of a node, which this authority issues.
    fn files(&self, authority: &Authority, id: u64) -> PathBuf {
        let folder = self.dir.path().join(format!("files-{id}"));
        authority.issue_node(id, "a", false, &[]).unwrap().save(&folder).unwrap();
        folder
    }

    fn put(&self, from: &Path, names: &[&str]) {
        for name in names {
            fs::copy(from.join(name), self.node.join(name)).unwrap();
        }
    }
}

/// Why a reload is refused; what was shown before is shown still.
fn refused(identity: &Identity, now: SystemTime) -> String {
    let before = identity.server_config();
    let why = identity.reload(now).unwrap_err().to_string();
    assert!(Arc::ptr_eq(&before, &identity.server_config()), "{why}");
    why
}

#[test]
fn a_new_pair_is_used_and_one_that_does_not_fit_is_refused() {
    let lab = Lab::new();
    let identity = Identity::load(&lab.node).unwrap();
    let before = identity.server_config();
    let new = lab.files(&lab.authority, 1);
    lab.put(&new, &["node.pem"]);
    refused(&identity, SystemTime::now());
    lab.put(&new, &["node.key"]);
    identity.reload(SystemTime::now()).unwrap();
    assert!(!Arc::ptr_eq(&before, &identity.server_config()));
}

#[test]
fn what_is_of_another_node_or_signed_by_nobody_known_is_refused() {
    let lab = Lab::new();
    let identity = Identity::load(&lab.node).unwrap();
    lab.put(&lab.files(&lab.authority, 2), &["node.pem", "node.key"]);
    let why = refused(&identity, SystemTime::now());
    assert!(why.contains("it is of node 2"), "{why}");
    // The same cluster by name and id, but not by signature.
    let theirs = successor(&lab.authority);
    lab.put(&lab.files(&theirs, 1), &["node.pem", "node.key"]);
    let why = refused(&identity, SystemTime::now());
    assert!(why.contains("no authority of ca.pem signed it"), "{why}");
    fs::write(lab.node.join("node.pem"), "").unwrap();
    let why = refused(&identity, SystemTime::now());
    assert!(why.contains("holds no certificate"), "{why}");
}

#[test]
fn what_is_over_or_has_not_begun_is_refused_but_keeps_no_node_from_starting() {
    let lab = Lab::new();
    let identity = Identity::load(&lab.node).unwrap();
    let now = SystemTime::now();
    let why = refused(&identity, now + DAY * 6 * 365);
    assert!(why.contains("its time is over"), "{why}");
    let why = refused(&identity, now - DAY * 2);
    assert!(why.contains("its time has not begun"), "{why}");
    identity.reload(now).unwrap();
    let left = identity.validity().ends_s - identity.validity().begins_s;
    assert_eq!(left, 86_400 * (5 * 365 + 1));
}

#[test]
fn with_two_authorities_nodes_of_both_know_each_other() {
    let lab = Lab::new();
    let new = successor(&lab.authority);
    let of_new = Identity::load(&lab.files(&new, 2)).unwrap();
    let both = lab.authority.certificate_pem().to_owned() + new.certificate_pem();
    write(&lab.node, "ca.pem", &both, 0o644).unwrap();
    let identity = Identity::load(&lab.node).unwrap();
    let trusted = &identity.tls().credentials;
    assert_eq!(trusted.authorities.len(), 2);
    // Its own certificate is of the old one; one of the new one is taken as well.
    lab.put(&lab.files(&new, 1), &["node.pem", "node.key"]);
    identity.reload(SystemTime::now()).unwrap();
    assert!(identity.validity().authority_ends_s >= of_new.validity().authority_ends_s);
}

#[test]
fn a_pair_is_replaced_whole_however_far_it_got() {
    // What lies beside the pair when the node is cut off, and which pair it is then.
    for (left, is_new) in [
        (&["node.key.next"][..], false),
        (&["node.key.next", "node.pem.next"], true),
        (&["node.pem.next"], true),
    ] {
        let lab = Lab::new();
        let before = fs::read(lab.node.join("node.pem")).unwrap();
        let new = lab.files(&lab.authority, 1);
        if left == ["node.pem.next"] {
            lab.put(&new, &["node.key"]);
        }
        for name in left {
            let from = new.join(name.trim_end_matches(".next"));
            fs::copy(from, lab.node.join(name)).unwrap();
        }
        Identity::load(&lab.node).unwrap();
        let now = fs::read(lab.node.join("node.pem")).unwrap();
        assert_eq!(now != before, is_new, "{left:?}");
    }
    let lab = Lab::new();
    let identity = Identity::load(&lab.node).unwrap();
    lab.authority.issue_node(1, "a", true, &[]).unwrap().replace(&lab.node).unwrap();
    identity.reload(SystemTime::now()).unwrap();
    let left: Vec<_> = fs::read_dir(&lab.node).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}
