//! Who is who: the cluster's certificate authority and the certificates it gives out.
//!
//! ```text
//!   gslbctl cluster init            gslbctl node add
//!        Authority::create  ----------> issue_node  --> NodeFiles --> identity folder of a node
//!              |             issue_admin, issue_user -> AdminFiles -> folder of an operator
//!              v                                            |
//!        ca.pem, ca.key (0600, stays here)                  v
//!            files replaced -> reload -> Identity::load -> server_config / client_config (TLS 1.3)
//!                                                            |
//!   a peer's certificate  --- peer_of ---> Peer::Node(3) | Peer::Admin("ann") | Peer::User("bo")
//!
//!  gslbctl cluster issuer                          gslb-node --join
//!        Authority --> IssuingKey, sealed under ClusterKey --> agreed state --> sign <-- NodeKey
//! ```
//!
//! A certificate says what it is in a URI: `gslb://<cluster uuid>/node/<id>`, `.../admin/<name>` or
//! `.../user/<name>`, an observer's `.../observer/<id>`. An admin's has all rights, unless the agreed state says less; a user's has those
//! that the agreed state says.
//! A node's certificate also names `n<id>.<cluster>.gslb.internal`: nodes dial each other by that
//! name, so that reaching the wrong node fails in the handshake, before a byte of Raft is sent.

mod admin;
mod authority;
mod cluster_key;
mod error;
mod files;
mod founders;
mod issued;
mod issuing_key;
mod node;
mod node_key;
mod node_tls;
mod peer;
mod tls;
mod validity;

pub use admin::AdminIdentity;
pub use authority::Authority;
pub use cluster_key::ClusterKey;
pub use error::IdentityError;
pub use founders::Founder;
pub use issued::{AdminFiles, NodeFiles};
pub use issuing_key::{IssuingKey, NodeName};
pub use node::Identity;
pub use node_key::{Admission, NodeKey, key_of_request};
pub use peer::Peer;
pub use validity::Validity;

pub(crate) use authority::random_uuid;
pub(crate) use files::write_atomic;
pub(crate) use node_tls::NodeTls;
pub(crate) use peer::node_of_host;

#[cfg(test)]
mod issuing_tests;
#[cfg(test)]
mod reload_tests;
