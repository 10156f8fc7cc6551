//! The nodes that a cluster begins with, made in one step.

use super::error::CtlError;
use super::node::{NewNode, add_founders};
use crate::config::host_of;
use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use std::path::Path;

/// Port for the other nodes.
const RAFT_PORT: u16 = 8054;
/// Port of the API.
const API_PORT: u16 = 8053;
/// More voters make every change slower; the others are added later.
const FOUNDERS_MAX: usize = 7;

/// The nodes as they were typed, each in a folder of its name within `dir`.
pub(super) fn founders(dir: &Path, typed: &[(String, String)]) -> Result<Vec<NewNode>, CtlError> {
    let usage = |what: String| Err(CtlError::Usage(what));
    if typed.len() > FOUNDERS_MAX {
        return usage(format!("a cluster begins with at most {FOUNDERS_MAX} nodes"));
    }
    let names: BTreeSet<&String> = typed.iter().map(|(name, _)| name).collect();
    let hosts: BTreeSet<&String> = typed.iter().map(|(_, host)| host).collect();
    if names.len() < typed.len() || hosts.len() < typed.len() {
        return usage("two nodes have one name or one host: each needs its own".to_owned());
    }
    let new = |(name, host): &(String, String)| {
        let host = match host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => host.clone(),
        };
        let at = |port: u16| format!("{host}:{port}");
        let (raft, api) = (at(RAFT_PORT), at(API_PORT));
        // A port of its own would be taken for a part of the host.
        if host_of(&raft).contains(':') && !host.starts_with('[') {
            let what = format!("{host} is a host with a port: give the host alone");
            return Err(CtlError::Usage(what));
        }
        Ok(NewNode { name: name.clone(), raft, api, observer: false, out: dir.join(name) })
    };
    typed.iter().map(new).collect()
}

/// Makes their folders.
pub(super) fn make(dir: &Path, all: &[NewNode]) -> Result<(), CtlError> {
    if all.is_empty() { Ok(()) } else { add_founders(dir, all) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::cluster;
    use crate::ctl::context::{Context, FILE_NAME};
    use gslb_consensus::identity::{ClusterKey, Identity};

    fn typed(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, host)| ((*name).to_owned(), (*host).to_owned())).collect()
    }

    #[test]
    fn the_first_founds_and_knows_the_others_each_has_its_number_and_key() {
        let dir = tempfile::tempdir().unwrap();
        cluster::init(dir.path(), "prod", "ann").unwrap();
        let all = typed(&[("a", "192.0.2.1"), ("b", "b.example.net"), ("c", "2001:db8::1")]);
        let all = founders(dir.path(), &all).unwrap();
        make(dir.path(), &all).unwrap();
        let read = |name| Identity::load(&dir.path().join(name)).unwrap();
        let known: Vec<String> = read("a").founders.iter().map(|f| f.raft.clone()).collect();
        assert_eq!(known, ["192.0.2.1:8054", "b.example.net:8054", "[2001:db8::1]:8054"]);
        assert!(read("b").founders.is_empty());
        for (name, id) in [("a", 1), ("b", 2), ("c", 3)] {
            assert_eq!((read(name).node_id, read(name).founder), (id, id == 1), "{name}");
            let key = ClusterKey::load(&dir.path().join(name)).unwrap();
            assert_eq!(key, ClusterKey::load(dir.path()).unwrap());
            assert!(key.is_some());
        }
        let context = Context::load(&dir.path().join(FILE_NAME)).unwrap();
        assert_eq!(context.servers().len(), 3);
    }

    #[test]
    fn what_cannot_begin_a_cluster_is_refused_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        for bad in [
            &[("a", "h"), ("a", "i")][..],
            &[("a", "h"), ("b", "h")],
            &[("a", "h:80")],
            &[
                ("a", "1"),
                ("b", "2"),
                ("c", "3"),
                ("d", "4"),
                ("e", "5"),
                ("f", "6"),
                ("g", "7"),
                ("h", "8"),
            ],
        ] {
            let error = founders(dir.path(), &typed(bad)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{bad:?}");
        }
        cluster::init(dir.path(), "prod", "ann").unwrap();
        let all = founders(dir.path(), &typed(&[("a", "h"), ("B_", "i")])).unwrap();
        assert!(make(dir.path(), &all).is_err());
        assert!(!dir.path().join("a/identity.toml").exists());
    }
}
