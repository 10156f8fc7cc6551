//! Endpoints by vantage, and overrides.

use crate::clock;
use crate::control::api::Api;
use crate::control::error::ApiError;
use crate::control::input::Params;
use crate::control::shape::{
    EndpointHealth, HealthReply, OverrideLine, ReadParams, VantageLine, VoteLine,
};
use axum::Json;
use axum::extract::State;
use gslb_consensus::model::{Endpoint, Pool};
use gslb_consensus::state::{Override, OverrideTarget, State as Agreed};

/// `GET /v1/health`.
pub(in crate::control) async fn health(
    State(api): State<Api>,
    Params(ask): Params<ReadParams>,
) -> Result<Json<HealthReply>, ApiError> {
    let (state, read) = api.read(ask.consistency).await?;
    let vantage = |(node, vantage): (&u64, &gslb_consensus::state::Vantage)| VantageLine {
        node: *node,
        name: state.nodes.get(node).map_or_else(|| format!("node {node}"), |r| r.name.clone()),
        live: vantage.live,
    };
    Ok(Json(HealthReply {
        revision: state.revision(),
        read,
        time_ms: state.time_ms,
        now_ms: clock::unix_ms().max(state.time_ms),
        vantages: state.health.vantages.iter().map(vantage).collect(),
        endpoints: state.config.endpoints().map(|(p, e)| endpoint(&state, p, e)).collect(),
        overrides: override_lines(&state),
    }))
}

/// `GET /v1/overrides`.
pub(in crate::control) async fn overrides(
    State(api): State<Api>,
    Params(ask): Params<ReadParams>,
) -> Result<Json<Vec<OverrideLine>>, ApiError> {
    let (state, _) = api.read(ask.consistency).await?;
    Ok(Json(override_lines(&state)))
}

fn endpoint(state: &Agreed, pool: &Pool, endpoint: &Endpoint) -> EndpointHealth {
    let (now, why) = state.endpoint_state(pool, endpoint);
    let agreed = state.health.agreed.get(&endpoint.id);
    let votes = state.health.votes.get(&endpoint.id).into_iter().flatten();
    EndpointHealth {
        id: endpoint.id.to_string(),
        pool: pool.id.to_string(),
        region: endpoint.region.to_string(),
        target: endpoint.target.to_string(),
        state: now.to_string(),
        why: why.to_string(),
        agreed_up: agreed.map(|h| h.up),
        since_ms: agreed.map(|h| h.since_ms),
        votes: votes
            .map(|(node, vote)| VoteLine {
                node: *node,
                up: vote.up,
                since_ms: vote.since_ms,
                reason: vote.reason.clone(),
            })
            .collect(),
    }
}

/// Every override of the state.
pub(in crate::control) fn override_lines(state: &Agreed) -> Vec<OverrideLine> {
    state.overrides.iter().map(|(target, of)| override_line(target, of)).collect()
}

/// One override.
pub(in crate::control) fn override_line(target: &OverrideTarget, of: &Override) -> OverrideLine {
    let (scope, id) = match target {
        OverrideTarget::Region(id) => ("region", id.to_string()),
        OverrideTarget::Endpoint(id) => ("endpoint", id.to_string()),
    };
    OverrideLine {
        scope: scope.to_owned(),
        target: id,
        kind: of.kind.into(),
        reason: of.reason.clone(),
        owner: of.owner.clone(),
        since_ms: of.since_ms,
        expires_ms: of.expires_ms,
        changed: of.changed,
    }
}
