//! Weights and overrides.

use crate::control::api::Api;
use crate::control::caller::Operator;
use crate::control::error::ApiError;
use crate::control::input::{Body, Params};
use crate::control::shape::{Applied, ClearRequest, OverrideRequest, WeightRequest};
use axum::Json;
use axum::extract::{Path, State};
use gslb_consensus::model::document::units::parse_ms;
use gslb_consensus::state::command::{ClearOverride, SetOverride, SetWeight};
use gslb_consensus::state::{Command, Guarded, OverrideTarget, Reply, Revision};

/// `POST /v1/weights`.
pub(in crate::control) async fn weight(
    State(api): State<Api>,
    operator: Operator,
    Body(ask): Body<WeightRequest>,
) -> Result<Json<Applied>, ApiError> {
    let (region, pool) = (ask.region.clone(), ask.pool.clone());
    let command = Command::SetWeight(SetWeight {
        region: ask.region,
        pool: ask.pool,
        weight: ask.weight,
        reason: ask.reason,
    });
    let command = guarded(command, ask.expect.as_deref())?;
    let change = command.summary();
    let (revision, _) = propose(&api, command, operator).await?;
    let state = api.parts.cluster.state();
    let mut notes = Vec::new();
    if pool.is_none() {
        for ((pool, _), own) in state.weights.pools.iter().filter(|((_, r), _)| *r == region) {
            notes.push(format!("pool {pool} has its own weight {} for {region}", own.weight));
        }
    }
    Ok(Json(Applied { revision, change, notes }))
}

/// `POST /v1/overrides`.
pub(in crate::control) async fn set_override(
    State(api): State<Api>,
    operator: Operator,
    Body(ask): Body<OverrideRequest>,
) -> Result<Json<Applied>, ApiError> {
    let for_ms = match (&ask.lasts, ask.permanent) {
        (Some(text), false) => Some(parse_ms(text).ok_or_else(|| {
            ApiError::bad_request(format!("`for` is {text:?}; expected a duration, as 30m or 2h"))
        })?),
        (None, true) => None,
        _ => {
            let what = "an override needs an end: give `for` (as 30m, at most 72h) or `permanent`";
            return Err(ApiError::bad_request(what));
        }
    };
    let target = find_target(&api, &ask.target)?;
    let kind = ask.kind.into();
    let command = Command::SetOverride(SetOverride { target, kind, reason: ask.reason, for_ms });
    let command = guarded(command, ask.expect.as_deref())?;
    let change = command.summary();
    let (revision, _) = propose(&api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}

/// `DELETE /v1/overrides/{target}`.
pub(in crate::control) async fn clear_override(
    State(api): State<Api>,
    operator: Operator,
    Path(target): Path<String>,
    Params(ask): Params<ClearRequest>,
) -> Result<Json<Applied>, ApiError> {
    let target = find_target(&api, &target)?;
    let command = Command::ClearOverride(ClearOverride { target, reason: ask.reason });
    let command = guarded(command, ask.expect.as_deref())?;
    let change = command.summary();
    let (revision, _) = propose(&api, command, operator).await?;
    Ok(Json(Applied { revision, change, notes: Vec::new() }))
}

/// The change, to be refused unless its object is as the caller saw it, if that is given.
fn guarded(command: Command, expect: Option<&str>) -> Result<Command, ApiError> {
    let Some(text) = expect else { return Ok(command) };
    let seen = match text {
        "none" => None,
        _ => Some(text.parse::<Revision>().map_err(|expected| {
            ApiError::bad_request(format!("`expect` is {text:?}: {expected}, or none"))
        })?),
    };
    Ok(Command::Guarded(Guarded { seen, command: Box::new(command) }))
}

/// The region or endpoint of that id.
fn find_target(api: &Api, id: &str) -> Result<OverrideTarget, ApiError> {
    api.parts.cluster.state().override_target(id).ok_or_else(|| {
        let what = format!("there is no region and no endpoint {id}: see gslbctl health");
        ApiError::not_found(what)
    })
}

/// Has the cluster agree on a command; gives where it applied and the id that it was given.
///
/// Whether the caller's role is enough is looked up here too, so that what would be refused when it
/// applies does not go through the log.
pub(in crate::control) async fn propose(
    api: &Api,
    command: Command,
    Operator { who, origin }: Operator,
) -> Result<(Revision, Option<u64>), ApiError> {
    let state = api.parts.cluster.state();
    if let Err(refused) = state.may(&who.name, &who.grant, &command) {
        return accepted(refused);
    }
    match api.parts.cluster.propose(command, origin).await {
        Ok(reply) => accepted(reply),
        Err(error) => Err(ApiError::propose(api, error)),
    }
}

/// Where a command applied, or why it was refused.
fn accepted(reply: Reply) -> Result<(Revision, Option<u64>), ApiError> {
    match reply {
        Reply::Done { revision, id } => Ok((revision, id)),
        Reply::Refused { code, message, faults } => Err(ApiError::refused(code, message, faults)),
    }
}
