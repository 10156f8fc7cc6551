//! A node's own identity, read from its folder.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::files::{PUBLIC, read, write};
use super::issued::NodeCard;
use super::node_tls::{CERTIFICATE, NodeTls};
use super::peer::{host_name, observer_host, peer_of};
use super::validity::Validity;
use super::{ClusterKey, Founder, IdentityError, Peer};

/// The file that says that the cluster has been begun.
const FOUNDED: &str = "founded";

/// A node's own identity: who it is, and the credentials that prove it.
pub struct Identity {
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's unique id, 32 hexadecimal digits.
    pub cluster_uuid: String,
    /// This node's number.
    pub node_id: u64,
    /// This node's name for people.
    pub name: String,
    /// Whether this node starts the cluster.
    pub founder: bool,
    /// The nodes that the cluster begins with, this one among them; empty for all but a founder.
    pub founders: Vec<Founder>,
    /// Whether this node is an observer: it follows the feed and has no part in Raft.
    pub observer: bool,
    dir: PathBuf,
    /// Replaced whole when the files are.
    tls: RwLock<Arc<NodeTls>>,
}

impl Identity {
    /// Reads the folder written by [`super::NodeFiles::save`] and checks that its parts fit.
    pub fn load(dir: &Path) -> Result<Self, IdentityError> {
        let path = dir.join("identity.toml");
        let card: NodeCard = toml::from_str(&read(dir, "identity.toml")?)
            .map_err(|error| IdentityError::broken(&path, error.message()))?;
        let identity = Self {
            cluster: card.cluster,
            cluster_uuid: card.cluster_uuid,
            node_id: card.node_id,
            name: card.name,
            founder: card.founder,
            founders: if card.founder { Founder::load_all(dir)? } else { Vec::new() },
            observer: card.observer,
            dir: dir.to_path_buf(),
            tls: RwLock::new(Arc::new(NodeTls::load(dir)?)),
        };
        identity.check_own(&identity.tls())?;
        Ok(identity)
    }

    /// The certificate must be of this node.
    fn check_own(&self, tls: &NodeTls) -> Result<(), IdentityError> {
        let path = self.dir.join(CERTIFICATE);
        match tls.peer(&self.cluster_uuid) {
            Ok(peer) if peer == self.as_peer() => Ok(()),
            Ok(peer) => {
                let why = format!("it is of {peer}, identity.toml says {}", self.as_peer());
                Err(IdentityError::broken(&path, why))
            }
            Err(error) => Err(IdentityError::broken(&path, error)),
        }
    }

    /// Reads `ca.pem`, `node.pem` and `node.key` again, and shows and trusts these from now on.
    ///
    /// Connections that are open stay. All of it is checked first: that the parts fit, that they
    /// are of this node and can be used at the time `now`; else what was before stays.
    pub fn reload(&self, now: SystemTime) -> Result<(), IdentityError> {
        let tls = NodeTls::load(&self.dir)?;
        self.check_own(&tls)?;
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        tls.check_usable(&self.own_host(), UnixTime::since_unix_epoch(since))
            .map_err(|error| IdentityError::broken(&self.dir.join(CERTIFICATE), error))?;
        *self.tls.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tls);
        Ok(())
    }

    /// What is shown and trusted now.
    pub(crate) fn tls(&self) -> Arc<NodeTls> {
        Arc::clone(&self.tls.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until when the certificates that are used now are valid.
    pub fn validity(&self) -> Validity {
        self.tls().validity
    }

    /// Whether a key of the nodes signed the present certificate: then a new one is asked for in
    /// time. One that an operator made is left alone.
    pub fn is_signed_by_nodes(&self) -> bool {
        self.tls().credentials.chain.len() > 1
    }

    /// The key under which the cluster's secrets are sealed; none: this node has none.
    pub fn cluster_key(&self) -> Result<Option<ClusterKey>, IdentityError> {
        ClusterKey::load(&self.dir)
    }

    /// The files of keys that others than their owner may read.
    pub fn check_private(&self) -> Vec<IdentityError> {
        let key = self.dir.join(super::node_tls::KEY);
        let mode = std::fs::metadata(&key).map(|meta| meta.permissions().mode());
        let open = mode.is_ok_and(|mode| mode & 0o077 != 0);
        let why = "others may read it: chmod 600";
        open.then(|| IdentityError::broken(&key, why)).into_iter().collect()
    }

    /// The authorities, as PEM, for a node that joins.
    pub fn authorities_pem(&self) -> Result<String, IdentityError> {
        read(&self.dir, "ca.pem")
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The files that [`Self::reload`] reads.
    pub fn files(&self) -> Vec<PathBuf> {
        super::node_tls::FILES.map(|name| self.dir.join(name)).to_vec()
    }

    /// Whether this node has begun the cluster before.
    ///
    /// Known beside the data folder, so that a founder whose data is gone begins no second one.
    pub(crate) fn has_founded(&self) -> bool {
        self.dir.join(FOUNDED).exists()
    }

    /// Takes down that this node has begun the cluster.
    pub(crate) fn set_founded(&self) -> Result<(), IdentityError> {
        write(&self.dir, FOUNDED, "the cluster was begun with this identity\n", PUBLIC)
    }

    /// TLS settings for a listener that only peers of the cluster may use (HTTP/2 and HTTP/1.1).
    ///
    /// To be asked anew for each connection: they change when the files do.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.tls().for_nodes)
    }

    /// TLS settings for the operators' API: a caller may show no certificate, and a token instead.
    ///
    /// A certificate that is shown must be of the cluster. Who shows nothing is nobody: what may be
    /// asked without a name is for the API to say. To be asked anew for each connection.
    pub fn api_server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.tls().for_callers)
    }

    /// TLS settings for calls to other nodes (HTTP/2), as of now.
    pub fn client_config(&self) -> Result<ClientConfig, IdentityError> {
        self.tls().client_config()
    }

    /// Who this node is to the others.
    fn as_peer(&self) -> Peer {
        if self.observer { Peer::Observer(self.node_id) } else { Peer::Node(self.node_id) }
    }

    /// The host name in this node's certificate.
    fn own_host(&self) -> String {
        if self.observer {
            observer_host(self.node_id, &self.cluster)
        } else {
            self.host_of(self.node_id)
        }
    }

    /// The host name that a node of this cluster is dialled by.
    pub fn host_of(&self, node_id: u64) -> String {
        host_name(node_id, &self.cluster)
    }

    /// Who showed these certificates; TLS has checked their signatures and validity before.
    pub fn peer_of(&self, shown: &[CertificateDer<'_>]) -> Result<Peer, IdentityError> {
        peer_of(&self.cluster_uuid, shown)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("cluster", &self.cluster)
            .field("node_id", &self.node_id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
