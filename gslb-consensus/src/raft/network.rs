//! What openraft sees of the other nodes.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream;
use openraft::errors::{
    NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable,
};
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{EntryPayload, OptionalSend, RPCTypes};
use reqwest::{Body, Method, StatusCode};
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;

use super::address_book::AddressBook;
use super::messenger::{CallError, Lane, Messenger};
use super::snapshot::SnapshotFile;
use super::types::{Dial, Snapshot, TypeConfig, Vote};
use super::wire::Wire;

/// Bytes of a snapshot that are read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// The slowest line over which log entries still get through: 1 MB a second.
const SLOWEST_BYTES_PER_MS: usize = 1_000;

/// Makes openraft's ways to the other nodes.
pub(crate) struct Network {
    pub(crate) own_id: u64,
    /// How long log entries may take to be answered, beside the time for their bytes.
    pub(crate) patience: Duration,
    pub(crate) messenger: Arc<Messenger>,
    /// The place for a snapshot that is sent: one at a time, for each takes disk and line.
    pub(crate) sending: Arc<Semaphore>,
    pub(crate) book: Arc<AddressBook>,
}

impl Network {
    fn link(&self, lane: Lane, target: u64, dial: &Dial) -> Link {
        // A node that calls itself would wait for itself (openraft #994).
        debug_assert_ne!(target, self.own_id);
        self.book.set_if_unknown(target, &dial.raft);
        Link {
            lane,
            own_id: self.own_id,
            patience: self.patience,
            target,
            data_uuid: dial.data_uuid.clone(),
            messenger: Arc::clone(&self.messenger),
            sending: Arc::clone(&self.sending),
        }
    }
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: u64, dial: &Dial) -> Link {
        self.link(Lane::Log, target, dial)
    }

    async fn new_heartbeat_client(&mut self, target: u64, dial: &Dial) -> Link {
        self.link(Lane::Urgent, target, dial)
    }

    async fn new_snapshot_client(&mut self, target: u64, dial: &Dial) -> Link {
        self.link(Lane::Snapshot, target, dial)
    }
}

/// The way to one node.
pub(crate) struct Link {
    lane: Lane,
    own_id: u64,
    patience: Duration,
    target: u64,
    data_uuid: String,
    messenger: Arc<Messenger>,
    sending: Arc<Semaphore>,
}

impl Link {
    /// One request and its answer.
    async fn ask<Q: Wire, A: Wire>(
        &self,
        lane: Lane,
        (path, kind): (&str, RPCTypes),
        request: &Q,
        ttl: Duration,
    ) -> Result<A, RPCError<TypeConfig>> {
        let body =
            request.encode().map_err(|error| RPCError::Network(NetworkError::new(&error)))?;
        let node = (self.target, self.data_uuid.as_str());
        let answer = self.messenger.call(lane, (Method::POST, path), node, body, ttl).await;
        match answer {
            Ok((StatusCode::OK, body)) => {
                A::decode(&body).map_err(|error| RPCError::Network(NetworkError::new(&error)))
            }
            // It refuses what it was asked: asking again at once would not help.
            Ok((status, body)) => {
                let why = format!("{status}: {}", String::from_utf8_lossy(&body));
                Err(RPCError::Unreachable(Unreachable::from_string(why)))
            }
            Err(
                CallError::Unreachable(why) | CallError::Refused(why) | CallError::Distrusted(why),
            ) => Err(RPCError::Unreachable(Unreachable::from_string(why))),
            Err(CallError::Broken(why)) => Err(RPCError::Network(NetworkError::from_string(why))),
            Err(CallError::Timeout(_)) => Err(RPCError::Timeout(Timeout {
                action: kind,
                id: self.own_id,
                target: self.target,
                timeout: ttl,
            })),
        }
    }
}

impl RaftNetworkV2<TypeConfig> for Link {
    type SnapshotData = SnapshotFile;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<TypeConfig>, RPCError<TypeConfig>> {
        let route = ("/raft/v1/append", RPCTypes::AppendEntries);
        let ttl = match self.lane {
            Lane::Urgent => option.soft_ttl(),
            _ => self.patience.max(option.soft_ttl()) + time_to_send(&rpc),
        };
        self.ask(self.lane, route, &rpc, ttl).await
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        let route = ("/raft/v1/vote", RPCTypes::Vote);
        self.ask(Lane::Urgent, route, &rpc, option.soft_ttl()).await
    }

    // openraft's own default would grant it without asking.
    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        let route = ("/raft/v1/prevote", RPCTypes::Vote);
        self.ask(Lane::Urgent, route, &rpc, option.soft_ttl()).await
    }

    async fn transfer_leader(
        &mut self,
        req: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<TypeConfig>, RPCError<TypeConfig>> {
        let route = ("/raft/v1/transfer", RPCTypes::TransferLeader);
        self.ask(Lane::Urgent, route, &req, option.soft_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        tokio::select! {
            sent = self.send_snapshot(vote, &snapshot, option.soft_ttl()) => sent,
            closed = cancel => Err(StreamingError::Closed(closed)),
        }
    }
}

impl Link {
    /// Sends the file of a snapshot as it is.
    async fn send_snapshot(
        &self,
        vote: Vote,
        snapshot: &Snapshot,
        ttl: Duration,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let network = |why: String| StreamingError::Network(NetworkError::from_string(why));
        let _place = self.sending.acquire().await.map_err(|error| network(error.to_string()))?;
        let file = tokio::fs::File::open(&snapshot.snapshot.path)
            .await
            .map_err(|error| network(error.to_string()))?;
        let bytes = file.metadata().await.map_err(|error| network(error.to_string()))?.len();
        let since = Instant::now();
        // The vote goes in the path, for the body is the file as it is.
        let vote = vote.encode().map_err(|error| network(error.to_string()))?;
        let path = format!("/raft/v1/snapshot/{}", hex(&vote));
        let node = (self.target, self.data_uuid.as_str());
        let ttl = ttl + Duration::from_millis(bytes / SLOWEST_BYTES_PER_MS as u64);
        let body = Body::wrap_stream(chunks(file));
        match self.messenger.call(Lane::Snapshot, (Method::POST, &path), node, body, ttl).await {
            Ok((StatusCode::OK, body)) => {
                let ms = since.elapsed().as_millis();
                tracing::info!(to = self.target, bytes, ms, "sent a snapshot");
                SnapshotResponse::decode(&body).map_err(|error| network(error.to_string()))
            }
            Ok((status, body)) => {
                let why = format!("{status}: {}", String::from_utf8_lossy(&body));
                Err(StreamingError::Unreachable(Unreachable::from_string(why)))
            }
            Err(
                CallError::Unreachable(why) | CallError::Refused(why) | CallError::Distrusted(why),
            ) => Err(StreamingError::Unreachable(Unreachable::from_string(why))),
            Err(CallError::Broken(why) | CallError::Timeout(why)) => Err(network(why)),
        }
    }
}

/// How long the commands of a message may take on their way: a large one must get through once.
fn time_to_send(rpc: &AppendEntriesRequest<TypeConfig>) -> Duration {
    let bytes: usize = rpc
        .entries
        .iter()
        .map(|entry| match &entry.payload {
            EntryPayload::Normal(proposal) => proposal.0.len(),
            _ => 0,
        })
        .sum();
    Duration::from_millis((bytes / SLOWEST_BYTES_PER_MS) as u64)
}

/// The content of a file, piece by piece.
fn chunks(
    file: tokio::fs::File,
) -> impl futures::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(chunk), file)))
    })
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits.
pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let pair = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(pair).collect()
}
