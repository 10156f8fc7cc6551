//! Invites of nodes, and what a node is told that joins by one.

use super::revision;
use gslb_consensus::state::Revision;
use serde::{Deserialize, Serialize};

/// `POST /v1/invites`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// The name of the node, unique.
    pub name: String,
    /// Where the other nodes will reach it, `host:port`.
    pub raft: String,
    /// Where operators will reach its API, `host:port`.
    pub api: String,
    /// SHA-256 of the token's whole text, in hexadecimal.
    pub sha256: String,
    /// For how long, as `1h`.
    #[serde(rename = "for")]
    pub lasts: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// The answer to `POST /v1/invites`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// Where it was agreed on.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's unique id.
    pub cluster_uuid: String,
    /// When the invite ends, agreed ms since 1970.
    pub expires_ms: u64,
    /// Where the nodes' APIs are reached.
    pub members: Vec<String>,
}

/// The answer to `GET /v1/invites`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitesReply {
    /// The agreed state that this was read from.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// Its time.
    pub time_ms: u64,
    /// When the key ends by which the nodes sign certificates, s since 1970; none: there is none.
    pub issuer_ends_s: Option<u64>,
    /// Every invite, by the name of its node.
    pub invites: Vec<InviteLine>,
}

/// One invite; never its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteLine {
    /// The name of the node.
    pub name: String,
    /// Where the other nodes will reach it.
    pub raft: String,
    /// Where operators will reach its API.
    pub api: String,
    /// Who made it.
    pub by: String,
    /// When it ends, agreed ms since 1970.
    pub expires_ms: u64,
    /// The number of the node that joined by it.
    pub spent_by: Option<u64>,
}

/// `PUT /v1/issuer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerRequest {
    /// The key, sealed under the cluster key, in hexadecimal.
    pub sealed: String,
    /// When its own certificate ends, s since 1970.
    pub ends_s: u64,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// `POST /join`: from a node that has nothing but its token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The whole text of the token.
    pub token: String,
    /// The request for a certificate, as PEM.
    pub request: String,
}

/// The answer to `POST /join`; it holds the cluster key, and is shown to nobody else.
#[derive(Clone, Serialize, Deserialize)]
pub struct JoinReply {
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's unique id.
    pub cluster_uuid: String,
    /// The node's number.
    pub node_id: u64,
    /// The node's name.
    pub name: String,
    /// Where the other nodes will reach it.
    pub raft: String,
    /// Where operators will reach its API.
    pub api: String,
    /// The authorities, as PEM.
    pub authorities: String,
    /// Its certificate with what leads to an authority, as PEM.
    pub certificate: String,
    /// The key under which the cluster's secrets are sealed, in hexadecimal.
    pub cluster_key: String,
}

/// `POST /v1/certificate`, from node to node: a new certificate for the one that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
    /// The request for a certificate, as PEM.
    pub request: String,
}

/// The answer to `POST /v1/certificate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateReply {
    /// The certificate with what leads to an authority, as PEM.
    pub certificate: String,
}
