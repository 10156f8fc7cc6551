//! All is mended: within a bound the nodes must agree again, and take writes.

use crate::lab::Lab;
use gslb_consensus::raft::{Origin, Role};
use gslb_consensus::state::command::PassTime;
use gslb_consensus::state::{Command, Reply};
use std::time::Duration;

/// How long it may take, simulated.
const BOUND: Duration = Duration::from_secs(60);

/// Mends everything and waits until all nodes agree.
///
/// A node that refuses its data folder stays out: only one whose disk lied may do so.
pub(crate) async fn converge(lab: &Lab) -> Result<(), String> {
    lab.network.calm();
    for node in lab.nodes.values() {
        node.disk.set_fails(false);
        node.disk.set_slower(0);
        node.set_ahead(0);
        node.start().await;
        if let Some(why) = node.shut_out()
            && lab.plan.liar != Some(node.id)
        {
            return Err(format!("node {} does not start: {why}", node.id));
        }
    }
    lab.until("one leads", BOUND, || lab.leader().is_some()).await?;
    write_everywhere(lab).await?;
    lab.until("all nodes have applied the same", BOUND, || agree(lab)).await
}

/// Every node takes a write.
async fn write_everywhere(lab: &Lab) -> Result<(), String> {
    for (id, cluster) in lab.clusters() {
        let mut last = String::new();
        let mut done = false;
        for _ in 0..6 {
            let command = Command::PassTime(PassTime {});
            match cluster.propose(command, Origin::new("lab")).await {
                Ok(Reply::Done { .. }) => {
                    done = true;
                    break;
                }
                other => last = format!("{other:?}"),
            }
        }
        if !done {
            return Err(format!(
                "node {id} takes no write in a minute after all was mended: {last}"
            ));
        }
    }
    Ok(())
}

/// Whether all nodes that run follow one leader and have applied all that it has.
pub(crate) fn agree(lab: &Lab) -> bool {
    let status: Vec<_> = lab.clusters().map(|(_, cluster)| cluster.status()).collect();
    let leaders = status.iter().filter(|status| status.role == Role::Leader).count();
    let Some(first) = status.first() else { return false };
    leaders == 1
        && status.iter().all(|other| {
            other.leader == first.leader
                && other.applied_index == first.last_log_index
                && other.last_log_index == first.last_log_index
        })
}
