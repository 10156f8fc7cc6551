//! The key by which the nodes sign certificates of nodes.

use std::fmt;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};

use super::authority::{crypto, node_params, set_validity};
use super::validity::span;
use super::{Authority, ClusterKey, IdentityError};

/// How long the key of the nodes lasts: two years.
const ISSUING_LIFE: Duration = Duration::from_secs(2 * 365 * 24 * 3600);

/// What the sealed bytes are, so that nothing else is taken for them.
const PURPOSE: &str = "gslb issuing key 1";

/// The key by which the nodes sign certificates of nodes; the cluster's authority signed its own.
///
/// The authority's key stays with the operator. This one lies sealed in the agreed state. It makes no
/// operators: see [`super::Identity::peer_of`].
#[derive(Serialize, Deserialize)]
pub struct IssuingKey {
    cluster: String,
    cluster_uuid: String,
    cert_pem: String,
    key_pem: String,
}

/// Which node a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeName {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The IPs and host names that its API is reached by.
    pub hosts: Vec<String>,
}

impl Authority {
    /// Makes a key by which the nodes sign certificates of nodes.
    pub fn make_issuing_key(&self) -> Result<IssuingKey, IdentityError> {
        let key = KeyPair::generate().map_err(crypto)?;
        let mut params = CertificateParams::default();
        let name = format!("{} gslb nodes", self.cluster());
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, self.cluster_uuid());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, SystemTime::now(), ISSUING_LIFE);
        let cert = params.signed_by(&key, &self.issuer()?).map_err(crypto)?;
        Ok(IssuingKey {
            cluster: self.cluster().to_owned(),
            cluster_uuid: self.cluster_uuid().to_owned(),
            cert_pem: cert.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

impl IssuingKey {
    /// All of it, sealed for the agreed state.
    pub fn seal(&self, key: &ClusterKey) -> Result<Vec<u8>, IdentityError> {
        key.seal(PURPOSE, &serde_json::to_vec(self).map_err(crypto)?)
    }

    /// Opens what [`Self::seal`] sealed.
    pub fn open(key: &ClusterKey, sealed: &[u8]) -> Result<Self, IdentityError> {
        serde_json::from_slice(&key.open(PURPOSE, sealed)?).map_err(crypto)
    }

    /// When it ends, s since 1970.
    pub fn ends_s(&self) -> Result<i64, IdentityError> {
        let own = CertificateDer::from_pem_slice(self.cert_pem.as_bytes()).map_err(crypto)?;
        Ok(span(&own)?.1)
    }

    /// Signs a node's request; gives its certificate and this key's as PEM.
    ///
    /// Of the request only the key is taken, which whoever asks has proved to have: what the
    /// certificate says is for the cluster to say. It ends no later than this key does.
    pub fn sign(
        &self,
        node: &NodeName,
        request_pem: &str,
        now: SystemTime,
        life: Duration,
    ) -> Result<String, IdentityError> {
        let request = CertificateSigningRequestParams::from_pem(request_pem)
            .map_err(|error| IdentityError::Certificate(format!("the request: {error}")))?;
        let mut params = node_params(&self.cluster, &self.cluster_uuid, node)?;
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let ends_s = u64::try_from(self.ends_s()?).unwrap_or(0);
        let left = Duration::from_secs(ends_s).saturating_sub(since_epoch);
        if left.is_zero() {
            let why = "the key of the nodes has ended: gslbctl cluster issuer makes a new one";
            return Err(IdentityError::Certificate(why.to_owned()));
        }
        set_validity(&mut params, now, life.min(left));
        let key = KeyPair::from_pem(&self.key_pem).map_err(crypto)?;
        let issuer = Issuer::from_ca_cert_pem(&self.cert_pem, key).map_err(crypto)?;
        let cert = params.signed_by(&request.public_key, &issuer).map_err(crypto)?;
        Ok(cert.pem() + &self.cert_pem)
    }
}

impl fmt::Debug for IssuingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuingKey").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}
