//! The nodes of the cluster.

use super::change::propose;
use crate::control::api::Api;
use crate::control::caller::Operator;
use crate::control::error::ApiError;
use crate::control::input::{Body, Params};
use crate::control::shape::{Applied, NewNode, NodeAdded, NodeLine, NodesReply, ReadParams};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use gslb_consensus::raft::RaftStatus;
use gslb_consensus::state::command::RemoveNode;
use gslb_consensus::state::{Command, NodeRecord, State as Agreed};

/// `GET /v1/nodes`.
pub(in crate::control) async fn list(
    State(api): State<Api>,
    Params(ask): Params<ReadParams>,
) -> Result<Json<NodesReply>, ApiError> {
    let (state, read) = api.read(ask.consistency).await?;
    let nodes = lines(&state, &api.parts.cluster.status());
    Ok(Json(NodesReply { revision: state.revision(), read, nodes }))
}

/// Every node as the cluster knows it.
pub(in crate::control) fn lines(state: &Agreed, raft: &RaftStatus) -> Vec<NodeLine> {
    let member = |id: u64| match raft.members.iter().find(|m| m.id == id) {
        Some(member) if member.voter => "voter",
        Some(_) => "learner",
        None => "added",
    };
    let line = |(id, record): (&u64, &NodeRecord)| NodeLine {
        id: *id,
        name: record.name.clone(),
        raft: record.raft.clone(),
        api: record.api.clone(),
        member: member(*id).to_owned(),
        leads: raft.leader == Some(*id),
    };
    state.nodes.iter().map(line).collect()
}

/// `POST /v1/nodes`: gives the new node its number; the leader takes it in once it runs.
pub(in crate::control) async fn add(
    State(api): State<Api>,
    operator: Operator,
    Body(ask): Body<NewNode>,
) -> Result<Json<NodeAdded>, ApiError> {
    for (field, address) in [("raft", &ask.raft), ("api", &ask.api)] {
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.and_then(|(_, port)| port.parse::<u16>().ok()).is_none() {
            let what =
                format!("`{field}` is {address:?}; expected HOST:PORT that the others can reach");
            return Err(ApiError::bad_request(what));
        }
    }
    let record = NodeRecord { name: ask.name, raft: ask.raft, api: ask.api };
    let (revision, id) = propose(&api, Command::AddNode(record), operator).await?;
    let Some(id) = id else {
        let what = "the cluster gave the node no number";
        return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", what));
    };
    Ok(Json(NodeAdded { id, revision }))
}

/// `DELETE /v1/nodes/{node}`, by number or name.
pub(in crate::control) async fn remove(
    State(api): State<Api>,
    operator: Operator,
    Path(node): Path<String>,
) -> Result<Json<Applied>, ApiError> {
    let state = api.parts.cluster.state();
    let found = state.nodes.iter().find(|(id, r)| r.name == node || id.to_string() == node);
    let Some((id, record)) = found else {
        let what = format!("there is no node {node}: see gslbctl node list");
        return Err(ApiError::not_found(what));
    };
    let change = format!("node remove {id} ({})", record.name);
    let command = Command::RemoveNode(RemoveNode { id: *id });
    let (revision, _) = propose(&api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}
