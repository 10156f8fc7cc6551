//! The context file: which cluster, and by which certificate or token.

use super::error::CtlError;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the context file in a cluster's folder.
pub const FILE_NAME: &str = "ctl.toml";

/// Stands above the fields of a file that `gslbctl` writes.
const HEAD: &str = "\
# The context of gslbctl: which nodes to ask (the next one if one is silent), and who asks: by
# `certificate` and `key`, or by the bearer token in the file `token`.
# Paths are relative to this file. gslbctl --context FILE, or GSLBCTL_CONTEXT, or ~/.config/gslb/ctl.toml
";

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    servers: Vec<String>,
    ca: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<PathBuf>,
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
        let (certificate, key) = (Some(certificate), Some(key));
        let fields = Fields { servers: Vec::new(), ca, certificate, key, token: None };
        let context = Self { path: dir.join(FILE_NAME), fields };
        context.save()?;
        Ok(context)
    }

    /// Makes the folder of a bearer token: the token (0600), the authority's certificate, a context.
    ///
    /// # Errors
    /// There is a token already, or a file cannot be read or written.
    pub fn for_token(&self, out: &Path, token: &str) -> Result<(), CtlError> {
        let fault = |path: &Path, error: std::io::Error| {
            CtlError::File(format!("{} cannot be written: {error}", path.display()))
        };
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true).mode(0o700).create(out).map_err(|e| fault(out, e))?;
        let ca = self.resolve(&self.fields.ca);
        let known = fs::read(&ca).map_err(|error| self.fault("ca", &ca, error))?;
        let path = out.join("token");
        // Never over another one, which could not be shown again.
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| writeln!(file, "{token}"));
        written.map_err(|error| fault(&path, error))?;
        let path = out.join("ca.pem");
        fs::write(&path, known).map_err(|error| fault(&path, error))?;
        let fields = Fields {
            servers: self.fields.servers.clone(),
            ca: "ca.pem".into(),
            certificate: None,
            key: None,
            token: Some("token".into()),
        };
        Self { path: out.join(FILE_NAME), fields }.save()
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
        let by_certificate = fields.certificate.is_some() && fields.key.is_some();
        let neither = fields.certificate.is_none() && fields.key.is_none();
        if by_certificate == fields.token.is_some() || (!by_certificate && !neither) {
            let what = "who asks? Give `certificate` and `key`, or `token`";
            return Err(CtlError::Context(format!("{shown}: {what}")));
        }
        Ok(Self { path: path.to_path_buf(), fields })
    }

    /// The same context with one of its nodes only.
    #[must_use]
    pub(super) fn only(&self, server: &str) -> Self {
        let fields = Fields { servers: vec![server.to_owned()], ..self.fields.clone() };
        Self { path: self.path.clone(), fields }
    }

    /// The bearer token that is sent along, if the context names one.
    pub(super) fn token(&self) -> Result<Option<String>, CtlError> {
        let Some(path) = &self.fields.token else { return Ok(None) };
        let path = self.resolve(path);
        let text = fs::read_to_string(&path).map_err(|e| self.fault("token", &path, e))?;
        Ok(Some(text.trim().to_owned()))
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

    /// The authorities by which the nodes are known, as PEM.
    pub(super) fn authorities(&self) -> Result<String, CtlError> {
        let path = self.resolve(&self.fields.ca);
        fs::read_to_string(&path).map_err(|error| self.fault("ca", &path, error))
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
        let mut roots = RootCertStore::empty();
        // Two while one authority takes over from another.
        for ca in self.certificates("ca", &self.fields.ca)? {
            roots.add(ca).map_err(|e| self.fault("ca", &self.resolve(&self.fields.ca), e))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| CtlError::Context(format!("TLS cannot be set up: {e}")))?
            .with_root_certificates(roots);
        let (Some(certificate), Some(key)) = (&self.fields.certificate, &self.fields.key) else {
            return Ok(config.with_no_client_auth());
        };
        let chain = self.certificates("certificate", certificate)?;
        let key_path = self.resolve(key);
        let key =
            PrivateKeyDer::from_pem_file(&key_path).map_err(|e| self.fault("key", &key_path, e))?;
        config.with_client_auth_cert(chain, key).map_err(|e| {
            self.fault("key", &key_path, format!("it does not fit the certificate: {e}"))
        })
    }

    /// All certificates of a file; there must be one.
    fn certificates(
        &self,
        field: &str,
        path: &Path,
    ) -> Result<Vec<CertificateDer<'static>>, CtlError> {
        let path = self.resolve(path);
        let all = CertificateDer::pem_file_iter(&path).and_then(Iterator::collect);
        match all {
            Ok(all) if Vec::is_empty(&all) => {
                Err(self.fault(field, &path, "it holds no certificate"))
            }
            Ok(all) => Ok(all),
            Err(error) => Err(self.fault(field, &path, error)),
        }
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
    fn a_context_names_a_certificate_or_a_token_and_never_both() {
        let head = "servers = []\nca = \"ca.pem\"\n";
        assert!(load(&format!("{head}token = \"token\"\n")).is_ok());
        for rest in ["", "key = \"k\"\n", "token = \"t\"\nkey = \"k\"\n"] {
            let error = load(&format!("{head}{rest}")).unwrap_err();
            assert!(error.contains("`certificate` and `key`, or `token`"), "{rest}: {error}");
        }
        assert!(load(&format!("servers = []\n{REST}token = \"t\"\n")).is_err());
    }

    #[test]
    fn the_folder_of_a_token_is_for_its_owner_and_is_never_written_twice() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let mut context = Context::create(dir.path()).unwrap();
        context.add_server("10.0.0.1:8053").unwrap();
        fs::write(dir.path().join("ca.pem"), "the authority").unwrap();
        let out = dir.path().join("ci");
        context.for_token(&out, "gslb_ci_00").unwrap();
        let mode = fs::metadata(out.join("token")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let read = Context::load(&out.join(FILE_NAME)).unwrap();
        assert_eq!(read.token().unwrap().as_deref(), Some("gslb_ci_00"));
        assert_eq!(read.servers(), context.servers());
        assert!(context.for_token(&out, "gslb_ci_11").is_err());
        assert_eq!(read.token().unwrap().as_deref(), Some("gslb_ci_00"));
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
