//! Clocks that are wrong, and step.

use crate::scene::Scene;

/// A node starts 400 days ahead, and its clock then steps to 400 days behind.
pub(crate) fn wrong(scene: &mut Scene<'_>) {
    let (node, (_, other)) = (scene.leader(), scene.followers());
    let (name, clock) = (scene.name(node), scene.cluster.folder().join("clock"));
    let set = |offset: &str| std::fs::write(&clock, offset).expect("the folder can be written");
    set("+400d");
    scene.stop(node);
    scene.cluster.nodes[node].clock = Some(clock.clone());
    scene.start(node);
    scene.says(other, &[&format!("the clock of node {name} is"), "days ahead of", "Set it"]);
    scene.changes_go_on();
    set("-400d");
    scene.says(other, &[&format!("the clock of node {name} is"), "days behind", "Set it"]);
    scene.changes_go_on();
    scene.stop(node);
    scene.cluster.nodes[node].clock = None;
    scene.start(node);
}
