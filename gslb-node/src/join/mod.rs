//! `gslb-node --join`: a node comes into a cluster by a token.
//!
//! ```text
//!  token file (cluster, authority, secret) --+
//!  node.key (made here, never leaves) -------+--> POST /join --> number, certificate, cluster key
//!                                                                     |
//!  identity folder: cluster.key, node.toml, ca.pem, node.pem, identity.toml (last) <--+
//! ```
//!
//! [`token_file`] is what `gslbctl node invite` writes; [`join`] does the rest. The token is sent to
//! nobody but a server that the cluster's authority signed. Cut off at any moment it is run again: the
//! same key gets the same number, and a folder that is complete is left as it is.

pub mod token_file;

mod admit;
mod error;
mod knock;

pub use admit::{Place, join};
pub use error::JoinError;
pub use token_file::TokenFile;
