//! The TLS settings that HTTPS checks share: one for the system's authorities, one for each own PEM.

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::sync::Mutex;

/// Where systems keep the bundle of the authorities they trust; the first that can be read is used.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// TLS settings by what is trusted; made once, shared by all checks with the same trust.
#[derive(Default)]
pub struct TlsSettings {
    known: Mutex<HashMap<Option<String>, Result<ClientConfig, TrustError>>>,
}

/// Why the authorities of a check could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustError {
    /// The PEM holds none.
    Empty,
    /// The PEM, or a certificate in it, cannot be read.
    Broken(String),
    /// TLS settings could not be made.
    Settings(String),
}

impl TlsSettings {
    /// The settings for a check with its own PEM, or with the system's authorities.
    pub fn of(&self, ca: Option<&str>) -> Result<ClientConfig, TrustError> {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = known.get(&ca.map(str::to_owned)) {
            return found.clone();
        }
        let made = match ca {
            Some(pem) => settings(own_roots(pem)),
            None => settings(Ok(system_roots())),
        };
        known.insert(ca.map(str::to_owned), made.clone());
        made
    }
}

fn settings(roots: Result<RootCertStore, TrustError>) -> Result<ClientConfig, TrustError> {
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| TrustError::Settings(error.to_string()))?;
    Ok(config.with_root_certificates(roots?).with_no_client_auth())
}

fn own_roots(pem: &str) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| TrustError::Broken(error.to_string()))?;
        roots.add(certificate).map_err(|error| TrustError::Broken(error.to_string()))?;
    }
    if roots.is_empty() { Err(TrustError::Empty) } else { Ok(roots) }
}

/// The system's authorities; none if it has no bundle, and then no public certificate verifies.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let named = std::env::var("SSL_CERT_FILE").ok();
    let paths = named.iter().map(String::as_str).chain(BUNDLES.iter().copied());
    if let Some(pem) = paths.into_iter().find_map(|path| fs::read(path).ok()) {
        // A bundle may hold a certificate that is too odd to be used; the others still count.
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    }
    roots
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the monitor's `ca` holds no certificate"),
            Self::Broken(why) => write!(f, "the monitor's `ca` cannot be used: {why}"),
            Self::Settings(why) => write!(f, "TLS settings: {why}"),
        }
    }
}

impl std::error::Error for TrustError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_that_cannot_be_read_are_named() {
        let settings = TlsSettings::default();
        assert_eq!(settings.of(Some("nothing")).err(), Some(TrustError::Empty));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(settings.of(Some(broken)), Err(TrustError::Broken(_))));
        assert!(settings.of(None).is_ok());
    }
}
