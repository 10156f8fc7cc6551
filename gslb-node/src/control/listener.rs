//! The API's socket: TLS handshakes off the accept path, limits, and a clean end.

use super::identify::Line;
use super::token::{hex, sha256_of};
use axum::Router;
use axum::extract::Request;
use gslb_consensus::identity::{Identity, Peer};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Most connections at a time; further ones wait in the socket's backlog.
const CONNECTIONS_MAX: usize = 512;
/// A handshake that takes longer is given up.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// The header of a request must be there within.
const HEADER_WITHIN: Duration = Duration::from_secs(10);
/// How long open requests may take to end once the node stops.
const DRAIN_WITHIN: Duration = Duration::from_secs(2);
/// After an accept that failed (such as too many open files): how long until the next one.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `routes` until `stop` turns true; each request carries where it came from, and its [`Peer`] if the
/// caller showed a certificate of the cluster. Who may ask for what is for the routes to say.
pub async fn serve_tls(
    listener: TcpListener,
    identity: Arc<Identity>,
    routes: Router,
    stop: watch::Receiver<bool>,
) {
    let wait = stop.clone();
    accept(listener, stop, move |stream, from| {
        let (identity, routes, stop) = (Arc::clone(&identity), routes.clone(), wait.clone());
        async move {
            // The certificate of now: it may have been replaced since the last connection.
            let acceptor = TlsAcceptor::from(identity.api_server_config());
            let Ok(Ok(tls)) = timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await else {
                tracing::debug!("an API client's TLS handshake failed");
                return;
            };
            let shown = tls.get_ref().1.peer_certificates().unwrap_or_default();
            let hash = shown.first().map(|c| hex(&sha256_of(c)).chars().take(16).collect());
            let line = Line { from, certificate: hash.unwrap_or_default() };
            match shown.first().map(|_| identity.peer_of(shown)).transpose() {
                Ok(peer) => connection(tls, routes, Some((peer, line)), stop).await,
                Err(error) => tracing::warn!(%error, "an API client was turned away"),
            }
        }
    })
    .await;
}

/// Serves `routes` without TLS until `stop` turns true: for a loopback listener that changes nothing.
pub async fn serve_plain(listener: TcpListener, routes: Router, stop: watch::Receiver<bool>) {
    let wait = stop.clone();
    let run = move |stream, _| connection(stream, routes.clone(), None, wait.clone());
    accept(listener, stop, run).await;
}

/// Accepts connections and runs each as its own task, until `stop` turns true and they have ended.
async fn accept<F>(
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
    run: impl Fn(TcpStream, String) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut tasks = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = tasks.join_next() => {}
            (place, accepted) = next => match accepted {
                Ok((stream, from)) => {
                    // Small answers must not wait for more to say.
                    let _ = stream.set_nodelay(true);
                    let run = run(stream, from.ip().to_canonical().to_string());
                    tasks.spawn(async move {
                        run.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the API cannot accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let all = async { while tasks.join_next().await.is_some() {} };
    let _ = timeout(DRAIN_WITHIN, all).await;
}

/// Returns once `stop` turns true, or nobody can turn it any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves one connection; once `stop` turns true it answers what it has begun and ends.
async fn connection<S>(
    stream: S,
    routes: Router,
    caller: Option<(Option<Peer>, Line)>,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = tower_service(routes, caller);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_WITHIN);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(64);
    builder.http2().keep_alive_interval(Some(Duration::from_secs(30)));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an API connection ended early");
    }
}

/// The routes as a service that knows who is at the other end.
fn tower_service(
    routes: Router,
    caller: Option<(Option<Peer>, Line)>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send + 'static,
> {
    let inner = TowerToHyperService::new(routes);
    hyper::service::service_fn(move |mut request: Request<Incoming>| {
        if let Some((peer, line)) = &caller {
            request.extensions_mut().insert(line.clone());
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer.clone());
            }
        }
        hyper::service::Service::call(&inner, request)
    })
}
