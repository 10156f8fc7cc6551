//! The nodes that a cluster begins with.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::IdentityError;
use super::files::{PUBLIC, make_folder, read, write};

/// The file in the folder of the node that founds.
const FILE: &str = "founders.toml";

/// A node that a cluster begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founder {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Where the other nodes reach it, `host:port`.
    pub raft: String,
    /// Where operators reach its API, `host:port`.
    pub api: String,
}

/// The file as a whole.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Founders {
    nodes: Vec<Founder>,
}

impl Founder {
    /// Writes the nodes of the beginning into the folder of the one that founds.
    pub fn save_all(all: &[Self], dir: &Path) -> Result<(), IdentityError> {
        let text = toml::to_string(&Founders { nodes: all.to_vec() })
            .map_err(|error| IdentityError::broken(&dir.join(FILE), error))?;
        make_folder(dir)?;
        write(dir, FILE, &text, PUBLIC)
    }

    /// Reads them; none if there is no such file.
    pub(super) fn load_all(dir: &Path) -> Result<Vec<Self>, IdentityError> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let founders: Founders = toml::from_str(&read(dir, FILE)?)
            .map_err(|error| IdentityError::broken(&path, error.message()))?;
        Ok(founders.nodes)
    }
}
