//! Kills and revives regions of a running demo, and waits until the answers have moved.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use gslb_consensus::model::DnsName;
use reqwest::Client;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::dns_query::addresses;
use super::endpoints::{Endpoints, Region};
use super::error::DemoError;

/// How often the nodes are asked while something is waited for.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How long the answers may take to move.
const MOVE_WITHIN: Duration = Duration::from_secs(15);

/// What the switch works on.
pub(super) struct Board {
    /// The endpoints by region.
    pub(super) endpoints: Mutex<Vec<(&'static Region, Endpoints)>>,
    /// Where the nodes answer DNS.
    pub(super) nodes: Vec<SocketAddr>,
    /// The name that shows whether the answers have moved.
    pub(super) name: DnsName,
    /// A client of each region, in the order of the regions.
    pub(super) clients: Vec<(&'static Region, Ipv4Addr)>,
}

impl Board {
    /// Waits until each node gives clients of `region` its endpoints, or, if not `given`, others.
    pub(super) async fn settled(&self, region: &Region, given: bool) -> Result<(), DemoError> {
        let Some((_, client)) = self.clients.iter().find(|(r, _)| r.id == region.id) else {
            return Ok(());
        };
        let all = async {
            for node in &self.nodes {
                self.node_settled(*node, *client, region, given).await;
            }
        };
        timeout(MOVE_WITHIN, all).await.map_err(|_| {
            let word = if given { "did not come back" } else { "did not move" };
            DemoError::Answers(format!("the answers for clients in {} {word}", region.label))
        })
    }

    async fn node_settled(&self, node: SocketAddr, client: Ipv4Addr, region: &Region, given: bool) {
        let own = region.addresses();
        let mut ticks = interval(ASK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let found = addresses(node, &self.name, client).await.unwrap_or_default();
            if !found.is_empty() && found.iter().all(|address| own.contains(address) == given) {
                return;
            }
        }
    }
}

/// The routes of the switch.
pub(super) fn routes(board: Arc<Board>) -> Router {
    Router::new()
        .route("/kill/{region}", post(kill))
        .route("/revive/{region}", post(revive))
        .with_state(board)
}

type Said = (StatusCode, String);

async fn kill(board: State<Arc<Board>>, region: Path<String>) -> Said {
    turn(&board, &region, false).await
}

async fn revive(board: State<Arc<Board>>, region: Path<String>) -> Said {
    turn(&board, &region, true).await
}

async fn turn(board: &Board, region: &str, up: bool) -> Said {
    let Some(region) = Region::find(region) else {
        return (StatusCode::NOT_FOUND, format!("there is no region {region}: eu, na or as\n"));
    };
    let began = Instant::now();
    let mut all = board.endpoints.lock().await;
    let Some((_, endpoints)) = all.iter_mut().find(|(r, _)| r.id == region.id) else {
        return (StatusCode::NOT_FOUND, "this region has no endpoints\n".to_owned());
    };
    if up {
        if let Err(error) = endpoints.revive().await {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n"));
        }
    } else {
        endpoints.kill().await;
    }
    drop(all);
    match board.settled(region, up).await {
        Ok(()) => {
            let took = began.elapsed().as_millis();
            let (what, then) = if up {
                ("answer again", "are led to them again by all three nodes")
            } else {
                ("are dead", "are led elsewhere by all three nodes")
            };
            let text = format!(
                "the endpoints of {} {what}; {took} ms later clients in {} {then}\n",
                region.id, region.label
            );
            (StatusCode::OK, text)
        }
        Err(error) => (StatusCode::GATEWAY_TIMEOUT, format!("{error}\n")),
    }
}

/// Turns a region of the demo that listens at `at` off or on, and prints what came of it.
///
/// # Errors
/// No demo listens there, or it refuses.
pub async fn switch(at: SocketAddr, region: &str, up: bool) -> Result<(), DemoError> {
    let verb = if up { "revive" } else { "kill" };
    let asked = async {
        let client = Client::builder()
            .tls_backend_preconfigured(plain_only()?)
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        let sent = client.post(format!("http://{at}/{verb}/{region}")).send().await;
        let answer = sent.map_err(|_| format!("no demo listens at {at}: its card says where"))?;
        let (status, text) = (answer.status(), answer.text().await);
        let text = text.map_err(|error| error.to_string())?;
        if status.is_success() { Ok(text) } else { Err(text.trim_end().to_owned()) }
    };
    let text = asked.await.map_err(DemoError::Switch)?;
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// TLS settings that trust nobody: the client that they are for speaks plain HTTP only.
fn plain_only() -> Result<rustls::ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}
