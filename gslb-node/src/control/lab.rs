//! One real node of a cluster for tests: Raft on loopback, the API's routes, no DNS.

use super::api::{Api, ApiParts, ApiSlot, Insight};
use super::routes::{operator_routes, peer_routes};
use super::shape::CertificateReport;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use geo::PlaceTable;
use gslb_consensus::identity::{Authority, Identity, Peer};
use gslb_consensus::raft::{Cluster, ClusterConfig, FeedConfig, Role, Timers, WallClock};
use gslb_consensus::state::{Generation, Revision, State as Agreed};
use gslb_consensus::trail::Trail;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

/// No step of a test takes longer, even on a machine that is busy.
const SOON: Duration = Duration::from_secs(30);

/// A file that declares one of each, with a static name beside the steered one.
pub(crate) const TRAFFIC: &str = r#"
[[zones]]
name = "g.example"
records = '''
@ 300 IN SOA ns1 hostmaster 1 3600 600 86400 60
@ 300 IN NS ns1
ns1 300 IN A 192.0.2.1
'''
[[regions]]
id = "fra"
location = { lat = 50.11, lon = 8.68 }
[[regions]]
id = "iad"
location = { lat = 39.04, lon = -77.49 }
[[pools]]
id = "web"
endpoints = [
  { id = "web-fra-1", region = "fra", address = "192.0.2.11" },
  { id = "web-iad-1", region = "iad", address = "192.0.2.21" },
]
[[policies]]
id = "near"
filters = [{ kind = "failover", order = ["fra", "iad"] }, { kind = "proximity" }, { kind = "weighted" }]
[[names]]
name = "www.g.example"
pool = "web"
policy = "near"
"#;

/// One node that leads a cluster of its own.
pub(crate) struct Lab {
    /// Holds the authority, in its root.
    pub(crate) dir: TempDir,
    pub(crate) identity: Arc<Identity>,
    pub(crate) cluster: Cluster,
    pub(crate) routes: Router,
    /// The bound socket of the API.
    pub(crate) listener: Option<TcpListener>,
}

struct Fixed;

impl Insight for Fixed {
    fn metrics(&self) -> String {
        "# EOF\n".to_owned()
    }

    fn answers(&self) -> BTreeMap<String, u64> {
        BTreeMap::from([("fra".to_owned(), 3), ("iad".to_owned(), 1)])
    }

    fn places(&self) -> Arc<PlaceTable> {
        Arc::new(PlaceTable::empty())
    }

    fn places_are_coarse(&self) -> bool {
        true
    }

    fn backup_failed(&self) -> Option<String> {
        None
    }

    fn certificate(&self) -> CertificateReport {
        CertificateReport::default()
    }
}

impl Lab {
    /// Starts the node and waits until it leads.
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let [raft, listener] = [(), ()].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        listener.set_nonblocking(true).unwrap();
        let [raft_at, api_at] = [&raft, &listener].map(|l| l.local_addr().unwrap().to_string());
        let authority = Authority::create("lab").unwrap();
        authority.save(dir.path()).unwrap();
        let own = dir.path().join("n1");
        let host = ["127.0.0.1".to_owned()];
        authority.issue_node(1, "n1", true, &host).unwrap().save(&own).unwrap();
        let identity = Arc::new(Identity::load(&own).unwrap());
        let slot = ApiSlot::default();
        let config = ClusterConfig {
            data_dir: dir.path().join("data"),
            identity: Arc::clone(&identity),
            advertise: raft_at,
            api: api_at,
            timers: Timers::Patient,
            extra: peer_routes(Arc::clone(&slot)),
            space: gslb_consensus::raft::SpaceLimits::default(),
            clock: WallClock::system(),
            gate: None,
            feed: FeedConfig::default(),
        };
        let start = tokio::task::spawn_blocking(|| Cluster::start(config, raft));
        let cluster = start.await.unwrap().unwrap();
        let mut status = cluster.status_changes();
        let leads = status.wait_for(|status| status.role == Role::Leader);
        timeout(SOON, leads).await.unwrap().unwrap();
        let mut state = cluster.watch();
        let is_settled = |state: &Arc<Agreed>| {
            state.nodes.contains_key(&1) && state.generation == Generation::NEWEST
        };
        let recorded = state.wait_for(is_settled);
        timeout(SOON, recorded).await.unwrap().unwrap();
        let trail = Trail::open(&dir.path().join("audit")).unwrap();
        let api = Api::since(
            ApiParts {
                cluster: cluster.clone(),
                identity: Arc::clone(&identity),
                served: served(&cluster),
                insight: Arc::new(Fixed),
                dns: Vec::new(),
                trail,
            },
            // A node that was never heard is silent at once, as on a node that has run for a while.
            Instant::now() - Duration::from_secs(60),
        );
        tokio::spawn(api.keep_trail());
        assert!(slot.set(api.clone()).is_ok());
        Self { dir, identity, cluster, routes: operator_routes(api), listener: Some(listener) }
    }

    /// Asks as operator `ann`.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
        self.ask_as(Some(Peer::Admin("ann".into())), &[], method, path, body).await
    }

    /// Asks with these headers; a body that is no JSON comes back as text.
    pub(crate) async fn ask_as(
        &self,
        peer: Option<Peer>,
        headers: &[(&'static str, &str)],
        method: &str,
        path: &str,
        body: &str,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path);
        for (key, value) in headers {
            request = request.header(*key, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let answer = timeout(SOON, self.routes.clone().oneshot(request)).await.unwrap().unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Applies [`TRAFFIC`].
    pub(crate) async fn apply(&self) {
        let (status, reply) = self.ask("PUT", "/v1/config", TRAFFIC).await;
        assert_eq!(status, 200, "{reply}");
    }
}

/// A publisher that serves each state as it is agreed.
fn served(cluster: &Cluster) -> watch::Receiver<Revision> {
    let mut state = cluster.watch();
    let (publish, served) = watch::channel(state.borrow().revision());
    tokio::spawn(async move {
        while state.changed().await.is_ok() {
            let revision = state.borrow_and_update().revision();
            publish.send_replace(revision);
        }
    });
    served
}
