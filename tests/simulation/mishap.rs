//! Has happen what the plan says, and takes it back.

use crate::clock::pass_ms;
use crate::lab::{Lab, seat};
use crate::plan::{Event, Fault};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Runs all faults of the plan; when this returns each has been taken back.
pub(crate) async fn run(lab: &Arc<Lab>) {
    if let Some(liar) = lab.plan.liar {
        lab.nodes[&liar].disk.set_lies();
    }
    let mut running = JoinSet::new();
    for event in lab.plan.events.clone() {
        let lab = Arc::clone(lab);
        running.spawn(async move {
            let Event { at_ms, for_ms, fault } = event;
            pass_ms(at_ms).await;
            lab.journal.tell(format_args!("begins, for {for_ms} ms: {fault:?}"));
            begin(&lab, &fault).await;
            pass_ms(for_ms).await;
            end(&lab, &fault).await;
            lab.journal.tell(format_args!("is over: {fault:?}"));
        });
    }
    pass_ms(lab.plan.phase_ms).await;
    while running.join_next().await.is_some() {}
}

/// The ways between nodes that a fault cuts.
fn ways(lab: &Lab, fault: &Fault) -> Vec<(u64, u64)> {
    let inside = |id: &u64| match fault {
        Fault::Isolate(node) => id == node,
        Fault::Split(side) => side.contains(id),
        _ => false,
    };
    let mut ways = Vec::new();
    for from in lab.nodes.keys() {
        for to in lab.nodes.keys().filter(|to| inside(to) != inside(from)) {
            ways.push((*from, *to));
        }
    }
    ways
}

async fn begin(lab: &Lab, fault: &Fault) {
    let node = |id: &u64| &lab.nodes[id];
    match fault {
        Fault::Cut(from, to, refuses) => lab.network.cut(*from, *to, *refuses),
        Fault::Isolate(_) | Fault::Split(_) => {
            ways(lab, fault).into_iter().for_each(|(from, to)| lab.network.cut(from, to, false));
        }
        Fault::Lossy(lost) => lab.network.set_lossier(*lost),
        Fault::Slow(ms) => lab.network.set_slower(*ms),
        Fault::Crash(id) => node(id).crash().await,
        Fault::Blackout => {
            for node in lab.nodes.values() {
                node.crash().await;
            }
        }
        Fault::Stop(id) => node(id).stop().await,
        Fault::SlowDisk(id, ms) => node(id).disk.set_slower(*ms),
        Fault::DeadDisk(id) => node(id).disk.set_fails(true),
        Fault::Skew(id, ms) => node(id).set_ahead(*ms),
        Fault::Lead(id) => {
            if let Some((_, cluster)) = lab.leader() {
                let _ = cluster.transfer_leader(*id).await;
            }
        }
        Fault::Demote(id) => lab.ask(seat(*id, Some(true), None, None)).await,
        Fault::Replace(id, by) => lab.ask(seat(*id, Some(true), None, Some(*by))).await,
        Fault::Drain(id) => lab.ask(seat(*id, None, Some(true), None)).await,
    }
}

async fn end(lab: &Lab, fault: &Fault) {
    let node = |id: &u64| &lab.nodes[id];
    match fault {
        Fault::Cut(from, to, _) => lab.network.mend(*from, *to),
        Fault::Isolate(_) | Fault::Split(_) => {
            ways(lab, fault).into_iter().for_each(|(from, to)| lab.network.mend(from, to));
        }
        Fault::Lossy(_) => lab.network.set_lossier(0),
        Fault::Slow(_) => lab.network.set_slower(0),
        Fault::Crash(id) | Fault::Stop(id) => node(id).start().await,
        Fault::Blackout => {
            for node in lab.nodes.values() {
                node.start().await;
            }
        }
        Fault::SlowDisk(id, _) => node(id).disk.set_slower(0),
        Fault::DeadDisk(id) => node(id).disk.set_fails(false),
        Fault::Skew(id, _) => node(id).set_ahead(0),
        Fault::Lead(_) => {}
        Fault::Demote(id) => lab.ask(seat(*id, Some(false), None, None)).await,
        // Whoever stands by then votes again too.
        Fault::Replace(id, _) => lab.ask(seat(*id, Some(false), None, None)).await,
        Fault::Drain(id) => lab.ask(seat(*id, None, Some(false), None)).await,
    }
}
