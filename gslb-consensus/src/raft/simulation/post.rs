//! A network that is made of code: it brings calls to the routes of the node that they are for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use axum::{Extension, Router};
use bytes::Bytes;
use futures::future::BoxFuture;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use crate::identity::Peer;
use crate::raft::messenger::{DATA_HEADER, Lane};

/// One call of a node to another, encoded as it would be on the wire.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who is called.
    pub to: u64,
    /// Whether it goes ahead of log entries and snapshots.
    pub urgent: bool,
    /// GET or POST.
    pub method: Method,
    /// The route.
    pub path: String,
    /// Which data folder is meant; empty: whichever.
    pub data_uuid: String,
    /// The encoded message.
    pub body: Bytes,
    /// How long its sender waits.
    pub ttl: Duration,
}

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It never arrived.
    Unreachable,
    /// It was cut off: it may have arrived.
    Broken,
}

/// Status and body.
pub type Answer = Result<(StatusCode, Bytes), Lost>;

/// An answer on its way.
pub type Answering = BoxFuture<'static, Answer>;

/// The network as one node sees it.
pub trait Post: Send + Sync {
    /// Brings a call to its node, and the answer back; the caller waits no longer than `ttl`.
    fn bring(&self, call: Call) -> Answering;
}

/// What a node answers to other nodes.
#[derive(Clone)]
pub struct Routes(pub(super) Router);

impl Routes {
    /// Hands a call to the node, as its listener does once it knows who calls.
    pub async fn answer(&self, from: u64, call: Call) -> Answer {
        let mut request = Request::builder().method(call.method).uri(call.path);
        if !call.data_uuid.is_empty() {
            request = request.header(DATA_HEADER, call.data_uuid);
        }
        let request = request.body(Body::from(call.body)).map_err(|_| Lost::Unreachable)?;
        let router = self.0.clone().layer(Extension(Peer::Node(from)));
        let answered: Response = match TowerToHyperService::new(router).call(request).await {
            Ok(answered) => answered,
            Err(never) => match never {},
        };
        let status = answered.status();
        let body = axum::body::to_bytes(answered.into_body(), usize::MAX).await;
        body.map(|body| (status, body)).map_err(|_| Lost::Broken)
    }
}

/// A call as the network gets it.
pub(in crate::raft) async fn bring(
    post: &Arc<dyn Post>,
    lane: Lane,
    (method, path): (Method, &str),
    (to, data_uuid): (u64, &str),
    body: reqwest::Body,
    ttl: Duration,
) -> Answer {
    let body = axum::body::to_bytes(Body::new(body), usize::MAX).await;
    let call = Call {
        to,
        urgent: lane == Lane::Urgent,
        method,
        path: path.to_owned(),
        data_uuid: data_uuid.to_owned(),
        body: body.map_err(|_| Lost::Unreachable)?,
        ttl,
    };
    post.bring(call).await
}
