//! A node's own identity, read from its folder.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::CertificateDer;

use super::files::{PUBLIC, read, write};
use super::issued::NodeCard;
use super::peer::{host_name, peer_of};
use super::tls::Credentials;
use super::{IdentityError, Peer};

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
    dir: PathBuf,
    credentials: Credentials,
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
            dir: dir.to_path_buf(),
            credentials: Credentials::load(dir, "node.pem", "node.key")?,
        };
        match identity.own_peer() {
            Ok(Peer::Node(id)) if id == identity.node_id => Ok(identity),
            Ok(peer) => {
                let why = format!("it is of {peer}, identity.toml says node {}", identity.node_id);
                Err(IdentityError::broken(&dir.join("node.pem"), why))
            }
            Err(error) => Err(IdentityError::broken(&dir.join("node.pem"), error)),
        }
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
    pub fn server_config(&self) -> Result<ServerConfig, IdentityError> {
        self.credentials.server_config()
    }

    /// TLS settings for the operators' API: a caller may show no certificate, and a token instead.
    ///
    /// A certificate that is shown must be of the cluster. Who shows nothing is nobody: what may be
    /// asked without a name is for the API to say.
    pub fn api_server_config(&self) -> Result<ServerConfig, IdentityError> {
        self.credentials.open_server_config()
    }

    /// TLS settings for calls to other nodes (HTTP/2).
    pub fn client_config(&self) -> Result<ClientConfig, IdentityError> {
        self.credentials.client_config()
    }

    /// The host name that a node of this cluster is dialled by.
    pub fn host_of(&self, node_id: u64) -> String {
        host_name(node_id, &self.cluster)
    }

    /// Who showed this certificate; TLS has checked its signature and validity before.
    pub fn peer_of(&self, certificate: &CertificateDer<'_>) -> Result<Peer, IdentityError> {
        peer_of(&self.cluster_uuid, certificate)
    }

    /// Who this node's own certificate says it is.
    pub(super) fn own_peer(&self) -> Result<Peer, IdentityError> {
        self.peer_of(&self.credentials.certificate)
    }

    /// This node's own certificate.
    #[cfg(test)]
    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.credentials.certificate
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
