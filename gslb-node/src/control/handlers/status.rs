//! The whole cluster at a glance.

use super::certificates::{certificate_alarms, issuer_alarm};
use super::config::config_revision;
use super::health::{override_line, override_lines};
use super::members::Members;
use super::nodes;
use crate::clock;
use crate::control::api::Api;
use crate::control::error::ApiError;
use crate::control::input::Params;
use crate::control::observers;
use crate::control::roll::SILENT_AFTER;
use crate::control::shape::{
    NodeLine, NodeReport, NodeStatus, ReadParams, RegionPool, RegionStatus, RuntimeWeightLine,
    StatusReply, WeightLine, WeightsReply,
};
use axum::Json;
use axum::extract::State;
use gslb_consensus::model::{Pool, Region, RegionId};
use gslb_consensus::state::{
    EndpointState, OverrideKind, OverrideTarget, RuntimeWeight, State as Agreed,
};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

/// How long a node that is just serving a change is waited for, ms.
const CATCH_UP_MS: u64 = 500;

/// `GET /v1/status`: asks every node first.
pub(in crate::control) async fn status(
    State(api): State<Api>,
    Params(ask): Params<ReadParams>,
) -> Result<Json<StatusReply>, ApiError> {
    // A change that is on its way is no difference between the nodes: they get a moment to serve it.
    let at = api.parts.cluster.state().revision();
    let mut own = api.parts.served.clone();
    let own = timeout(Duration::from_millis(CATCH_UP_MS), own.wait_for(|served| *served >= at));
    let path = format!("/v1/node?at_least={at}&wait_ms={CATCH_UP_MS}");
    tokio::join!(async { drop(own.await) }, api.ask_all(&path));
    let (state, read) = api.read(ask.consistency).await?;
    let raft = api.parts.cluster.status();
    let lines = nodes::lines(&state, &raft);
    let mut nodes: Vec<NodeStatus> = lines.into_iter().map(|line| node(&api, line)).collect();
    let observed = api.observers(&state).await;
    if api.parts.cluster.is_observer() {
        nodes.push(node(&api, nodes::own_line(&api)));
    }
    let members = nodes.len();
    nodes.extend(observed);
    let regions = regions(&state, &nodes);
    let timers = api.parts.cluster.timers();
    let (known, observed) = nodes.split_at_checked(members).unwrap_or((&nodes, &[]));
    let mut warnings = match cut_off(&api) {
        told if api.parts.cluster.is_observer() => told.into_iter().collect(),
        _ => Members { nodes: known, raft: &raft, timers }.alarms(at, state.generation),
    };
    warnings.extend(observers::warnings(observed, at));
    let now_s = i64::try_from(clock::unix_ms() / 1_000).unwrap_or(i64::MAX);
    warnings.extend(certificate_alarms(&nodes, now_s));
    warnings.extend(issuer_alarm(&state, now_s));
    warnings.extend(traffic_warnings(&nodes, &regions));
    Ok(Json(StatusReply {
        cluster: api.parts.identity.cluster.clone(),
        asked: api.node_id(),
        revision: state.revision(),
        read,
        time_ms: state.time_ms,
        now_ms: clock::unix_ms().max(state.time_ms),
        leader: raft.leader,
        config: config_revision(&state),
        generation: state.generation,
        nodes,
        regions,
        overrides: override_lines(&state),
        warnings,
    }))
}

/// `GET /v1/weights`.
pub(in crate::control) async fn weights(
    State(api): State<Api>,
    Params(ask): Params<ReadParams>,
) -> Result<Json<WeightsReply>, ApiError> {
    let (state, read) = api.read(ask.consistency).await?;
    let line = |region: &RegionId, pool: Option<String>, of: &RuntimeWeight| WeightLine {
        region: region.to_string(),
        pool,
        declared: of.declared,
        runtime: runtime(of),
    };
    let of_regions = state.weights.regions.iter().map(|(region, of)| line(region, None, of));
    let pools = state.weights.pools.iter();
    let of_pools = pools.map(|((pool, region), of)| line(region, Some(pool.to_string()), of));
    Ok(Json(WeightsReply {
        revision: state.revision(),
        read,
        now_ms: clock::unix_ms().max(state.time_ms),
        weights: of_regions.chain(of_pools).collect(),
    }))
}

fn node(api: &Api, line: NodeLine) -> NodeStatus {
    if line.id == api.node_id() {
        let report = Some(api.report());
        return NodeStatus { node: line, heard: true, heard_ms_ago: Some(0), report };
    }
    let last = api.roll.last(line.id);
    let ago = last.as_ref().map(|sighting| sighting.at.elapsed());
    NodeStatus {
        node: line,
        heard: ago.is_some_and(|ago| ago < SILENT_AFTER),
        heard_ms_ago: ago.and_then(|ago| u64::try_from(ago.as_millis()).ok()),
        report: last.map(|sighting| sighting.report),
    }
}

fn regions(state: &Agreed, nodes: &[NodeStatus]) -> Vec<RegionStatus> {
    let heard = || nodes.iter().filter(|n| n.heard).filter_map(|n| n.report.as_ref());
    let answers_of = |region: &RegionId| -> u64 {
        heard().filter_map(|r| r.answers.get(region.as_str())).map(|a| a.last_minute).sum()
    };
    let total: u64 = state.config.regions.keys().map(answers_of).sum();
    let status = |region: &Region| {
        let pools: Vec<RegionPool> = state
            .config
            .pools
            .values()
            .filter(|pool| pool.regions().contains(&region.id))
            .map(|pool| region_pool(state, pool, &region.id))
            .collect();
        let up = pools.iter().filter(|pool| pool.is_up).count();
        let target = OverrideTarget::Region(region.id.clone());
        let said = state.overrides.get(&target);
        let answers = answers_of(&region.id);
        RegionStatus {
            id: region.id.to_string(),
            state: state_word(up, pools.len(), said.map(|of| of.kind)).to_owned(),
            weight: state.region_weight(&region.id),
            declared: region.weight,
            runtime: state.weights.regions.get(&region.id).map(runtime),
            overridden: said.map(|of| override_line(&target, of)),
            pools,
            answers_last_minute: answers,
            share_percent: percent(answers, total),
        }
    };
    state.config.regions.values().map(|region| status(region)).collect()
}

fn region_pool(state: &Agreed, pool: &Pool, region: &RegionId) -> RegionPool {
    let endpoints = || pool.endpoints.iter().filter(|e| e.region == *region);
    let up = endpoints().filter(|e| state.endpoint_state(pool, e).0 == EndpointState::Up).count();
    let key = (pool.id.clone(), region.clone());
    RegionPool {
        pool: pool.id.to_string(),
        weight: state.weight(&pool.id, region),
        runtime: state.weights.pools.get(&key).map(runtime),
        up,
        of: endpoints().count(),
        min_healthy: pool.min_healthy,
        is_up: up >= usize::from(pool.min_healthy),
    }
}

fn runtime(of: &RuntimeWeight) -> RuntimeWeightLine {
    let RuntimeWeight { weight, at_ms, changed, .. } = *of;
    RuntimeWeightLine { weight, actor: of.actor.clone(), at_ms, changed }
}

fn state_word(up: usize, of: usize, said: Option<OverrideKind>) -> &'static str {
    match (up, of, said) {
        (_, 0, _) => "unused",
        (0, _, Some(OverrideKind::Drain)) => "drained",
        (0, _, Some(OverrideKind::ForceDown)) => "forced down",
        (0, ..) => "down",
        (up, of, _) if up == of => "up",
        _ => "partial",
    }
}

/// A part in percent, to the nearest tenth.
fn percent(part: u64, total: u64) -> Option<f64> {
    let (part, total_or_1) = (u128::from(part), u128::from(total.max(1)));
    let tenths = (part * 1000 + total_or_1 / 2) / total_or_1;
    (total > 0).then(|| tenths as f64 / 10.0)
}

/// That this node is an observer which nobody feeds.
fn cut_off(api: &Api) -> Option<String> {
    let feed = api.feed_line().filter(|feed| feed.upstream.is_none())?;
    let why = feed.failed.map_or_else(String::new, |why| format!(" The last try: {why}."));
    Some(format!(
        "this observer follows nobody and answers from {}.{why} Look whether a node of its \
         [observe] from runs and can be reached",
        api.served()
    ))
}

/// What an operator should look at in what the nodes answer by.
fn traffic_warnings(nodes: &[NodeStatus], regions: &[RegionStatus]) -> Vec<String> {
    let mut warnings = Vec::new();
    let heard = || nodes.iter().filter(|n| n.heard).filter_map(|n| n.report.as_ref());
    let editions: BTreeSet<&str> = heard().map(|r| r.places.id.as_str()).collect();
    if editions.len() > 1 {
        let label = |r: &NodeReport| format!("{} on {}", r.places.label, r.name);
        let list = heard().map(label).collect::<Vec<_>>().join(", ");
        warnings.push(format!(
            "the nodes use different place data and may answer differently: {list}. Give all the \
             same files"
        ));
    }
    for region in regions {
        match region.state.as_str() {
            "down" => warnings.push(format!("region {} is down in every pool", region.id)),
            "drained" | "forced down" => {
                warnings.push(format!("region {} is {} by an operator", region.id, region.state));
            }
            "partial" => warnings.push(format!("region {} is down in some pools", region.id)),
            _ => {}
        }
    }
    if !regions.is_empty() && regions.iter().all(|r| !r.pools.iter().any(|pool| pool.is_up)) {
        warnings.push("nothing is up: every endpoint is given out all the same".to_owned());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_to_the_nearest_tenth() {
        assert_eq!(percent(7, 16), Some(43.8));
        assert_eq!(percent(6, 17), Some(35.3));
        assert_eq!(percent(0, 16), Some(0.0));
        assert_eq!(percent(3, 3), Some(100.0));
        assert_eq!(percent(0, 0), None);
    }

    #[test]
    fn a_region_that_an_operator_took_out_is_not_called_down() {
        assert_eq!(state_word(0, 2, None), "down");
        assert_eq!(state_word(0, 2, Some(OverrideKind::Drain)), "drained");
        assert_eq!(state_word(0, 2, Some(OverrideKind::ForceDown)), "forced down");
        assert_eq!(state_word(0, 2, Some(OverrideKind::ForceUp)), "down");
        assert_eq!(state_word(1, 2, Some(OverrideKind::Drain)), "partial");
        assert_eq!(state_word(2, 2, Some(OverrideKind::ForceUp)), "up");
        assert_eq!(state_word(0, 0, Some(OverrideKind::Drain)), "unused");
    }
}
