//! TLS settings: version 1.3 only, both ends show a certificate of the cluster's authority.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::IdentityError;
use super::files::read;

/// A certificate, its key and the authority that signed it, as TLS wants them.
pub(super) struct Credentials {
    pub(super) certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
}

impl Credentials {
    /// Reads `ca.pem`, and a certificate and key by the names of their files.
    pub(super) fn load(dir: &Path, cert: &str, key: &str) -> Result<Self, IdentityError> {
        let key_pem = read(dir, key)?;
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
            .map_err(|error| IdentityError::broken(&dir.join(key), error))?;
        let mut roots = RootCertStore::empty();
        roots
            .add(load_certificate(dir, "ca.pem")?)
            .map_err(|error| IdentityError::broken(&dir.join("ca.pem"), error))?;
        let certificate = load_certificate(dir, cert)?;
        Ok(Self { certificate, key, roots: Arc::new(roots) })
    }

    /// Settings for a listener: a client without a certificate of the cluster is turned away.
    pub(super) fn server_config(&self) -> Result<ServerConfig, IdentityError> {
        self.listener_config(false)
    }

    /// Settings for a listener whose clients may show none; one that is shown must be of the cluster.
    pub(super) fn open_server_config(&self) -> Result<ServerConfig, IdentityError> {
        self.listener_config(true)
    }

    fn listener_config(&self, or_none: bool) -> Result<ServerConfig, IdentityError> {
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), provider());
        let builder = if or_none { builder.allow_unauthenticated() } else { builder };
        let verifier = builder.build().map_err(crypto)?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(crypto)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .map_err(crypto)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Settings for a client that shows its certificate.
    pub(super) fn client_config(&self) -> Result<ClientConfig, IdentityError> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(crypto)?
            .with_root_certificates(Arc::clone(&self.roots))
            .with_client_auth_cert(vec![self.certificate.clone()], self.key.clone_key())
            .map_err(crypto)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

/// The one crypto provider, given explicitly: no process-wide default is relied upon.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Reads one certificate from a PEM file.
fn load_certificate(dir: &Path, name: &str) -> Result<CertificateDer<'static>, IdentityError> {
    let pem = read(dir, name)?;
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| IdentityError::broken(&dir.join(name), error))
}

/// Wraps what the TLS library says.
fn crypto(error: impl std::fmt::Display) -> IdentityError {
    IdentityError::Crypto(error.to_string())
}
