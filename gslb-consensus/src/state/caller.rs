//! Who asked for a change, and how that was proved.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a caller proved who it is. The order is part of the stored format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// It is a node, or the leader by itself: trusted, for a node holds the state itself.
    #[default]
    Node,
    /// The certificate of an admin, as `cluster init` and `cluster add-admin` make it.
    AdminCertificate,
    /// The certificate of a user: what it may do is said by the agreed state alone.
    UserCertificate,
    /// A bearer token.
    Token,
}

/// How a caller proved who it is, and where it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// How it proved who it is.
    pub proof: Proof,
    /// Which certificate: the first 16 hexadecimal digits of its SHA-256; empty for others.
    pub certificate: String,
    /// The address that the node saw, without a port; empty for nodes.
    pub from: String,
}

impl Caller {
    /// Whether it is a person or a machine that asks through the API.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.proof != Proof::Node
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.proof {
            Proof::Node => f.write_str("node"),
            Proof::AdminCertificate | Proof::UserCertificate => {
                write!(f, "certificate {}", self.certificate)
            }
            Proof::Token => f.write_str("token"),
        }
    }
}
