//! TLS settings: version 1.3 only, both ends show a certificate of the cluster's authority.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use super::IdentityError;
use super::files::read;

/// A certificate, its key and the authorities that are trusted, as TLS wants them.
pub(super) struct Credentials {
    /// The certificate itself, then what leads from it to an authority, if anything does.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The authorities: two while one takes over from another.
    pub(super) authorities: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
}

impl Credentials {
    /// Reads `ca.pem`, and a certificate and key by the names of their files.
    pub(super) fn load(dir: &Path, cert: &str, key: &str) -> Result<Self, IdentityError> {
        let key_pem = read(dir, key)?;
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
            .map_err(|error| IdentityError::broken(&dir.join(key), error))?;
        let authorities = load_certificates(dir, "ca.pem")?;
        let mut roots = RootCertStore::empty();
        for authority in &authorities {
            roots
                .add(authority.clone())
                .map_err(|error| IdentityError::broken(&dir.join("ca.pem"), error))?;
        }
        let chain = load_certificates(dir, cert)?;
        Ok(Self { chain, authorities, key, roots: Arc::new(roots) })
    }

    /// The certificate itself.
    pub(super) fn certificate(&self) -> Result<&CertificateDer<'static>, IdentityError> {
        let none = || IdentityError::Certificate("there is none".to_owned());
        self.chain.first().ok_or_else(none)
    }

    /// Checks that an authority signed the certificate, directly or by what stands behind it, and
    /// that all of them are valid at a time.
    pub(super) fn check_signed(&self, at: UnixTime) -> Result<(), IdentityError> {
        let between = self.chain.get(1..).unwrap_or_default();
        self.verifier(false)?
            .verify_client_cert(self.certificate()?, between, at)
            .map(drop)
            .map_err(|error| IdentityError::Certificate(in_words(&error)))
    }

    /// Settings for a listener; with `or_none`, a client may show no certificate.
    pub(super) fn server_config(&self, or_none: bool) -> Result<ServerConfig, IdentityError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(crypto)?
            .with_client_cert_verifier(self.verifier(or_none)?)
            .with_single_cert(self.chain.clone(), self.key.clone_key())
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
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())
            .map_err(crypto)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }

    /// Checks what a client shows: it must come from an authority of the cluster.
    fn verifier(&self, or_none: bool) -> Result<Arc<dyn ClientCertVerifier>, IdentityError> {
        let roots = Arc::clone(&self.roots);
        let builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
        let builder = if or_none { builder.allow_unauthenticated() } else { builder };
        builder.build().map_err(crypto)
    }
}

/// The one crypto provider, given explicitly: no process-wide default is relied upon.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Reads all certificates of a PEM file; there must be one.
fn load_certificates(
    dir: &Path,
    name: &str,
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let pem = read(dir, name)?;
    let broken = |why: &dyn std::fmt::Display| IdentityError::broken(&dir.join(name), why);
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match read {
        Ok(all) if all.is_empty() => Err(broken(&"it holds no certificate")),
        Ok(all) => Ok(all),
        Err(error) => Err(broken(&error)),
    }
}

/// What TLS says of a certificate that it does not take, for people.
fn in_words(error: &rustls::Error) -> String {
    use rustls::CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidYet, NotValidYetContext, UnknownIssuer,
    };
    match error {
        rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            "its time is over".to_owned()
        }
        rustls::Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => {
            "its time has not begun, or the clock of this machine is behind".to_owned()
        }
        rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature) => {
            "no authority of ca.pem signed it".to_owned()
        }
        other => other.to_string(),
    }
}

/// Wraps what the TLS library says.
fn crypto(error: impl std::fmt::Display) -> IdentityError {
    IdentityError::Crypto(error.to_string())
}
