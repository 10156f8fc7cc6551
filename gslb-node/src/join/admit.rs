//! From a token to an identity folder.

use super::error::JoinError;
use super::knock::knock;
use super::token_file::TokenFile;
use crate::config::{self, starter_file};
use crate::control::shape::JoinReply;
use gslb_consensus::identity::{Admission, ClusterKey, Identity, NodeKey};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where a node's files are to be.
pub enum Place {
    /// As a `node.toml` says that is there.
    File(PathBuf),
    /// All in one folder, which gets a `node.toml` if it has none.
    Folder(PathBuf),
}

impl Place {
    /// The node's own file.
    fn file(&self) -> PathBuf {
        match self {
            Self::File(file) => file.clone(),
            Self::Folder(folder) => folder.join("node.toml"),
        }
    }

    /// The folder of its identity.
    fn identity(&self) -> Result<PathBuf, JoinError> {
        let file = self.file();
        match self {
            Self::Folder(folder) if !file.exists() => Ok(folder.clone()),
            _ => config::load(&file).map(|config| config.identity).map_err(JoinError::Config),
        }
    }
}

/// Has the cluster of a token take this node in, unless it is in already; gives its `node.toml`.
///
/// # Errors
/// What keeps it out, and what to do; what was written until then serves the next time.
pub async fn join(address: &str, token: &Path, place: &Place) -> Result<PathBuf, JoinError> {
    let folder = place.identity()?;
    if folder.join("identity.toml").exists() {
        // In already; the token may be gone. That it is of this cluster is looked at if it is there.
        let identity = Identity::load(&folder)?;
        if let Ok(token) = TokenFile::load(token) {
            check_same(&token, &identity.cluster_uuid, &identity.name)?;
        }
        return Ok(place.file());
    }
    let token = TokenFile::load(token).map_err(JoinError::Token)?;
    let key = NodeKey::load_or_create(&folder)?;
    let mut addresses = vec![address.to_owned()];
    addresses.extend(token.members.iter().filter(|member| *member != address).cloned());
    let reply = knock(&token, &addresses, &key.request()?).await?;
    check_same(&token, &reply.cluster_uuid, &reply.name)?;
    if let Place::Folder(_) = place {
        write_new(&place.file(), &starter_file(&reply.name, &reply.raft, &reply.api))
            .map_err(|e| JoinError::File(format!("{}: {e}", place.file().display())))?;
    }
    settle(&folder, reply)?;
    Ok(place.file())
}

/// Writes the identity; the file that completes it comes last.
fn settle(folder: &Path, reply: JoinReply) -> Result<(), JoinError> {
    let key = ClusterKey::from_hex(&reply.cluster_key);
    let key = key.ok_or_else(|| JoinError::Refused("it gave no cluster key".to_owned()))?;
    key.save(folder)?;
    let admission = Admission {
        cluster: reply.cluster,
        cluster_uuid: reply.cluster_uuid,
        node_id: reply.node_id,
        name: reply.name,
        ca_pem: reply.authorities,
        cert_pem: reply.certificate,
    };
    admission.save(folder)?;
    Identity::load(folder).map(drop).map_err(JoinError::Identity)
}

/// A token is of one cluster and one node.
fn check_same(token: &TokenFile, cluster_uuid: &str, node: &str) -> Result<(), JoinError> {
    if token.cluster_uuid != cluster_uuid {
        let what = format!("it is of cluster {}, which this is not", token.cluster);
        return Err(JoinError::Token(what));
    }
    if token.node != node {
        return Err(JoinError::Token(format!("it is of node {}, not of {node}", token.node)));
    }
    Ok(())
}

/// Writes a file unless there is one.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).and_then(|()| file.sync_all()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
