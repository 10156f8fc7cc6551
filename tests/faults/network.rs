//! Faults of the ways between nodes: cut, cut one way, slow.

use crate::scene::Scene;
use gslb_tests::delay::Delay;
use gslb_tests::node::RAFT_PORT;
use std::net::SocketAddr;
use std::time::Duration;

/// A follower is cut off: it answers on, and says so.
pub(crate) fn node_cut_off(scene: &mut Scene<'_>) {
    let (node, other) = scene.followers();
    cut_off(scene, node, other);
}

/// The leader is cut off: another one is chosen.
pub(crate) fn leader_cut_off(scene: &mut Scene<'_>) {
    let (leader, (other, _)) = (scene.leader(), scene.followers());
    cut_off(scene, leader, other);
}

fn cut_off(scene: &mut Scene<'_>, node: usize, other: usize) {
    let name = scene.name(node);
    scene.hosts.cut(node);
    scene.changes_go_on();
    let alone = format!("{name} is cut off (look at its network)");
    scene.says(node, &["changes are not accepted", "answer from the last agreed state", &alone]);
    scene.says(other, &[&format!("node {name} was not heard"), "the network between is cut"]);
    scene.hosts.mend();
}

/// The leader reaches one of the others no more, which still reaches the leader.
pub(crate) fn cut_one_way(scene: &mut Scene<'_>) {
    let (leader, (deaf, other)) = (scene.leader(), scene.followers());
    scene.hosts.cut_one_way(leader, deaf);
    let (from, to) = (scene.name(leader), scene.name(deaf));
    let cut = format!("the way from {from} to {to} is cut");
    scene.says(other, &[&format!("node {from} gets no answer from {to}"), &cut, "firewalls"]);
    scene.changes_go_on();
    scene.hosts.mend();
}

/// One node is far away from the others, all of a sudden.
pub(crate) fn slow_link(scene: &mut Scene<'_>) {
    let (far, near) = scene.followers();
    // Each way; a round trip is twice that, and more than the timers are for.
    let delay = Duration::from_millis(match scene.timers {
        "region" => 40,
        "global" => 200,
        _ => 80,
    });
    let mut proxies = Vec::new();
    for other in [near, scene.leader()] {
        for (from, to) in [(far, other), (other, far)] {
            let target = SocketAddr::new(scene.hosts.address(to), RAFT_PORT);
            let proxy = Delay::start(scene.hosts.own_address(), target, delay);
            scene.hosts.detour(from, to, proxy.address());
            proxies.push(proxy);
        }
    }
    let names = [scene.name(far), scene.name(near)];
    let mut words = vec!["a round trip takes long between", "Look at the network, or "];
    words.extend(names.iter().map(String::as_str));
    scene.says(near, &words);
    scene.changes_go_on();
    scene.hosts.mend();
    drop(proxies);
}
