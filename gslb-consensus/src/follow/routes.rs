//! What observers may ask of a node that feeds.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;

use super::guests::{Guest, Guests};
use super::hub::Hub;
use super::shelf::{Shelf, unhex};
use super::stream::stream;
use crate::feed::{Mark, VERSIONS, Versions};
use crate::identity::Peer;

/// Most bytes of what an observer says of itself and of those behind it.
const REPORT_MAX_BYTES: usize = 8 << 20;

/// The version that is spoken, in the answer.
pub(super) const VERSION_HEADER: &str = "x-gslb-feed";

/// All that the routes need.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) hub: Arc<Hub>,
    pub(crate) guests: Arc<Guests>,
    pub(crate) shelf: Arc<Shelf>,
}

/// Why an observer is not served.
type Refusal = (StatusCode, String);

/// The routes of the feed.
pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/feed/v1/follow", get(follow))
        .route("/feed/v1/report", post(report))
        .route("/feed/v1/place/{sha256}", get(place))
        .layer(DefaultBodyLimit::max(REPORT_MAX_BYTES))
        .with_state(desk)
}

/// What a follower asks for.
#[derive(Deserialize)]
struct Ask {
    /// The versions that it speaks.
    versions: String,
    /// Where its state stands, if it has one.
    revision: Option<String>,
    sum: Option<String>,
}

impl Ask {
    fn have(&self) -> Option<Mark> {
        let revision = self.revision.as_ref()?.parse().ok()?;
        let sum = self.sum.as_ref()?.parse().ok()?;
        Some(Mark { revision, sum, ..Mark::default() })
    }
}

/// The number of the observer that asks, if it is one that the cluster has recorded.
fn admit(desk: &Desk, peer: &Peer) -> Result<u64, Refusal> {
    let Peer::Observer(id) = peer else {
        return Err((StatusCode::FORBIDDEN, "only observers follow the feed".to_owned()));
    };
    if desk.hub.standing().is_none() {
        let why = "this node has nothing to feed yet, or is itself fed by an observer that is fed \
                   by another: follow a member";
        return Err((StatusCode::SERVICE_UNAVAILABLE, why.to_owned()));
    }
    if !desk.hub.state().observers.contains_key(id) {
        let why = format!("observer {id} is not recorded in this cluster, or was removed");
        return Err((StatusCode::FORBIDDEN, why));
    }
    Ok(*id)
}

async fn follow(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    Query(ask): Query<Ask>,
) -> Result<Response, Refusal> {
    let id = admit(&desk, &peer)?;
    let theirs: Versions = ask
        .versions
        .parse()
        .map_err(|why: &str| (StatusCode::BAD_REQUEST, format!("`versions`: {why}")))?;
    let version = VERSIONS.agree(theirs).map_err(|why| (StatusCode::CONFLICT, why))?;
    let joined = desk.hub.join(ask.have()).await;
    let body = Body::from_stream(stream(Arc::clone(&desk.hub), id, joined));
    Ok(([(VERSION_HEADER, version.to_string())], body).into_response())
}

/// Takes in what an observer says of itself and of those that it feeds.
async fn report(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    body: Bytes,
) -> Result<(), Refusal> {
    admit(&desk, &peer)?;
    let bad = |error: postcard::Error| (StatusCode::BAD_REQUEST, error.to_string());
    let guests: Vec<Guest> = postcard::from_bytes(&body).map_err(bad)?;
    let state = desk.hub.state();
    desk.guests.note(guests.into_iter().filter(|g| state.observers.contains_key(&g.id)).collect());
    Ok(())
}

/// From where on a file is asked for.
#[derive(Deserialize)]
struct From {
    #[serde(default)]
    from: u64,
}

/// A piece of a place file.
async fn place(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    Path(sha256): Path<String>,
    Query(ask): Query<From>,
) -> Result<Vec<u8>, Refusal> {
    admit(&desk, &peer)?;
    let sha256 = unhex(&sha256)
        .ok_or_else(|| (StatusCode::BAD_REQUEST, "expected 64 hexadecimal digits".to_owned()))?;
    let piece = desk.shelf.read(sha256, ask.from).await;
    piece.map_err(|why| (StatusCode::NOT_FOUND, why))
}
