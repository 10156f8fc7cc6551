//! Who asks: by certificate or by token, with what role, and not too often.
//!
//! ```text
//!  connection: Peer, Line --+
//!  authorization: Bearer ---+--> identify --> Who --> handlers
//!                                   |  401 nobody   403 no role   429 too often
//! ```

use super::api::Api;
use super::error::ApiError;
use super::limits::{CONFIG_COST, KNOWN, UNKNOWN};
use super::token;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gslb_consensus::identity::Peer;
use gslb_consensus::state::{Caller, Grant, Proof, Role};
use std::time::Duration;
use tokio::time::Instant;

/// What an observer answers by itself.
const OBSERVER_TELLS: [&str; 8] = [
    "/v1/status",
    "/v1/node",
    "/v1/wait",
    "/v1/explain",
    "/v1/weights",
    "/v1/overrides",
    "/v1/nodes",
    "/metrics",
];

/// What the listener knows of a connection beside its [`Peer`].
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The address at the other end, without a port.
    pub from: String,
    /// The first 16 hexadecimal digits of the SHA-256 of the certificate that was shown.
    pub certificate: String,
}

/// A caller that is known.
#[derive(Clone, Debug)]
pub(super) struct Who {
    /// Its name: of a certificate or of a token.
    pub(super) name: String,
    /// How that was proved, and where from.
    pub(super) caller: Caller,
    /// What it may do.
    pub(super) grant: Grant,
    /// The number, if it is a node: nodes only read here.
    pub(super) node: Option<u64>,
}

/// Lets requests of known callers through, each with its [`Who`].
pub(super) async fn identify(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let line = request.extensions().get::<Line>().cloned();
    let from = line.as_ref().map_or_else(String::new, |line| line.from.clone());
    let now = Instant::now();
    let peer = request.extensions().get::<Peer>().cloned();
    let refused = off_limits(&api, &request, peer.as_ref());
    let who = match refused.map_or_else(|| who(&api, peer, line, request.headers()), Err) {
        Ok(who) => who,
        Err(error) => {
            tracing::debug!(from, code = error.body.code, "a caller was refused");
            // Counted apart: who is known is served, whoever else tries from the same address.
            return match api.throttle.take(&format!("? {from}"), UNKNOWN, 1.0, now) {
                Ok(()) => error.into_response(),
                Err(wait) => too_often(wait),
            };
        }
    };
    let is_config = request.method() == Method::PUT && request.uri().path() == "/v1/config";
    let cost = if is_config { CONFIG_COST } else { 1.0 };
    let key = format!("{:?} {}", who.caller.proof, who.name);
    if let Err(wait) = api.throttle.take(&key, KNOWN, cost, now) {
        return too_often(wait);
    }
    request.extensions_mut().insert(who);
    next.run(request).await
}

/// Lets whoever knocks without a name through, but not often from one address.
pub(super) async fn slow_down(State(api): State<Api>, request: Request, next: Next) -> Response {
    let line = request.extensions().get::<Line>();
    let from = line.map_or_else(String::new, |line| line.from.clone());
    match api.throttle.take(&format!("? {from}"), UNKNOWN, 1.0, Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(wait) => too_often(wait),
    }
}

/// What an observer leaves to the members: it knows no users and no tokens, and of the state only what
/// answers follow from.
fn off_limits(api: &Api, request: &Request, peer: Option<&Peer>) -> Option<ApiError> {
    if !api.parts.cluster.is_observer() {
        return None;
    }
    let is_known =
        !request.headers().contains_key(AUTHORIZATION) && !matches!(peer, Some(Peer::User(_)));
    let is_told = request.method() == Method::GET && OBSERVER_TELLS.contains(&request.uri().path());
    if is_known && is_told {
        return None;
    }
    let state = api.parts.cluster.state();
    let members: Vec<String> = state.nodes.values().map(|record| record.api.clone()).collect();
    Some(ApiError::observer(&members))
}

/// Who it is, if that is proved; a token goes before a certificate, for it was given on purpose.
fn who(
    api: &Api,
    peer: Option<Peer>,
    line: Option<Line>,
    headers: &HeaderMap,
) -> Result<Who, ApiError> {
    let (from, certificate) = line.map_or_else(Default::default, |l| (l.from, l.certificate));
    let state = api.parts.cluster.state();
    let caller = |proof, certificate| Caller { proof, certificate, from: from.clone() };
    if let Some(value) = headers.get(AUTHORIZATION) {
        let text = value.to_str().ok().and_then(|text| text.split_once(' '));
        let bearer = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let found = bearer.and_then(|(_, text)| token::find(&state.access, text.trim()));
        let (name, token) = found.ok_or_else(|| {
            nobody("this token is not known here: it was mistyped, has ended or was removed")
        })?;
        return Ok(Who {
            name: name.to_owned(),
            caller: caller(Proof::Token, String::new()),
            grant: token.grant.clone(),
            node: None,
        });
    }
    let (name, proof) = match peer {
        Some(Peer::Node(id)) => {
            let (name, grant) = (format!("node {id}"), Grant::of(Role::Viewer));
            let caller = caller(Proof::Node, certificate);
            return Ok(Who { name, caller, grant, node: Some(id) });
        }
        Some(Peer::Observer(id)) => {
            let (name, grant) = (format!("observer {id}"), Grant::of(Role::Viewer));
            let caller = caller(Proof::Node, certificate);
            return Ok(Who { name, caller, grant, node: Some(id) });
        }
        Some(Peer::Admin(name)) => (name, Proof::AdminCertificate),
        Some(Peer::User(name)) => (name, Proof::UserCertificate),
        None => {
            return Err(nobody(
                "who asks? Show a certificate of this cluster (gslbctl needs --context) or send \
                 `authorization: Bearer TOKEN`",
            ));
        }
    };
    let grant = state.grant_of(&name, proof).map_err(ApiError::forbidden)?;
    Ok(Who { name, caller: caller(proof, certificate), grant, node: None })
}

/// 401: nobody knows who asks.
pub(super) fn nobody(message: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
}

/// 429, with the seconds after which it is worth asking again.
fn too_often(wait: Duration) -> Response {
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    let what = format!("too many requests of this caller: ask again in {seconds} s");
    let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", what);
    (error.status, [(RETRY_AFTER, seconds.to_string())], Json(error.body)).into_response()
}
