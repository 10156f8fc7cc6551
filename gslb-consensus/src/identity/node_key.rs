//! A key that a node makes for itself, and its request for a certificate.

use std::fmt;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair, PublicKeyData};

use super::IdentityError;
use super::authority::crypto;
use super::files::{PUBLIC, SECRET, make_folder, read, replace_pair, write};
use super::issued::NodeCard;
use super::node_tls::{CERTIFICATE, KEY};

/// A key that a node makes for itself: it never leaves the node.
pub struct NodeKey(KeyPair);

/// What a node is told when it joins; with its own key that is its identity.
pub struct Admission {
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's unique id.
    pub cluster_uuid: String,
    /// The node's number.
    pub node_id: u64,
    /// The node's name.
    pub name: String,
    /// The authorities, as PEM.
    pub ca_pem: String,
    /// Its certificate with what leads to an authority, as PEM.
    pub cert_pem: String,
}

impl NodeKey {
    /// A new one.
    pub fn create() -> Result<Self, IdentityError> {
        KeyPair::generate().map(Self).map_err(crypto)
    }

    /// The one in a folder; made and written (0600) if there is none, so that a node that is cut off
    /// while it joins asks again with the same key.
    pub fn load_or_create(dir: &Path) -> Result<Self, IdentityError> {
        let path = dir.join(KEY);
        if path.exists() {
            let key = KeyPair::from_pem(&read(dir, KEY)?);
            return key.map(Self).map_err(|error| IdentityError::broken(&path, error));
        }
        make_folder(dir)?;
        let key = Self::create()?;
        write(dir, KEY, &key.0.serialize_pem(), SECRET)?;
        Ok(key)
    }

    /// The request for a certificate, as PEM: the public key, and the proof that whoever asks has
    /// the other one.
    pub fn request(&self) -> Result<String, IdentityError> {
        let request = CertificateParams::default().serialize_request(&self.0).map_err(crypto)?;
        request.pem().map_err(crypto)
    }

    /// Replaces key and certificate of a node together.
    pub fn replace(&self, dir: &Path, cert_pem: &str) -> Result<(), IdentityError> {
        replace_pair(dir, (CERTIFICATE, cert_pem), (KEY, &self.0.serialize_pem()))
    }
}

/// SHA-256 of the public key of a request, by which a node that asks again is known.
pub fn key_of_request(request_pem: &str) -> Result<[u8; 32], IdentityError> {
    let request = rcgen::CertificateSigningRequestParams::from_pem(request_pem)
        .map_err(|error| IdentityError::Certificate(format!("the request: {error}")))?;
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        &request.public_key.subject_public_key_info(),
    );
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    Ok(hash)
}

impl Admission {
    /// Writes the files of the identity beside the key; `identity.toml` last, which completes it.
    pub fn save(&self, dir: &Path) -> Result<(), IdentityError> {
        let card = NodeCard {
            cluster: self.cluster.clone(),
            cluster_uuid: self.cluster_uuid.clone(),
            node_id: self.node_id,
            name: self.name.clone(),
            founder: false,
            observer: false,
        };
        let card = toml::to_string(&card)
            .map_err(|error| IdentityError::broken(&dir.join("identity.toml"), error))?;
        write(dir, "ca.pem", &self.ca_pem, PUBLIC)?;
        write(dir, CERTIFICATE, &self.cert_pem, PUBLIC)?;
        write(dir, "identity.toml", &card, PUBLIC)
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeKey(..)")
    }
}
