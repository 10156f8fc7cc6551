//! Which path leads to which handler.

use super::api::{Api, ApiSlot};
use super::error::ApiError;
use super::handlers::{
    access, audit, change, config, explain, health, joining, nodes, ready, snapshot, status, wait,
};
use super::identify::{identify, slow_down};
use super::input::{Body, Params};
use super::shape::CertificateRequest;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Extension, Json, Router};
use gslb_consensus::identity::Peer;
use gslb_consensus::model::limits::DOCUMENT_BYTES_MAX;

/// Longest body of a request that is no configuration.
const BODY_MAX: usize = 64 << 10;
/// Longest body of who knocks with a token.
const JOIN_BODY_MAX: usize = 8 << 10;

/// Every route of the operators' API. All but `/livez`, `/readyz` and `/join` need a caller that is known, by the
/// `Peer` that [`super::serve_tls`] adds or by a token.
pub fn operator_routes(api: Api) -> Router {
    let large = Router::new()
        .route("/v1/config", get(config::export).put(config::apply))
        .layer(DefaultBodyLimit::max(DOCUMENT_BYTES_MAX));
    let small = Router::new()
        .route("/v1/weights", get(status::weights).post(change::weight))
        .route("/v1/overrides", get(health::overrides).post(change::set_override))
        .route("/v1/overrides/{target}", delete(change::clear_override))
        .route("/v1/status", get(status::status))
        .route("/v1/node", get(wait::node))
        .route("/v1/wait", get(wait::wait))
        .route("/v1/health", get(health::health))
        .route("/v1/explain", get(explain::explain))
        .route("/v1/nodes", get(nodes::list).post(nodes::add))
        .route("/v1/nodes/{node}", delete(nodes::remove))
        .route("/v1/nodes/{node}/seat", post(nodes::seat))
        .route("/v1/autopilot", post(nodes::autopilot))
        .route("/v1/audit", get(audit::audit))
        .route("/v1/audit/verify", get(audit::verify))
        .route("/v1/whoami", get(access::whoami))
        .route("/v1/users", get(access::users))
        .route("/v1/users/{user}", put(access::put_user).delete(access::remove_user))
        .route("/v1/tokens", get(access::tokens).post(access::put_token))
        .route("/v1/tokens/{token}", delete(access::remove_token))
        .route("/v1/invites", get(joining::list).post(joining::put))
        .route("/v1/invites/{node}", delete(joining::remove))
        .route("/v1/issuer", put(joining::put_issuer))
        .route("/metrics", get(ready::metrics))
        .route("/v1/snapshot", get(snapshot::save))
        .layer(DefaultBodyLimit::max(BODY_MAX));
    let known = large.merge(small).layer(from_fn_with_state(api.clone(), identify));
    known
        .with_state(api.clone())
        .merge(join_route(api.clone()))
        .merge(liveness_routes(api))
        .fallback(async || ApiError::not_found("there is no such path; the API is under /v1"))
        .method_not_allowed_fallback(async || {
            let what = "this path does not take that method";
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", what)
        })
}

/// `/join`: for a node that has a token and no certificate yet. Everybody may knock, but not often.
fn join_route(api: Api) -> Router {
    Router::new()
        .route("/join", post(joining::join))
        .layer(DefaultBodyLimit::max(JOIN_BODY_MAX))
        .layer(from_fn_with_state(api.clone(), slow_down))
        .with_state(api)
}

/// `/livez`, `/readyz` and `/metrics` for the plain listener on loopback: what load balancers and
/// Prometheus ask.
pub fn probe_routes(api: Api) -> Router {
    let metrics = Router::new().route("/metrics", get(ready::metrics)).with_state(api.clone());
    metrics.merge(liveness_routes(api))
}

/// What everybody may ask: whether the node lives, and whether it should be sent queries.
fn liveness_routes(api: Api) -> Router {
    Router::new()
        .route("/livez", get(ready::live))
        .route("/readyz", get(ready::ready))
        .with_state(api)
}

/// What the other nodes ask this one, beside Raft; 503 until the slot is filled.
pub fn peer_routes(slot: ApiSlot) -> Router {
    Router::new()
        .route("/v1/node", get(peer_node))
        .route("/v1/observers", get(peer_observers))
        .route("/v1/certificate", post(peer_certificate))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(slot)
}

/// What the observers said that this node feeds: for members only.
async fn peer_observers(State(slot): State<ApiSlot>, Extension(peer): Extension<Peer>) -> Response {
    match (slot.get(), peer) {
        (Some(api), Peer::Node(_)) => Json(api.guests()).into_response(),
        (Some(_), _) => ApiError::forbidden("only members ask this").into_response(),
        (None, _) => starting().into_response(),
    }
}

async fn peer_certificate(
    State(slot): State<ApiSlot>,
    Extension(peer): Extension<Peer>,
    Body(ask): Body<CertificateRequest>,
) -> Response {
    match slot.get() {
        Some(api) => joining::certificate(api.clone(), &peer, &ask).await.into_response(),
        None => starting().into_response(),
    }
}

async fn peer_node(
    State(slot): State<ApiSlot>,
    params: Params<super::shape::NodeParams>,
) -> Response {
    match slot.get() {
        Some(api) => wait::node(State(api.clone()), params).await.into_response(),
        None => starting().into_response(),
    }
}

/// 503: there is no API yet.
fn starting() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "starting", "this node is starting")
}
