//! Faults of nodes: killed, frozen, drained, restarted, without their data.

use crate::scene::{NODES, Scene};
use gslb_tests::wait;
use std::path::{Path, PathBuf};

/// Exit code of a node whose data may not be trusted.
const STORAGE: i32 = 3;

/// The leader dies at once.
pub(crate) fn leader_killed(scene: &mut Scene<'_>) {
    let (leader, (other, _)) = (scene.leader(), scene.followers());
    let name = scene.name(leader);
    scene.kill(leader);
    scene.changes_go_on();
    scene.says(other, &["of 3 voters", &format!("{name} is silent"), "Bring it back"]);
    scene.says(other, &[&format!("node {name} was not heard"), "refuses connections", "Start it"]);
    scene.start(leader);
}

/// Two nodes of three die; the third one answers on.
pub(crate) fn quorum_lost(scene: &mut Scene<'_>) {
    let (leader, (left, other)) = (scene.leader(), scene.followers());
    scene.kill(leader);
    scene.kill(other);
    let needed = format!("2 of 3 voters are needed and {} hears 1", scene.name(left));
    scene.says(left, &["changes are not accepted", &needed, "gslbctl snapshot restore"]);
    scene.start(other);
    scene.majority();
    scene.changes_go_on();
    scene.start(leader);
}

/// The leader stands still, with all its connections open.
pub(crate) fn leader_frozen(scene: &mut Scene<'_>) {
    let (leader, (other, _)) = (scene.leader(), scene.followers());
    let name = scene.name(leader);
    scene.set_live(leader, false);
    scene.cluster.nodes[leader].process().signal("STOP");
    scene.changes_go_on();
    scene.says(other, &[&format!("node {name} was not heard"), "down or frozen", "Look at"]);
    scene.cluster.nodes[leader].process().signal("CONT");
    scene.set_live(leader, true);
}

/// An operator drains the leader.
pub(crate) fn node_drained(scene: &mut Scene<'_>) {
    let (leader, (other, _)) = (scene.leader(), scene.followers());
    let name = scene.name(leader);
    let drain = format!("node drain {name} --reason kernel");
    scene.operator(other).run(&drain, &[]);
    wait::until_true("another node to lead", || scene.leader() != leader);
    scene.says(leader, &[&format!("node {name} is drained"), "--clear ends that"]);
    scene.operator(other).run(&format!("node drain {name} --clear"), &[]);
}

/// Every node is stopped and started, one after the other.
pub(crate) fn rolling_restart(scene: &mut Scene<'_>) {
    for node in 0..NODES {
        scene.stop(node);
        scene.start(node);
        scene.changes_go_on();
    }
}

/// A node comes back without its data: it runs, but is not what joined the cluster.
pub(crate) fn data_gone(scene: &mut Scene<'_>) {
    // The founder would not even start: to begin the cluster again would be worse than to be away.
    let (node, other) = match scene.followers() {
        (0, second) => (second, 0),
        others => others,
    };
    let name = scene.name(node);
    let aside = Aside::take(scene, node);
    scene.cluster.nodes[node].start();
    scene.says(other, &[&format!("node {name}: its data folder is not the one"), "Put that back"]);
    scene.says(other, &["of 3 voters", &format!("{name} is silent or stopped")]);
    aside.put_back(scene, node);
}

/// A node comes back with the data of another one.
pub(crate) fn data_foreign(scene: &mut Scene<'_>) {
    let (node, other) = scene.followers();
    let theirs = data(scene, other);
    let copy = |data: &Path| {
        for file in files(&theirs) {
            let to = data.join(file.file_name().expect("a file has a name"));
            if file.is_file() {
                std::fs::copy(file, to).expect("a file of a running node can be copied");
            }
        }
    };
    let name = scene.name(node);
    let aside = Aside::take(scene, node);
    copy(&data(scene, node));
    scene.cluster.nodes[node].start();
    let code = scene.cluster.nodes[node].process().wait().code();
    let log = scene.cluster.nodes[node].log();
    assert!(code == Some(STORAGE) && log.contains("not this node's"), "{code:?}\n{log}");
    scene.says(other, &[&format!("node {name} was not heard"), "exit code 3", "data verify"]);
    aside.put_back(scene, node);
}

/// The data of a node that is put aside; its folder is a file system of its own, so that what is in it
/// moves, one by one.
struct Aside(PathBuf);

impl Aside {
    /// Kills a node and takes its data away.
    fn take(scene: &mut Scene<'_>, node: usize) -> Self {
        let aside = scene.cluster.nodes[node].folder.join("aside");
        scene.kill(node);
        std::fs::create_dir(&aside).expect("a folder can be made");
        carry(&data(scene, node), &aside);
        Self(aside)
    }

    /// Kills the node again, gives it back what it had, and starts it.
    fn put_back(self, scene: &mut Scene<'_>, node: usize) {
        let data = data(scene, node);
        scene.kill(node);
        files(&data).iter().for_each(|file| remove(file));
        carry(&self.0, &data);
        std::fs::remove_dir(&self.0).expect("it is empty");
        scene.start(node);
    }
}

fn data(scene: &Scene<'_>, node: usize) -> PathBuf {
    scene.cluster.nodes[node].folder.join("data")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    entries.map(|entry| entry.expect("and its entries").path()).collect()
}

fn remove(path: &Path) {
    let done =
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    done.expect("the data of a node that does not run can be removed");
}

/// Moves all that is in one folder to another file system.
fn carry(from: &Path, to: &Path) {
    for file in files(from) {
        let status = std::process::Command::new("mv").arg(&file).arg(to).status();
        assert!(status.is_ok_and(|status| status.success()), "mv {}", file.display());
    }
}
