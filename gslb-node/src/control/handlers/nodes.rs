//! The nodes of the cluster.

use super::change::propose;
use crate::control::api::Api;
use crate::control::caller::Operator;
use crate::control::error::ApiError;
use crate::control::input::{Body, Params};
use crate::control::shape::{
    Applied, AutopilotRequest, NewNode, NodeAdded, NodeLine, NodesReply, ReadParams, SeatLine,
    SeatRequest,
};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use gslb_consensus::model::document::units::parse_ms;
use gslb_consensus::raft::{RaftStatus, Role};
use gslb_consensus::state::command::{RemoveNode, SetAutopilot, SetSeat};
use gslb_consensus::state::{Command, NodeRecord, ObserverRecord, Seat, State as Agreed};

/// `GET /v1/nodes`.
pub(in crate::control) async fn list(
    State(api): State<Api>,
    Params(ask): Params<ReadParams>,
) -> Result<Json<NodesReply>, ApiError> {
    let (state, read) = api.read(ask.consistency).await?;
    let mut nodes = lines(&state, &api.parts.cluster.status());
    for line in &mut nodes {
        line.certificate_ends_s = api.certificate_end(line.id);
    }
    nodes
        .extend(state.observers.iter().filter_map(|(id, record)| observer_line(&api, *id, record)));
    Ok(Json(NodesReply { revision: state.revision(), read, nodes }))
}

/// Every node as the cluster knows it.
pub(in crate::control) fn lines(state: &Agreed, raft: &RaftStatus) -> Vec<NodeLine> {
    let is_observer = raft.role == Role::Observer;
    let member = |id: u64| match raft.members.iter().find(|m| m.id == id) {
        Some(member) if member.voter => "voter",
        Some(_) => "learner",
        // Who is in Raft, an observer is not told.
        None if is_observer => "member",
        None => "added",
    };
    let line = |(id, record): (&u64, &NodeRecord)| NodeLine {
        id: *id,
        name: record.name.clone(),
        raft: record.raft.clone(),
        api: record.api.clone(),
        member: member(*id).to_owned(),
        leads: raft.leader == Some(*id),
        seat: seat_line(state, *id),
        certificate_ends_s: None,
    };
    state.nodes.iter().map(line).collect()
}

/// An observer as the cluster knows it; one that is asked itself knows of no other.
fn observer_line(api: &Api, id: u64, record: &ObserverRecord) -> Option<NodeLine> {
    if api.parts.cluster.is_observer() {
        return (id == api.node_id()).then(|| own_line(api));
    }
    Some(NodeLine {
        id,
        name: record.name.clone(),
        raft: record.feed.clone(),
        api: record.api.clone(),
        member: "observer".to_owned(),
        leads: false,
        seat: SeatLine::default(),
        certificate_ends_s: None,
    })
}

/// The line of this node, which is an observer.
pub(in crate::control) fn own_line(api: &Api) -> NodeLine {
    NodeLine {
        id: api.node_id(),
        name: api.parts.identity.name.clone(),
        raft: String::new(),
        api: String::new(),
        member: "observer".to_owned(),
        leads: false,
        seat: SeatLine::default(),
        certificate_ends_s: api.certificate_end(api.node_id()),
    }
}

fn seat_line(state: &Agreed, id: u64) -> SeatLine {
    let Seat { learner, drained, replaced_by } = state.roster.seat(id);
    SeatLine { standby: learner, drained, replaced_by }
}

/// The number of the node of that name or number.
fn find(state: &Agreed, node: &str) -> Result<u64, ApiError> {
    state.node_named(node).ok_or_else(|| {
        ApiError::not_found(format!("there is no node {node}: see gslbctl node list"))
    })
}

/// `POST /v1/nodes/{node}/seat`: what is wanted of a node; the leader brings it about.
pub(in crate::control) async fn seat(
    State(api): State<Api>,
    operator: Operator,
    Path(node): Path<String>,
    Body(ask): Body<SeatRequest>,
) -> Result<Json<Applied>, ApiError> {
    if ask.standby.is_none() && ask.drained.is_none() && ask.replaced_by.is_none() {
        let what = "nothing is asked for: give `standby`, `drained` or `replaced_by`";
        return Err(ApiError::bad_request(what));
    }
    let state = api.parts.cluster.state();
    let id = find(&state, &node)?;
    let replaced_by = ask.replaced_by.as_deref().map(|by| find(&state, by)).transpose()?;
    let (learner, drained, reason) = (ask.standby, ask.drained, ask.reason);
    let command = Command::SetSeat(SetSeat { id, learner, drained, replaced_by, reason });
    let change = command.summary();
    let (revision, _) = propose(&api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}

/// `POST /v1/autopilot`.
pub(in crate::control) async fn autopilot(
    State(api): State<Api>,
    operator: Operator,
    Body(ask): Body<AutopilotRequest>,
) -> Result<Json<Applied>, ApiError> {
    let read = |text: &String| {
        parse_ms(text).ok_or_else(|| {
            let what = format!("`dead_after` is {text:?}; expected a duration, as 90s or 5m");
            ApiError::bad_request(what)
        })
    };
    let dead_ms = ask.dead_after.as_ref().map(read).transpose()?;
    let (on, reason) = (ask.on, ask.reason);
    let command = Command::SetAutopilot(SetAutopilot { on, dead_ms, reason });
    let change = command.summary();
    let (revision, _) = propose(&api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}

/// `POST /v1/nodes`: gives the new node its number; the leader takes it in once it runs.
pub(in crate::control) async fn add(
    State(api): State<Api>,
    operator: Operator,
    Body(ask): Body<NewNode>,
) -> Result<Json<NodeAdded>, ApiError> {
    check_addresses(&ask.raft, &ask.api)?;
    let (name, api_at) = (ask.name, ask.api);
    let command = if ask.observer {
        Command::AddObserver(ObserverRecord { name, feed: ask.raft, api: api_at })
    } else {
        Command::AddNode(NodeRecord { name, raft: ask.raft, api: api_at })
    };
    let (revision, id) = propose(&api, command, operator).await?;
    let Some(id) = id else {
        let what = "the cluster gave the node no number";
        return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", what));
    };
    Ok(Json(NodeAdded { id, revision }))
}

/// Refuses addresses that nobody can dial.
pub(super) fn check_addresses(raft: &str, api: &str) -> Result<(), ApiError> {
    for (field, address) in [("raft", raft), ("api", api)] {
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.and_then(|(_, port)| port.parse::<u16>().ok()).is_none() {
            let what =
                format!("`{field}` is {address:?}; expected HOST:PORT that the others can reach");
            return Err(ApiError::bad_request(what));
        }
    }
    Ok(())
}

/// `DELETE /v1/nodes/{node}`, by number or name.
pub(in crate::control) async fn remove(
    State(api): State<Api>,
    operator: Operator,
    Path(node): Path<String>,
) -> Result<Json<Applied>, ApiError> {
    let state = api.parts.cluster.state();
    let id = find(&state, &node)?;
    let observer = || state.observers.get(&id).map_or(node.as_str(), |record| &record.name);
    let name = state.nodes.get(&id).map_or_else(observer, |record| &record.name);
    let change = format!("node remove {id} ({name})");
    let command = Command::RemoveNode(RemoveNode { id });
    let (revision, _) = propose(&api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}
