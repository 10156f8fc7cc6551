//! New certificates for nodes that run.

use super::client::Client;
use super::error::CtlError;
use super::output::Output;
use crate::config::hosts_of;
use crate::control::shape::{NodesReply, ReadParams};
use gslb_consensus::identity::Authority;
use std::path::Path;

/// `gslbctl node renew`.
pub(super) async fn renew(
    client: &Client,
    dir: &Path,
    (node, out): (&str, &Path),
    output: Output,
) -> Result<(), CtlError> {
    let authority = Authority::load(dir)?;
    let reply: NodesReply = client.get("/v1/nodes", &ReadParams::default()).await?;
    let found = reply.nodes.iter().find(|n| n.name == node || n.id.to_string() == node);
    let Some(line) = found else {
        let what = format!("there is no node {node}: see gslbctl node list");
        return Err(CtlError::File(what));
    };
    let hosts = hosts_of(&line.api, &line.raft);
    let files = if line.member == "observer" {
        authority.issue_observer(line.id, &line.name, &hosts)?
    } else {
        authority.issue_node(line.id, &line.name, false, &hosts)?
    };
    files.replace(out)?;
    let told = serde_json::json!({ "id": line.id, "name": line.name, "out": out });
    output.show(&told, |o| {
        let (name, out) = (&line.name, out.display());
        o.line(&format!("new certificate of node {name} in {out}"));
        o.line(
            "Put node.key, node.pem and ca.pem into its identity folder, in this order; it takes",
        );
        o.line("them within seconds. gslbctl status says if it does not, and why.");
    })
}
