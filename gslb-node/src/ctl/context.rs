//! The context file: which cluster, and by which certificate.

use super::error::CtlError;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the context file in a cluster's folder.
pub const FILE_NAME: &str = "ctl.toml";

/// Stands above the fields of a file that `gslbctl` writes.
const HEAD: &str = "\
# The context of gslbctl: which nodes to ask (the next one if one is silent), and by which certificate.
# Paths are relative to this file. gslbctl --context FILE, or GSLBCTL_CONTEXT, or ~/.config/gslb/ctl.toml
";

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    servers: Vec<String>,
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

/// Which cluster, and by which certificate.
#[derive(Clone, Debug)]
pub struct Context {
    path: PathBuf,
    fields: Fields,
}

impl Context {
    /// Makes the context of a new cluster in its folder; it names no node yet.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(dir: &Path) -> Result<Self, CtlError> {
        let [ca, certificate, key] = ["ca.pem", "admin.pem", "admin.key"].map(PathBuf::from);
        let fields = Fields { servers: Vec::new(), ca, certificate, key };
        let context = Self { path: dir.join(FILE_NAME), fields };
        context.save()?;
        Ok(context)
    }

    /// The file that is meant: the one given, else the one of this user.
    ///
    /// # Errors
    /// None is given and this user has no home.
    pub fn find(given: Option<&Path>) -> Result<PathBuf, CtlError> {
        if let Some(path) = given {
            return Ok(path.to_path_buf());
        }
        let folder = |key: &str| std::env::var_os(key).filter(|v| !v.is_empty()).map(PathBuf::from);
        let config =
            folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|h| h.join(".config")));
        config.map(|c| c.join("gslb").join(FILE_NAME)).ok_or_else(|| {
            let what = "which cluster? Give --context FILE or set GSLBCTL_CONTEXT";
            CtlError::Context(what.to_owned())
        })
    }

    /// Reads a context file.
    ///
    /// # Errors
    /// It cannot be read, or what it says cannot be used; the message names the file and what to do.
    pub fn load(path: &Path) -> Result<Self, CtlError> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            let hint =
                "`gslbctl cluster init` writes one; name it by --context FILE or GSLBCTL_CONTEXT";
            CtlError::Context(format!("the context file {shown} cannot be read: {error}. {hint}"))
        })?;
        let fields: Fields = toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map(|span| text.get(..span.start).map_or(1, |t| t.matches('\n').count() + 1));
            let at = line.map_or_else(|| shown.to_string(), |line| format!("{shown}:{line}"));
            CtlError::Context(format!("{at}: {}", error.message()))
        })?;
        for server in &fields.servers {
            if !is_server(server) {
                let what = "a server is written https://HOST:PORT, as https://10.0.0.1:8053";
                return Err(CtlError::Context(format!("{shown}: servers: {server:?}: {what}")));
            }
        }
        Ok(Self { path: path.to_path_buf(), fields })
    }

    /// Adds the API of a node, `HOST:PORT`, and writes the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add_server(&mut self, api: &str) -> Result<(), CtlError> {
        let server = format!("https://{api}");
        if !self.fields.servers.contains(&server) {
            self.fields.servers.push(server);
            self.save()?;
        }
        Ok(())
    }

    /// The nodes to ask, first to last.
    #[must_use]
    pub fn servers(&self) -> &[String] {
        &self.fields.servers
    }

    /// The file itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// TLS settings by which the nodes know the operator, and the operator the nodes.
    ///
    /// # Errors
    /// A file that the context names cannot be read or is not what it must be.
    pub fn tls(&self) -> Result<ClientConfig, CtlError> {
        let ca = self.certificate("ca", &self.fields.ca)?;
        let certificate = self.certificate("certificate", &self.fields.certificate)?;
        let key_path = self.resolve(&self.fields.key);
        let key =
            PrivateKeyDer::from_pem_file(&key_path).map_err(|e| self.fault("key", &key_path, e))?;
        let mut roots = RootCertStore::empty();
        roots.add(ca).map_err(|e| self.fault("ca", &self.resolve(&self.fields.ca), e))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| CtlError::Context(format!("TLS cannot be set up: {e}")))?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)
            .map_err(|e| {
                self.fault("key", &key_path, format!("it does not fit the certificate: {e}"))
            })?;
        Ok(config)
    }

    fn certificate(&self, field: &str, path: &Path) -> Result<CertificateDer<'static>, CtlError> {
        let path = self.resolve(path);
        CertificateDer::from_pem_file(&path).map_err(|error| self.fault(field, &path, error))
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new(".")).join(path)
    }

    fn fault(&self, field: &str, path: &Path, error: impl std::fmt::Display) -> CtlError {
        let (own, path) = (self.path.display(), path.display());
        CtlError::Context(format!("{own}: {field}: {path} cannot be used: {error}"))
    }

    fn save(&self) -> Result<(), CtlError> {
        let shown = self.path.display();
        let fault = |error: &dyn std::fmt::Display| {
            CtlError::File(format!("the context file {shown} cannot be written: {error}"))
        };
        let text = toml::to_string(&self.fields).map_err(|error| fault(&error))?;
        // Renamed into place, so that a reader never sees a part of it.
        let beside = self.path.with_extension("toml.tmp");
        fs::write(&beside, format!("{HEAD}{text}")).map_err(|error| fault(&error))?;
        fs::rename(&beside, &self.path).map_err(|error| fault(&error))
    }
}

/// Whether a text is `https://HOST:PORT` and no more.
fn is_server(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else { return false };
    url.scheme() == "https" && url.has_host() && url.path() == "/" && url.query().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Context, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        fs::write(&path, text).unwrap();
        let folder = format!("{}/", dir.path().display());
        Context::load(&path).map_err(|error| error.to_string().replace(&folder, ""))
    }

    const REST: &str = "ca = \"ca.pem\"\ncertificate = \"admin.pem\"\nkey = \"admin.key\"\n";

    #[test]
    fn a_broken_context_is_named_with_its_line() {
        let unknown = load(&format!("servers = []\n{REST}color = 1\n")).unwrap_err();
        assert!(unknown.starts_with("ctl.toml:5: unknown field `color`"), "{unknown}");
        let server = load(&format!("servers = [\"10.0.0.1:8053\"]\n{REST}")).unwrap_err();
        assert!(server.contains("https://HOST:PORT"), "{server}");
        let missing = Context::load(Path::new("/nowhere/ctl.toml")).unwrap_err();
        assert_eq!(missing.exit_code(), 2);
        assert!(missing.to_string().contains("gslbctl cluster init"), "{missing}");
    }

    #[test]
    fn a_missing_certificate_is_named_with_the_field_that_asks_for_it() {
        let context = load(&format!("servers = []\n{REST}")).unwrap();
        let error = context.tls().unwrap_err().to_string();
        assert!(error.contains("ca: ") && error.contains("ca.pem cannot be used"), "{error}");
    }

    #[test]
    fn what_is_written_is_read_again_and_a_server_stands_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut context = Context::create(dir.path()).unwrap();
        context.add_server("10.0.0.1:8053").unwrap();
        context.add_server("10.0.0.1:8053").unwrap();
        let read = Context::load(context.path()).unwrap();
        assert_eq!(read.servers(), ["https://10.0.0.1:8053"]);
    }
}
