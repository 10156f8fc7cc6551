//! An operator's identity, as `gslbctl` uses it.

use std::fmt;
use std::path::Path;

use rustls::ClientConfig;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::IdentityError;
use super::tls::Credentials;

/// An operator's identity: who it is, and the credentials that prove it.
pub struct AdminIdentity {
    /// The operator's name, as it stands in the certificate and the audit trail.
    pub name: String,
    credentials: Credentials,
}

impl AdminIdentity {
    /// Reads the folder written by [`super::AdminFiles::save`].
    pub fn load(dir: &Path) -> Result<Self, IdentityError> {
        let credentials = Credentials::load(dir, "admin.pem", "admin.key")?;
        let path = dir.join("admin.pem");
        let (_, parsed) = X509Certificate::from_der(credentials.certificate()?)
            .map_err(|error| IdentityError::broken(&path, error))?;
        let subject = parsed.subject().iter_common_name().next();
        let name = subject
            .and_then(|name| name.as_str().ok())
            .and_then(|name| name.strip_prefix("gslb admin "))
            .ok_or_else(|| IdentityError::broken(&path, "it is no operator's certificate"))?
            .to_owned();
        Ok(Self { name, credentials })
    }

    /// TLS settings for calls to the nodes' API (HTTP/2).
    pub fn client_config(&self) -> Result<ClientConfig, IdentityError> {
        self.credentials.client_config()
    }
}

impl fmt::Debug for AdminIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminIdentity").field("name", &self.name).finish_non_exhaustive()
    }
}
