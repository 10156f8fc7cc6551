//! Invites of nodes, and the one door for a node that has nothing but its token.

use super::change::propose;
use crate::control::api::Api;
use crate::control::caller::Operator;
use crate::control::error::ApiError;
use crate::control::identify::{Line, nobody};
use crate::control::input::{Body, Params};
use crate::control::issuing::joiner;
use crate::control::shape::{
    Applied, CertificateReply, CertificateRequest, InviteLine, InviteRequest, Invited,
    InvitesReply, IssuerRequest, JoinReply, JoinRequest, RemovedReason,
};
use crate::control::token::{find_invite, unhex, unhex_bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use gslb_consensus::identity::{Peer, key_of_request};
use gslb_consensus::model::document::units::parse_ms;
use gslb_consensus::raft::ReadError;
use gslb_consensus::state::command::{PutInvite, RemoveInvite, SealIssuer, SpendInvite};
use gslb_consensus::state::{Command, Invite, NodeRecord, Reply};

/// `GET /v1/invites`.
pub(in crate::control) async fn list(State(api): State<Api>) -> Json<InvitesReply> {
    let state = api.parts.cluster.state();
    let line = |(name, invite): (&String, &Invite)| InviteLine {
        name: name.clone(),
        raft: invite.record.raft.clone(),
        api: invite.record.api.clone(),
        by: invite.by.clone(),
        expires_ms: invite.expires_ms,
        spent_by: invite.spent.map(|spent| spent.node),
    };
    Json(InvitesReply {
        revision: state.revision(),
        time_ms: state.time_ms,
        issuer_ends_s: state.joining.issuer.as_ref().map(|issuer| issuer.ends_s),
        invites: state.joining.invites.iter().map(line).collect(),
    })
}

/// `POST /v1/invites`: the secret stays with who asks; only its hash is sent.
pub(in crate::control) async fn put(
    State(api): State<Api>,
    operator: Operator,
    Body(ask): Body<InviteRequest>,
) -> Result<Json<Invited>, ApiError> {
    super::nodes::check_addresses(&ask.raft, &ask.api)?;
    let sha256 = unhex(&ask.sha256).ok_or_else(|| {
        ApiError::bad_request("`sha256` is 64 hexadecimal digits: of the token's whole text")
    })?;
    let for_ms = parse_ms(&ask.lasts).ok_or_else(|| {
        let what = format!("`for` is {:?}; expected a duration, as 1h", ask.lasts);
        ApiError::bad_request(what)
    })?;
    // Nobody could be let in by it otherwise; any node may be asked, so this one must be able to.
    api.issuing_key(&api.parts.cluster.state()).map(drop)?;
    let record = NodeRecord { name: ask.name, raft: ask.raft, api: ask.api };
    let put = PutInvite { record, sha256, for_ms, reason: ask.reason };
    let (revision, _) = propose(&api, Command::PutInvite(put), operator).await?;
    let state = api.parts.cluster.state();
    let identity = &api.parts.identity;
    Ok(Json(Invited {
        revision,
        cluster: identity.cluster.clone(),
        cluster_uuid: identity.cluster_uuid.clone(),
        expires_ms: state.time_ms.saturating_add(for_ms),
        members: state.nodes.values().map(|record| record.api.clone()).collect(),
    }))
}

/// `DELETE /v1/invites/{node}`.
pub(in crate::control) async fn remove(
    State(api): State<Api>,
    operator: Operator,
    Path(name): Path<String>,
    Params(RemovedReason { reason }): Params<RemovedReason>,
) -> Result<Json<Applied>, ApiError> {
    let command = Command::RemoveInvite(RemoveInvite { name, reason });
    let change = command.summary();
    let (revision, _) = propose(&api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}

/// `PUT /v1/issuer`: gives the nodes the key by which they sign certificates of nodes.
pub(in crate::control) async fn put_issuer(
    State(api): State<Api>,
    operator: Operator,
    Body(ask): Body<IssuerRequest>,
) -> Result<Json<Applied>, ApiError> {
    let sealed = unhex_bytes(&ask.sealed)
        .ok_or_else(|| ApiError::bad_request("`sealed` is an even number of hexadecimal digits"))?;
    let command =
        Command::SealIssuer(SealIssuer { sealed, ends_s: ask.ends_s, reason: ask.reason });
    let change = command.summary();
    let (revision, _) = propose(&api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}

/// `POST /join`: the one change that needs no certificate but a token of an invite, which is of use once.
///
/// It stands at the API, since that is where operators' tools reach the nodes from anywhere; the port
/// for other nodes stays closed to whoever has no certificate. Whoever knocks is slowed down before.
pub(in crate::control) async fn join(
    State(api): State<Api>,
    line: Option<Extension<Line>>,
    Body(ask): Body<JoinRequest>,
) -> Result<Json<JoinReply>, ApiError> {
    let from = line.map_or_else(String::new, |line| line.0.from);
    let (name, sha256) = known_invite(&api, &ask.token).await?;
    let key = key_of_request(&ask.request).map_err(|e| ApiError::bad_request(e.to_string()))?;
    // What this node cannot do it must not begin: the invite would be spent.
    let (cluster_key, _) = api.issuing_key(&api.parts.cluster.state())?;
    let spend = SpendInvite { name: name.clone(), sha256, key };
    let proposed = api.parts.cluster.propose(Command::SpendInvite(spend), joiner(&name, from));
    let id = match proposed.await {
        Ok(Reply::Done { id: Some(id), .. }) => id,
        Ok(Reply::Done { .. }) => {
            let what = "the cluster gave the node no number";
            return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", what));
        }
        Ok(Reply::Refused { code, message, faults }) => {
            return Err(ApiError::refused(code, message, faults));
        }
        Err(error) => return Err(ApiError::propose(&api, error)),
    };
    let (record, certificate) = api.sign_granted(id, &ask.request).await?;
    let identity = &api.parts.identity;
    let authorities = identity.authorities_pem();
    let authorities = authorities.map_err(|error| {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "cannot_sign", error.to_string())
    })?;
    tracing::info!(node = record.name, id, "a node joined by its invite");
    Ok(Json(JoinReply {
        cluster: identity.cluster.clone(),
        cluster_uuid: identity.cluster_uuid.clone(),
        node_id: id,
        name: record.name,
        raft: record.raft,
        api: record.api,
        authorities,
        certificate,
        cluster_key: cluster_key.to_hex(),
    }))
}

/// The invite of a token: this node may not have heard of it yet, so the newest state is asked too.
async fn known_invite(api: &Api, token: &str) -> Result<(String, [u8; 32]), ApiError> {
    let found = find_invite(&api.parts.cluster.state().joining, token);
    if let Some(found) = found {
        return Ok(found);
    }
    match api.parts.cluster.linearizable().await {
        Ok(state) => find_invite(&state.joining, token).ok_or_else(|| {
            nobody(
                "this token is not known here: it was mistyped, has ended, was replaced or removed; \
                 have an operator make a new one (gslbctl node invite)",
            )
        }),
        Err(error @ ReadError::NoLeader { .. } | error @ ReadError::Stopped) => {
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_leader", error.to_string()))
        }
    }
}

/// `POST /v1/certificate` of the nodes: a new certificate for the node that asks, by its present one.
pub(in crate::control) async fn certificate(
    api: Api,
    peer: &Peer,
    ask: &CertificateRequest,
) -> Result<Json<CertificateReply>, ApiError> {
    let Peer::Node(id) = peer else {
        return Err(ApiError::forbidden("only nodes may ask this"));
    };
    let certificate = api.certify(*id, &ask.request).await?;
    Ok(Json(CertificateReply { certificate }))
}
