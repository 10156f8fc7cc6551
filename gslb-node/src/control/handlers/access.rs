//! Users, tokens, and who the caller is.

use super::change::propose;
use crate::control::api::Api;
use crate::control::caller::Operator;
use crate::control::error::ApiError;
use crate::control::identify::Who;
use crate::control::input::{Body, Params};
use crate::control::shape::{
    Applied, GrantShape, NewToken, RemoveUserRequest, RemovedReason, TokenLine, TokensReply,
    UserLine, UserRequest, UsersReply, WhoReply,
};
use crate::control::token::unhex;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use gslb_consensus::model::document::units::parse_ms;
use gslb_consensus::state::command::{PutToken, PutUser, RemoveToken, RemoveUser};
use gslb_consensus::state::{Command, Grant};

/// `GET /v1/whoami`.
pub(in crate::control) async fn whoami(Extension(who): Extension<Who>) -> Json<WhoReply> {
    let proof = who.caller.to_string();
    Json(WhoReply { name: who.name, proof, from: who.caller.from, grant: (&who.grant).into() })
}

/// `GET /v1/users`.
pub(in crate::control) async fn users(State(api): State<Api>) -> Json<UsersReply> {
    let state = api.parts.cluster.state();
    let line = |(name, user): (&String, &gslb_consensus::state::User)| UserLine {
        name: name.clone(),
        grant: user.grant.as_ref().map(GrantShape::from),
        changed: user.changed,
        by: user.by.clone(),
        at_ms: user.at_ms,
    };
    let users = state.access.users.iter().map(line).collect();
    Json(UsersReply { revision: state.revision(), users })
}

/// `PUT /v1/users/{user}`.
pub(in crate::control) async fn put_user(
    State(api): State<Api>,
    operator: Operator,
    Path(name): Path<String>,
    Body(ask): Body<UserRequest>,
) -> Result<Json<Applied>, ApiError> {
    let grant = grant(ask.grant)?;
    let (expect, reason) = (ask.expect, ask.reason);
    applied(&api, Command::PutUser(PutUser { name, grant, expect, reason }), operator).await
}

/// `DELETE /v1/users/{user}`.
pub(in crate::control) async fn remove_user(
    State(api): State<Api>,
    operator: Operator,
    Path(name): Path<String>,
    Params(ask): Params<RemoveUserRequest>,
) -> Result<Json<Applied>, ApiError> {
    let RemoveUserRequest { expect, reason } = ask;
    applied(&api, Command::RemoveUser(RemoveUser { name, expect, reason }), operator).await
}

/// `GET /v1/tokens`: never their hashes.
pub(in crate::control) async fn tokens(State(api): State<Api>) -> Json<TokensReply> {
    let state = api.parts.cluster.state();
    let line = |(name, token): (&String, &gslb_consensus::state::Token)| TokenLine {
        name: name.clone(),
        grant: (&token.grant).into(),
        by: token.by.clone(),
        at_ms: token.at_ms,
        expires_ms: token.expires_ms,
    };
    let tokens = state.access.tokens.iter().map(line).collect();
    Json(TokensReply { revision: state.revision(), time_ms: state.time_ms, tokens })
}

/// `POST /v1/tokens`: the secret stays with who asks; only its hash is sent.
pub(in crate::control) async fn put_token(
    State(api): State<Api>,
    operator: Operator,
    Body(ask): Body<NewToken>,
) -> Result<Json<Applied>, ApiError> {
    let sha256 = unhex(&ask.sha256).ok_or_else(|| {
        ApiError::bad_request("`sha256` is 64 hexadecimal digits: of the token's whole text")
    })?;
    let for_ms = match &ask.lasts {
        None => None,
        Some(text) => Some(parse_ms(text).ok_or_else(|| {
            let what = format!("`for` is {text:?}; expected a duration, as 12h or 30d");
            ApiError::bad_request(what)
        })?),
    };
    let (grant, name, reason) = (grant(ask.grant)?, ask.name, ask.reason);
    let put = PutToken { name, sha256, grant, for_ms, reason };
    applied(&api, Command::PutToken(put), operator).await
}

/// `DELETE /v1/tokens/{token}`.
pub(in crate::control) async fn remove_token(
    State(api): State<Api>,
    operator: Operator,
    Path(name): Path<String>,
    Params(RemovedReason { reason }): Params<RemovedReason>,
) -> Result<Json<Applied>, ApiError> {
    applied(&api, Command::RemoveToken(RemoveToken { name, reason }), operator).await
}

/// Has the cluster agree, and says what was done.
async fn applied(
    api: &Api,
    command: Command,
    operator: Operator,
) -> Result<Json<Applied>, ApiError> {
    let change = command.summary();
    let (revision, _) = propose(api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}

/// The role that was sent.
fn grant(sent: GrantShape) -> Result<Grant, ApiError> {
    sent.try_into().map_err(|why: String| ApiError::bad_request(why))
}
