//! What the authority hands out: the files of a node's or an operator's identity.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::IdentityError;
use super::files::{PUBLIC, SECRET, make_folder, replace_pair, write};
use super::node_tls::{CERTIFICATE, KEY};

/// `identity.toml` of a node: who it is, in words that a person can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeCard {
    /// The cluster's name, a DNS label.
    pub(super) cluster: String,
    /// The cluster's unique id, 32 hexadecimal digits.
    pub(super) cluster_uuid: String,
    /// The node's number; never given to another node.
    pub(super) node_id: u64,
    /// The node's name for people.
    pub(super) name: String,
    /// Whether this node starts the cluster; true for exactly one.
    pub(super) founder: bool,
    /// Whether it is an observer: it follows the feed and has no part in Raft.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) observer: bool,
}

/// A freshly issued identity of a node, not yet on disk.
pub struct NodeFiles {
    pub(super) card: NodeCard,
    pub(super) ca_pem: String,
    pub(super) cert_pem: String,
    pub(super) key_pem: String,
}

impl NodeFiles {
    /// Writes `identity.toml`, `ca.pem`, `node.pem` and `node.key` (0600) into a folder.
    pub fn save(&self, dir: &Path) -> Result<(), IdentityError> {
        let card = toml::to_string(&self.card)
            .map_err(|error| IdentityError::broken(&dir.join("identity.toml"), error))?;
        make_folder(dir)?;
        write(dir, "ca.pem", &self.ca_pem, PUBLIC)?;
        write(dir, "node.pem", &self.cert_pem, PUBLIC)?;
        write(dir, "node.key", &self.key_pem, SECRET)?;
        // Last: a folder with this file is complete.
        write(dir, "identity.toml", &card, PUBLIC)
    }

    /// Writes `ca.pem`, and replaces `node.pem` and `node.key` (0600) together, so that a node that
    /// runs with this folder takes them, and a crash leaves a pair that fits.
    pub fn replace(&self, dir: &Path) -> Result<(), IdentityError> {
        make_folder(dir)?;
        write(dir, "ca.pem", &self.ca_pem, PUBLIC)?;
        replace_pair(dir, (CERTIFICATE, &self.cert_pem), (KEY, &self.key_pem))
    }
}

/// A freshly issued identity of an operator, not yet on disk.
pub struct AdminFiles {
    pub(super) ca_pem: String,
    pub(super) cert_pem: String,
    pub(super) key_pem: String,
}

impl AdminFiles {
    /// Writes `ca.pem`, `admin.key` (0600) and `admin.pem` into a folder.
    pub fn save(&self, dir: &Path) -> Result<(), IdentityError> {
        make_folder(dir)?;
        write(dir, "ca.pem", &self.ca_pem, PUBLIC)?;
        write(dir, "admin.key", &self.key_pem, SECRET)?;
        write(dir, "admin.pem", &self.cert_pem, PUBLIC)
    }
}
