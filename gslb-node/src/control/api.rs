//! What a node gives the API.

use super::limits::Throttle;
use super::rates::Rates;
use super::roll::Roll;
use super::shape::{CertificateReport, PlaceEdition};
use geo::PlaceTable;
use gslb_consensus::identity::Identity;
use gslb_consensus::raft::Cluster;
use gslb_consensus::state::Revision;
use gslb_consensus::trail::Trail;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;
use tokio::time::Instant;

/// How the API sees the parts of a node that lie beside it: telemetry, place data, the serving set.
pub trait Insight: Send + Sync + 'static {
    /// The body of `GET /metrics`.
    fn metrics(&self) -> String;
    /// Steered answers since the start, by region id.
    fn answers(&self) -> BTreeMap<String, u64>;
    /// The place data in use, with the operator's prefixes over it.
    fn places(&self) -> Arc<PlaceTable>;
    /// Whether that data knows little more than countries, as the built-in one.
    fn places_are_coarse(&self) -> bool;
    /// Why the last backup that was due failed, if it did.
    fn backup_failed(&self) -> Option<String>;
    /// Until when this node's certificates are valid, and what became of their files.
    fn certificate(&self) -> CertificateReport;
}

/// The parts that an [`Api`] is made of.
pub struct ApiParts {
    /// The cluster, as this node sees it.
    pub cluster: Cluster,
    /// Who this node is.
    pub identity: Arc<Identity>,
    /// The revision that this node answers DNS by.
    pub served: watch::Receiver<Revision>,
    /// The parts beside.
    pub insight: Arc<dyn Insight>,
    /// Where this node answers DNS.
    pub dns: Vec<SocketAddr>,
    /// All of the audit trail, in files.
    pub trail: Trail,
}

/// A handle on all that the routes need; clones share it.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

/// Where an [`Api`] will be once the node has started: the peers' routes exist before the cluster does.
pub type ApiSlot = Arc<OnceLock<Api>>;

/// What all clones of an [`Api`] share.
pub struct Shared {
    /// What the node gave.
    pub(super) parts: ApiParts,
    /// When each node was last heard.
    pub(super) roll: Roll,
    /// Answers over the last minute.
    pub(super) rates: Rates,
    /// How much each caller asked for lately.
    pub(super) throttle: Throttle,
    /// When this node started.
    pub(super) started: Instant,
}

impl Api {
    /// The API of a node that has started.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        Self::since(parts, Instant::now())
    }

    /// Writes the audit trail as the agreed state goes on.
    pub fn keep_trail(&self) -> impl Future<Output = ()> + Send + use<> {
        self.parts.trail.clone().follow(self.parts.cluster.watch())
    }

    /// The API of a node that has run since `started`.
    pub(super) fn since(parts: ApiParts, started: Instant) -> Self {
        Self(Arc::new(Shared {
            parts,
            roll: Roll::new(started),
            rates: Rates::default(),
            throttle: Throttle::default(),
            started,
        }))
    }
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// This node's number.
    pub(super) fn node_id(&self) -> u64 {
        self.parts.identity.node_id
    }

    /// Which place data is in use.
    pub(super) fn place_edition(&self) -> PlaceEdition {
        let table = self.parts.insight.places();
        let edition = table.edition();
        PlaceEdition {
            label: edition.label.clone(),
            id: edition.id.to_string(),
            built_s: edition.build_epoch_s,
            coarse: self.parts.insight.places_are_coarse(),
        }
    }

    /// The revision that this node answers DNS by.
    pub(super) fn served(&self) -> Revision {
        *self.parts.served.borrow()
    }
}
