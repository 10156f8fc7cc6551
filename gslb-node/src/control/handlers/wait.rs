//! What this node serves, and waiting until every node serves a revision.

use crate::control::api::Api;
use crate::control::error::ApiError;
use crate::control::input::Params;
use crate::control::roll::ASK_WITHIN;
use crate::control::shape::{
    NodeBehind, NodeParams, NodeReport, NodeStatus, WaitParams, WaitReply,
};
use axum::Json;
use axum::extract::State;
use gslb_consensus::model::document::units::parse_ms;
use gslb_consensus::state::Revision;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Longest that one node holds a request back, ms.
const HOLD_MS_MAX: u64 = 3_000;
/// Longest wait of a caller, ms.
const WAIT_MS_MAX: u64 = 300_000;
/// Between two looks at what the observers said.
const LOOK: Duration = Duration::from_millis(50);
/// Between two tries to reach a node that did not answer.
const PAUSE: Duration = Duration::from_millis(200);

/// `GET /v1/node`: what this node says of itself, at once or once it serves a revision.
pub(in crate::control) async fn node(
    State(api): State<Api>,
    Params(params): Params<NodeParams>,
) -> Result<Json<NodeReport>, ApiError> {
    if let Some(text) = &params.at_least {
        let revision: Revision =
            text.parse().map_err(|e| ApiError::bad_request(format!("`at_least`: {e}")))?;
        let mut served = api.parts.served.clone();
        let hold = Duration::from_millis(params.wait_ms.min(HOLD_MS_MAX));
        let _ = timeout(hold, served.wait_for(|served| *served >= revision)).await;
    }
    Ok(Json(api.report()))
}

/// `GET /v1/wait`: answers when every node heard from within 5 s serves the revision, or at the timeout.
pub(in crate::control) async fn wait(
    State(api): State<Api>,
    Params(params): Params<WaitParams>,
) -> Result<Json<WaitReply>, ApiError> {
    let Some(limit_ms) = parse_ms(&params.timeout).filter(|ms| *ms <= WAIT_MS_MAX) else {
        let what =
            format!("`timeout` is {:?}; expected a duration up to 5m, as 10s", params.timeout);
        return Err(ApiError::bad_request(what));
    };
    let start = Instant::now();
    let until = start + Duration::from_millis(limit_ms);
    let state = api.parts.cluster.state();
    let follow = state.nodes.iter().map(async |(id, record)| {
        let end = follow(&api, *id, params.revision, until).await;
        (record.name.clone(), end)
    });
    let ends = futures::future::join_all(follow).await;
    let mut reply = WaitReply {
        done: false,
        revision: params.revision,
        waited_ms: 0,
        serving: Vec::new(),
        behind: Vec::new(),
        silent: Vec::new(),
    };
    let observed = follow_observers(&api, params.revision, until).await;
    for (name, end) in ends.into_iter().chain(observed) {
        match end {
            End::Serves => reply.serving.push(name),
            End::Behind(served) => {
                let served = served.map(|r| r.to_string());
                reply.behind.push(NodeBehind { name, served });
            }
            End::Silent => reply.silent.push(name),
        }
    }
    reply.done = reply.behind.is_empty();
    reply.waited_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(reply))
}

/// Waits until every observer that is heard serves the revision, or the time is up.
async fn follow_observers(api: &Api, revision: Revision, until: Instant) -> Vec<(String, End)> {
    loop {
        let observers = api.observers(&api.parts.cluster.state()).await;
        let end = |status: &NodeStatus| match &status.report {
            Some(report) if report.served >= revision => End::Serves,
            Some(report) if status.heard => End::Behind(Some(report.served)),
            _ => End::Silent,
        };
        let ends: Vec<End> = observers.iter().map(end).collect();
        let is_behind = ends.iter().any(|end| matches!(end, End::Behind(_)));
        if !is_behind || Instant::now() + LOOK >= until {
            return observers.into_iter().map(|status| status.node.name).zip(ends).collect();
        }
        sleep(LOOK).await;
    }
}

/// How the wait for one node ended.
enum End {
    /// It serves the revision.
    Serves,
    /// It was heard within 5 s, and served this when it was.
    Behind(Option<Revision>),
    /// It has not been heard for 5 s.
    Silent,
}

/// Waits for one node until it serves the revision, is silent, or the time is up.
async fn follow(api: &Api, id: u64, revision: Revision, until: Instant) -> End {
    if id == api.node_id() {
        let mut served = api.parts.served.clone();
        let _ = tokio::time::timeout_at(until, served.wait_for(|s| *s >= revision)).await;
        let now = api.served();
        return if now >= revision { End::Serves } else { End::Behind(Some(now)) };
    }
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let hold = left.min(Duration::from_millis(HOLD_MS_MAX));
        let path = format!("/v1/node?at_least={revision}&wait_ms={}", hold.as_millis());
        let report = api.ask(id, &path, hold + ASK_WITHIN).await;
        if report.as_ref().is_some_and(|r| r.served >= revision) {
            return End::Serves;
        }
        if report.is_none() && api.roll.is_silent(id) {
            return End::Silent;
        }
        if Instant::now() + PAUSE >= until {
            return End::Behind(api.roll.last(id).map(|s| s.report.served));
        }
        if report.is_none() {
            sleep(PAUSE).await;
        }
    }
}
