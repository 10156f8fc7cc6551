//! What a node shows and trusts in TLS at one time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::{ServerName, UnixTime};

use super::files::finish_pair;
use super::peer::peer_of;
use super::tls::Credentials;
use super::validity::Validity;
use super::{IdentityError, Peer};

/// The file of a node's certificate.
pub(super) const CERTIFICATE: &str = "node.pem";

/// The file of a node's key.
pub(super) const KEY: &str = "node.key";

/// The files that are read together.
pub(super) const FILES: [&str; 3] = ["ca.pem", CERTIFICATE, KEY];

/// What a node shows and trusts in TLS at one time; taken whole, so that its parts fit.
pub(crate) struct NodeTls {
    pub(super) credentials: Credentials,
    /// For the listener of other nodes.
    pub(super) for_nodes: Arc<ServerConfig>,
    /// For the operators' API.
    pub(super) for_callers: Arc<ServerConfig>,
    pub(super) validity: Validity,
}

impl NodeTls {
    /// Reads a node's folder; the key fits the certificate, and an authority signed that.
    ///
    /// That its time may be over is not looked at: such a node cannot speak with others, but goes
    /// on answering queries.
    pub(super) fn load(dir: &Path) -> Result<Self, IdentityError> {
        let path = dir.join(CERTIFICATE);
        let broken = |error: IdentityError| IdentityError::broken(&path, error);
        finish_pair(dir, CERTIFICATE, KEY)?;
        let credentials = Credentials::load(dir, CERTIFICATE, KEY)?;
        let validity =
            Validity::of(&credentials.chain, &credentials.authorities).map_err(broken)?;
        // All of it is valid then, if it ever is.
        let within = u64::try_from(validity.ends_s.max(0)).unwrap_or(0);
        let within = UnixTime::since_unix_epoch(Duration::from_secs(within));
        credentials.check_signed(within).map_err(broken)?;
        Ok(Self {
            for_nodes: Arc::new(credentials.server_config(false).map_err(broken)?),
            for_callers: Arc::new(credentials.server_config(true).map_err(broken)?),
            validity,
            credentials,
        })
    }

    /// Who the certificate is of.
    pub(super) fn peer(&self, cluster_uuid: &str) -> Result<Peer, IdentityError> {
        peer_of(cluster_uuid, &self.credentials.chain)
    }

    /// Checks that the certificate can be used now, by the name that the others dial.
    pub(super) fn check_usable(&self, host: &str, now: UnixTime) -> Result<(), IdentityError> {
        self.credentials.check_signed(now)?;
        let refused = |error: &dyn std::fmt::Display| IdentityError::Certificate(error.to_string());
        let name = ServerName::try_from(host).map_err(|error| refused(&error))?;
        let parsed = ParsedCertificate::try_from(self.credentials.certificate()?)
            .map_err(|error| refused(&error))?;
        rustls::client::verify_server_name(&parsed, &name)
            .map_err(|_| refused(&format_args!("it does not name {host}, which nodes dial")))
    }

    /// Settings for calls to other nodes (HTTP/2).
    pub(crate) fn client_config(&self) -> Result<ClientConfig, IdentityError> {
        self.credentials.client_config()
    }
}
