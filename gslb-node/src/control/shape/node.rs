//! What a node says of itself, and the list of nodes.

use super::certificate::CertificateReport;
use super::feed::FeedLine;
use super::read::ReadLabel;
use super::revision;
use gslb_consensus::raft::{DiskPace, Space};
use gslb_consensus::state::{Generation, Revision};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The answer to `GET /v1/node`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its software.
    pub version: String,
    /// `leader`, `candidate`, `follower`, `learner`, `observer` or `stopped`.
    pub role: String,
    /// Whom it takes for the leader.
    pub leader: Option<u64>,
    /// Raft's term.
    pub term: u64,
    /// How long ago it last heard of a quorum; none: never.
    pub quorum_age_ms: Option<u64>,
    /// Why it stopped applying, if it did.
    pub halted: Option<String>,
    /// Whether its data folder is not the one that joined the cluster under its number.
    #[serde(default)]
    pub is_stranger: bool,
    /// The room of its data folder.
    #[serde(default)]
    pub space: Space,
    /// How long it takes until its log is on disk.
    #[serde(default)]
    pub disk: DiskPace,
    /// Its ways to the other nodes, by their numbers.
    #[serde(default)]
    pub ways: BTreeMap<u64, Way>,
    /// Why the last backup that was due failed, if it did.
    #[serde(default)]
    pub backup_failed: Option<String>,
    /// Its certificate.
    #[serde(default)]
    pub certificate: CertificateReport,
    /// On the leader: the nodes whose clocks are more than 2 s from the voters' median, and by how
    /// many seconds they are ahead.
    #[serde(default)]
    pub clocks_apart_s: BTreeMap<u64, i64>,
    /// The newest generation of stored formats that its version reads.
    #[serde(default)]
    pub reads_generation: Generation,
    /// The agreed state that it has.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// The revision that it answers DNS by.
    #[serde(with = "revision")]
    pub served: Revision,
    /// Which place data it uses.
    pub places: PlaceEdition,
    /// How long it has run.
    pub uptime_ms: u64,
    /// Steered answers by region.
    pub answers: BTreeMap<String, Answers>,
    /// Where it answers DNS.
    pub dns: Vec<SocketAddr>,
    /// An observer: the feed that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedLine>,
}

/// A node's way to another one, as it sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Whether the other one answered within the last 5 s.
    pub heard: bool,
    /// How the last question failed, if it did.
    pub missed: Option<Miss>,
    /// What the error said, if that tells more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The shortest round trip of the last few, ms; none: no answer yet.
    pub rtt_ms: Option<u64>,
}

/// How a question to another node failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Miss {
    /// Its machine is there, and nothing listens.
    Refused,
    /// Nothing came back.
    Silence,
    /// One of the two did not take the other for what it should be: certificates, clocks.
    Distrust,
}

/// Steered answers of one region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Since the node's start.
    pub total: u64,
    /// Within the last minute.
    pub last_minute: u64,
}

/// Which place data is in use; equal on all nodes, or `status` says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceEdition {
    /// What it is, for people.
    pub label: String,
    /// Equal ids mean equal data.
    pub id: String,
    /// When the oldest of the data was built, in seconds since 1970; 0: not known.
    pub built_s: u64,
    /// Whether it knows little more than countries.
    pub coarse: bool,
}

/// `POST /v1/nodes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNode {
    /// Its name, unique.
    pub name: String,
    /// Where the other nodes will reach it, `host:port`.
    pub raft: String,
    /// Where operators will reach its API, `host:port`.
    pub api: String,
    /// Whether it is an observer: it follows the feed and has no part in Raft.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub observer: bool,
}

/// `POST /v1/nodes/{node}/seat`; what is not given stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatRequest {
    /// Whether it stands by as a learner; false: it votes once it has caught up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby: Option<bool>,
    /// Whether it is drained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drained: Option<bool>,
    /// The node that takes its place, by name or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// `POST /v1/autopilot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutopilotRequest {
    /// Whether it is on.
    pub on: bool,
    /// How long a voter must be silent before it is taken for dead, as `5m`; none: as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_after: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// What an operator wants of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatLine {
    /// It stands by as a learner.
    pub standby: bool,
    /// It does not lead, and says that queries should go elsewhere.
    pub drained: bool,
    /// The number of the node that takes its place.
    pub replaced_by: Option<u64>,
}

/// The answer to `POST /v1/nodes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAdded {
    /// Its number; never given to another node.
    pub id: u64,
    /// Where it was agreed on.
    #[serde(with = "revision")]
    pub revision: Revision,
}

/// The answer to `GET /v1/nodes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodesReply {
    /// The agreed state that this was read from.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// How current that is.
    #[serde(flatten)]
    pub read: ReadLabel,
    /// Every node.
    pub nodes: Vec<NodeLine>,
}

/// One node as the cluster knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLine {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Where the other nodes reach it.
    pub raft: String,
    /// Where operators reach its API.
    pub api: String,
    /// `voter`, `learner`, `added` while it has not joined, or `observer`; an observer that is asked
    /// takes all others for `member`.
    pub member: String,
    /// Whether the node that was asked takes it for the leader.
    pub leads: bool,
    /// What an operator wants of it.
    #[serde(default)]
    pub seat: SeatLine,
    /// When its certificate ends, as it last told the node that was asked, s since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_ends_s: Option<i64>,
}
