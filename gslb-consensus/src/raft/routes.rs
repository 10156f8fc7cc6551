//! What other nodes may ask of this one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use futures::StreamExt;
use openraft::ReadPolicy;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderRequest, VoteRequest,
};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use super::background::in_background;
use super::core::Core;
use super::messenger::DATA_HEADER;
use super::network::unhex;
use super::propose::Attempt;
use super::snapshot::{SNAPSHOT_MAX_BYTES, SnapshotFile};
use super::types::{Raft, Snapshot, TypeConfig, Vote};
use super::wire::Wire;
use crate::follow;
use crate::identity::Peer;
use crate::state::{Envelope, Generation};

/// Most bytes of a message with log entries or a command; axum's default is 2 MB.
const MESSAGE_MAX_BYTES: usize = 64 << 20;

/// How long a snapshot may stall on its way.
const SNAPSHOT_STALL: Duration = Duration::from_secs(10);

/// How long a forwarded command may take here, its trial included: that of a million records takes
/// seconds. The sender has a deadline of its own.
const FORWARDED: Duration = Duration::from_secs(60);

/// Why a request of another node is not served.
struct Refusal(StatusCode, String);

impl Refusal {
    fn new(status: StatusCode, why: impl ToString) -> Self {
        Self(status, why.to_string())
    }

    /// Raft does not run, or failed on this request: the sender should back off.
    fn unavailable(why: impl ToString) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

/// An answer: the bytes of a message, or a refusal.
type Answer = Result<Vec<u8>, Refusal>;

/// The routes of Raft and of the cluster; `extra` are the node's own.
pub(crate) fn router(core: Arc<Core>, extra: Router) -> Router {
    let feed = follow::router(core.desk.clone());
    if core.observer.is_some() {
        // Raft is not spoken here at all.
        return feed.merge(extra);
    }
    let own = Router::new()
        .route("/raft/v1/append", post(append))
        .route("/raft/v1/vote", post(vote))
        .route("/raft/v1/prevote", post(pre_vote))
        .route("/raft/v1/transfer", post(transfer))
        .route("/raft/v1/snapshot/{vote}", post(snapshot).layer(DefaultBodyLimit::disable()))
        .route("/cluster/v1/hello", get(hello))
        .route("/cluster/v1/clock", get(clock))
        .route("/cluster/v1/generation", get(generation))
        .route("/cluster/v1/propose", post(propose))
        .route("/cluster/v1/read-index", get(read_index))
        .route("/cluster/v1/lead/{id}", post(hand_over))
        .layer(DefaultBodyLimit::max(MESSAGE_MAX_BYTES))
        .with_state(core);
    own.merge(feed).merge(extra)
}

/// Only nodes may speak Raft, and only to the data folder that they mean.
fn admit(core: &Core, peer: &Peer, headers: &HeaderMap) -> Result<(u64, Raft), Refusal> {
    let Peer::Node(from) = peer else {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "only nodes may ask this"));
    };
    if let Some(meant) = headers.get(DATA_HEADER)
        && meant.as_bytes() != core.data_uuid.as_bytes()
    {
        // A wiped node is not the member that it was: it must never vote under its number.
        core.set_stranger(true);
        let why = "this node's data folder is not the one that joined the cluster";
        return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, why));
    }
    core.set_stranger(false);
    let raft = core.raft().ok_or_else(|| Refusal::unavailable("Raft does not run"))?;
    Ok((*from, raft))
}

/// Reads a message.
fn read<T: Wire>(body: &[u8]) -> Result<T, Refusal> {
    T::decode(body).map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error))
}

/// Writes a message.
fn write(message: &impl Wire) -> Answer {
    message.encode().map_err(Refusal::unavailable)
}

/// A node speaks for itself only.
fn check_sender(vote: &Vote, from: u64) -> Result<(), Refusal> {
    if vote.leader_id.node_id == from {
        return Ok(());
    }
    let why = format!("node {from} speaks for node {}", vote.leader_id.node_id);
    Err(Refusal::new(StatusCode::FORBIDDEN, why))
}

async fn append(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (from, raft) = admit(&core, &peer, &headers)?;
    let request: AppendEntriesRequest<TypeConfig> = read(&body)?;
    check_sender(&request.vote, from)?;
    let answer = raft.append_entries(request).await.map_err(Refusal::unavailable)?;
    if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
        core.hear_leader();
    }
    write(&answer)
}

async fn vote(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (from, raft) = admit(&core, &peer, &headers)?;
    let request: VoteRequest<TypeConfig> = read(&body)?;
    check_sender(&request.vote, from)?;
    write(&raft.vote(request).await.map_err(Refusal::unavailable)?)
}

async fn pre_vote(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (from, raft) = admit(&core, &peer, &headers)?;
    let request: VoteRequest<TypeConfig> = read(&body)?;
    check_sender(&request.vote, from)?;
    write(&raft.pre_vote(request).await.map_err(Refusal::unavailable)?)
}

async fn transfer(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (from, raft) = admit(&core, &peer, &headers)?;
    let request: TransferLeaderRequest<TypeConfig> = read(&body)?;
    check_sender(request.from_leader(), from)?;
    write(&raft.handle_transfer_leader(request).await.map_err(Refusal::unavailable)?)
}

async fn snapshot(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    Path(vote): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let (from, raft) = admit(&core, &peer, &headers)?;
    let vote: Vote = read(&unhex(&vote).unwrap_or_default())?;
    check_sender(&vote, from)?;
    let busy = "snapshots of others are being received";
    let _place = core.receiving.try_acquire().map_err(|_| Refusal::unavailable(busy))?;
    let file = SnapshotFile { path: core.snapshots.spool_path() };
    let received = receive(&file, body).await;
    let answer = match received {
        Ok(()) => install(&core, &raft, vote, file.clone()).await,
        Err(error) => Err(Refusal::unavailable(error)),
    };
    // If it was taken in it has moved; if not it is of no use.
    let _ = tokio::fs::remove_file(&file.path).await;
    answer
}

/// Writes an arriving snapshot to a file.
async fn receive(file: &SnapshotFile, body: Body) -> std::io::Result<()> {
    let mut spool = tokio::fs::File::create(&file.path).await?;
    let mut stream = body.into_data_stream();
    let mut bytes: u64 = 0;
    while let Some(chunk) = timeout(SNAPSHOT_STALL, stream.next()).await? {
        let chunk = chunk.map_err(std::io::Error::other)?;
        bytes += chunk.len() as u64;
        if bytes > SNAPSHOT_MAX_BYTES {
            return Err(std::io::Error::other("the snapshot is too large"));
        }
        spool.write_all(&chunk).await?;
    }
    spool.sync_all().await
}

/// Hands a received snapshot to Raft; one that is damaged is turned away here.
async fn install(core: &Core, raft: &Raft, vote: Vote, file: SnapshotFile) -> Answer {
    let read = file.clone();
    let meta = in_background(move || read.read_meta()).await.map_err(Refusal::unavailable)?;
    core.hear_leader();
    let snapshot = Snapshot { meta, snapshot: file };
    let (from, since) = (vote.leader_id.node_id, Instant::now());
    let index = snapshot.meta.last_log_id.map(|id| id.index);
    let answer = raft.install_full_snapshot(vote, snapshot).await.map_err(Refusal::unavailable)?;
    let ms = since.elapsed().as_millis();
    tracing::info!(from, index, ms, "took over a snapshot");
    write(&answer)
}

/// Says which data folder this node has, for the leader that is about to add it.
async fn hello(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<String, Refusal> {
    admit(&core, &peer, &headers)?;
    Ok(core.data_uuid.clone())
}

/// Says what time it is here, ms since 1970, for the leader that compares the clocks.
async fn clock(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<String, Refusal> {
    admit(&core, &peer, &headers)?;
    Ok(core.time.wall_ms().to_string())
}

/// Says the newest generation that this version reads, for the leader that is about to raise it.
async fn generation(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<String, Refusal> {
    admit(&core, &peer, &headers)?;
    Ok(Generation::NEWEST.to_string())
}

async fn propose(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    admit(&core, &peer, &headers)?;
    let attempt = match Envelope::decode(&body) {
        Ok(envelope) => core.propose_here(envelope, Instant::now() + FORWARDED).await,
        Err(unknown) => Attempt::Unsupported(unknown.to_string()),
    };
    attempt.encode().map_err(Refusal::unavailable)
}

/// The index that a read must have seen, confirmed by a quorum just now.
async fn read_index(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<String, Refusal> {
    let (_, raft) = admit(&core, &peer, &headers)?;
    let (id, _) =
        raft.get_read_log_id(ReadPolicy::ReadIndex).await.map_err(Refusal::unavailable)?;
    Ok(id.index().to_string())
}

/// Asks this node, which leads, to hand the lead over.
async fn hand_over(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    Path(to): Path<u64>,
    headers: HeaderMap,
) -> Result<String, Refusal> {
    let (_, raft) = admit(&core, &peer, &headers)?;
    raft.trigger().transfer_leader(to).await.map_err(Refusal::unavailable)?;
    Ok(String::new())
}
