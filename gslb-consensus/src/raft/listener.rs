//! The listener for other nodes: TLS handshakes run beside the accepting, within limits.

use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::identity::{Identity, Peer};

/// Most connections at once, those in a handshake included.
const CONNECTIONS_MAX: usize = 512;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the answer to a keep-alive may take: on a slow line it waits behind part of a snapshot.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// How long accepting rests after the system refused a connection, for want of descriptors mostly.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Serves a router to peers of the cluster, until it is told to close.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) identity: Arc<Identity>,
    pub(crate) router: Router,
    pub(crate) closing: watch::Receiver<bool>,
}

impl Listener {
    /// Accepts until the node closes; then all connections are cut and the port is free.
    pub(crate) async fn run(mut self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                _ = self.closing.wait_for(|closing| *closing) => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection of another node was not accepted");
                    tokio::time::sleep(ACCEPT_REST).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!("too many connections of other nodes; one is dropped");
                continue;
            };
            let (identity, router) = (Arc::clone(&self.identity), self.router.clone());
            connections.spawn(async move {
                if let Err(why) = serve(stream, &identity, router).await {
                    tracing::debug!(%why, "a connection of another node ended");
                }
                drop(place);
            });
        }
        connections.shutdown().await;
    }
}

/// Handshake, who is it, then requests until the connection ends.
async fn serve(stream: TcpStream, identity: &Identity, router: Router) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    stream.set_nodelay(true).map_err(text)?;
    // The certificate of now: it may have been replaced since the last connection.
    let tls = TlsAcceptor::from(identity.server_config());
    let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream))
        .await
        .map_err(|_| "no handshake in time".to_owned())?
        .map_err(text)?;
    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let peer: Peer = identity.peer_of(shown).map_err(|error| error.to_string())?;
    let service = TowerToHyperService::new(router.layer(Extension(peer)));
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HANDSHAKE_TIMEOUT);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(KEEP_ALIVE);
    server.serve_connection(TokioIo::new(stream), service).await.map_err(|error| error.to_string())
}
