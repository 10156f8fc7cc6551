//! The file by which a node joins.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What stands above its fields.
const HEAD: &str = "\
# Lets one node into a cluster, once. Whoever has this file can be that node: keep it like a key, and
# delete it when the node runs.
#   gslb-node --join HOST:PORT --token-file FILE --dir DIR
";

/// The file by which a node joins: which cluster, as which node, and the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenFile {
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's unique id.
    pub cluster_uuid: String,
    /// The name of the node.
    pub node: String,
    /// Where other nodes may be asked, `host:port` of their APIs.
    pub members: Vec<String>,
    /// The secret.
    pub token: String,
    /// The cluster's authorities, as PEM: nobody else is told the secret.
    pub authority: String,
}

impl TokenFile {
    /// Reads one.
    ///
    /// # Errors
    /// It cannot be read, or is no such file.
    pub fn load(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        // What is wrong is told without the line, which may hold the secret.
        let read: Self = toml::from_str(&text).map_err(|error: toml::de::Error| {
            let what = "as gslbctl node invite writes it";
            format!("{shown} is no token file {what}: {}", error.message())
        })?;
        // Before the secret is shown to anybody.
        match read.token.strip_prefix("gslb_").and_then(|rest| rest.split_once('_')) {
            Some((node, _)) if node == read.node => Ok(read),
            _ => Err(format!("{shown}: its token is not of node {}", read.node)),
        }
    }

    /// Writes a new one (0600), never over another.
    ///
    /// # Errors
    /// There is one already, or it cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(format!("{HEAD}{text}").as_bytes())?;
        file.sync_all()
    }
}

impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFile")
            .field("cluster", &self.cluster)
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_file_is_for_its_owner_is_never_overwritten_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let file = TokenFile {
            cluster: "prod".into(),
            cluster_uuid: "0f".into(),
            node: "fra-2".into(),
            members: vec!["192.0.2.1:8053".into()],
            token: "gslb_fra-2_secret".into(),
            authority: "-----BEGIN\nx\n".into(),
        };
        file.save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(TokenFile::load(&path), Ok(file.clone()));
        assert!(file.save(&path).is_err());
        assert!(!format!("{file:?}").contains("secret"));
        fs::write(&path, "token = \"secret\"\nx = 1\n").unwrap();
        let why = TokenFile::load(&path).unwrap_err();
        assert!(!why.contains("secret") && why.contains("gslbctl node invite"), "{why}");
        let other = TokenFile { node: "fra-3".into(), ..file };
        fs::remove_file(&path).unwrap();
        other.save(&path).unwrap();
        let why = TokenFile::load(&path).unwrap_err();
        assert!(why.contains("not of node fra-3") && !why.contains("secret"), "{why}");
    }
}
