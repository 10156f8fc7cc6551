//! Everything that can change the agreed state.

use super::access::Grant;
use super::generation::Generation;
use super::guarded::Guarded;
use super::health::Report;
use super::node_record::NodeRecord;
use super::observer_record::ObserverRecord;
use super::overrides::{OverrideKind, OverrideTarget};
use crate::model::{Config, PoolId, RegionId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A change of the agreed state. Each kind has a number that is never used again for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// 1: replaces the whole configuration.
    PutConfig(PutConfig),
    /// 2: sets or clears a runtime weight.
    SetWeight(SetWeight),
    /// 3: sets an override.
    SetOverride(SetOverride),
    /// 4: clears overrides.
    ClearOverride(ClearOverride),
    /// 5: a vantage reports verdicts that changed.
    ReportHealth(Report),
    /// 6: the leader drops a vantage that went silent.
    ExpireVantage(ExpireVantage),
    /// 7: the leader lets time pass, so that what expired ends.
    PassTime(PassTime),
    /// 8: adds a node under a new id.
    AddNode(NodeRecord),
    /// 9: sets the record of a known id.
    PutNode(PutNode),
    /// 10: removes a node; its id is never given again.
    RemoveNode(RemoveNode),
    /// 11: a change that applies only if its object is as the caller saw it.
    Guarded(Guarded),
    /// 20: says what is wanted of a node.
    SetSeat(SetSeat),
    /// 21: says what a user may do.
    PutUser(PutUser),
    /// 22: takes all rights from a user.
    RemoveUser(RemoveUser),
    /// 23: adds a bearer token.
    PutToken(PutToken),
    /// 24: removes a bearer token.
    RemoveToken(RemoveToken),
    /// 25: switches autopilot on or off.
    SetAutopilot(SetAutopilot),
    /// 30: invites a node.
    PutInvite(PutInvite),
    /// 31: takes an invite back.
    RemoveInvite(RemoveInvite),
    /// 32: a node joins by its invite.
    SpendInvite(SpendInvite),
    /// 33: gives the nodes the key by which they sign certificates of nodes.
    SealIssuer(SealIssuer),
    /// 34: grants a node a new certificate.
    GrantCertificate(GrantCertificate),
    /// 50: adds an observer under a new id.
    AddObserver(ObserverRecord),
    /// 60: the leader raises the generation, for every member reads it.
    SetGeneration(SetGeneration),
}

/// Replaces the whole configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutConfig {
    /// The new configuration, read and checked by the node that proposes it.
    pub config: Arc<Config>,
    /// If given: refused unless the configuration last changed at this log index.
    pub expect: Option<u64>,
}

/// Sets or clears a runtime weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetWeight {
    /// The region.
    pub region: RegionId,
    /// For this pool only.
    pub pool: Option<PoolId>,
    /// The weight, 0 to 1000; none: what the file declares counts again.
    pub weight: Option<u16>,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Sets an override.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetOverride {
    /// What it is about.
    pub target: OverrideTarget,
    /// What is said.
    pub kind: OverrideKind,
    /// Why; required.
    pub reason: String,
    /// For how long, ms of agreed time; none: until cleared.
    pub for_ms: Option<u64>,
}

/// Clears the override of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearOverride {
    /// What it was about.
    pub target: OverrideTarget,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Drops the votes of a vantage, if it has not spoken since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireVantage {
    /// The node.
    pub node: u64,
    /// The incarnation that went silent.
    pub incarnation: u64,
    /// The last report seen from it.
    pub seq: u64,
}

/// Carries a stamp and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassTime {}

/// Sets the record of a known id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutNode {
    /// The node's id.
    pub id: u64,
    /// Its record.
    pub record: NodeRecord,
}

/// Removes a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveNode {
    /// The node's id.
    pub id: u64,
}

/// Says what a user may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutUser {
    /// The name, as in the user's certificate.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// If given: refused unless the user last changed at this log index; 0: unless there is none.
    pub expect: Option<u64>,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Says what is wanted of a node; what is not given stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetSeat {
    /// The node's id.
    pub id: u64,
    /// Whether it stands by as a learner; false: it votes once it has caught up.
    pub learner: Option<bool>,
    /// Whether it is drained.
    pub drained: Option<bool>,
    /// The node that takes its vote.
    pub replaced_by: Option<u64>,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Takes all rights from a user, whatever its certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveUser {
    /// The name, as in the user's certificate.
    pub name: String,
    /// If given: refused unless the user last changed at this log index.
    pub expect: Option<u64>,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Switches autopilot on or off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAutopilot {
    /// Whether it is on.
    pub on: bool,
    /// How long a voter must be silent before it is taken for dead, ms; none: as it was.
    pub dead_ms: Option<u64>,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Adds a bearer token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutToken {
    /// Its name, unique.
    pub name: String,
    /// SHA-256 of its whole text.
    pub sha256: [u8; 32],
    /// What its holder may do.
    pub grant: Grant,
    /// For how long, ms of agreed time; none: until it is removed.
    pub for_ms: Option<u64>,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Removes a bearer token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveToken {
    /// Its name.
    pub name: String,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Invites a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutInvite {
    /// The node: its name, and where it will be reached.
    pub record: NodeRecord,
    /// SHA-256 of the whole text of its token.
    pub sha256: [u8; 32],
    /// For how long, ms of agreed time.
    pub for_ms: u64,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Takes an invite back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveInvite {
    /// The name of the node.
    pub name: String,
    /// Why, for the audit trail.
    pub reason: String,
}

/// A node joins by its invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendInvite {
    /// The name of the node.
    pub name: String,
    /// SHA-256 of the token that it showed.
    pub sha256: [u8; 32],
    /// SHA-256 of its public key.
    pub key: [u8; 32],
}

/// Gives the nodes the key by which they sign certificates of nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealIssuer {
    /// The key, sealed under the cluster key.
    pub sealed: Vec<u8>,
    /// When its own certificate ends, s since 1970.
    pub ends_s: u64,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Grants a node of the cluster a new certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantCertificate {
    /// The node's id.
    pub node: u64,
    /// SHA-256 of its new public key.
    pub key: [u8; 32],
}

/// Raises the generation of what is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetGeneration {
    /// The new one; never a lower one.
    pub to: Generation,
}

impl SetSeat {
    /// A short text of the change.
    fn summary(&self) -> String {
        let Self { id, learner, drained, replaced_by, .. } = self;
        match (replaced_by, learner, drained) {
            (Some(by), Some(true), _) => format!("node {by} takes the vote of node {id}"),
            (Some(by), ..) => format!("node replace {id} --by {by}"),
            (None, Some(true), _) => format!("node demote {id}"),
            (None, Some(false), _) => format!("node promote {id}"),
            (None, None, Some(true)) => format!("node drain {id}"),
            (None, None, _) => format!("node drain {id} --clear"),
        }
    }
}

impl Command {
    /// A short text of the change, for the audit trail and logs.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::PutConfig(put) => {
                let c = &put.config;
                format!(
                    "apply: {} zones, {} regions, {} pools, {} policies, {} names",
                    c.zones.len(),
                    c.regions.len(),
                    c.pools.len(),
                    c.policies.len(),
                    c.names.len()
                )
            }
            Self::SetWeight(set) => {
                let pool = set.pool.as_ref().map_or(String::new(), |p| format!(" for pool {p}"));
                match set.weight {
                    Some(weight) => format!("set-weight {} {weight}{pool}", set.region),
                    None => format!("set-weight {} --clear{pool}", set.region),
                }
            }
            Self::SetOverride(set) => format!("{} {}", set.kind, set.target),
            Self::ClearOverride(clear) => format!("clear {}", clear.target),
            Self::ReportHealth(report) => {
                format!("vantage {} reports {} verdicts", report.node, report.changes.len())
            }
            Self::ExpireVantage(expire) => format!("vantage {} went silent", expire.node),
            Self::PassTime(_) => "time passes".to_owned(),
            Self::AddNode(record) => format!("node add {}", record.name),
            Self::AddObserver(record) => format!("node add {} --observer", record.name),
            Self::PutNode(put) => format!("node {} is {}", put.id, put.record.name),
            Self::RemoveNode(remove) => format!("node remove {}", remove.id),
            Self::Guarded(guarded) => guarded.command.summary(),
            Self::PutUser(put) => format!("user {} is {}", put.name, put.grant),
            Self::RemoveUser(remove) => format!("user remove {}", remove.name),
            Self::PutToken(put) => format!("token add {} as {}", put.name, put.grant),
            Self::RemoveToken(remove) => format!("token remove {}", remove.name),
            Self::SetSeat(set) => set.summary(),
            Self::SetAutopilot(set) => format!("autopilot {}", if set.on { "on" } else { "off" }),
            Self::PutInvite(put) => format!("node invite {}", put.record.name),
            Self::RemoveInvite(remove) => format!("node uninvite {}", remove.name),
            Self::SpendInvite(spend) => format!("node {} joins by its invite", spend.name),
            Self::SealIssuer(_) => "a key by which the nodes sign certificates".to_owned(),
            Self::GrantCertificate(ask) => format!("new certificate for node {}", ask.node),
            Self::SetGeneration(set) => format!("generation {}", set.to),
        }
    }

    /// The change itself, without what was seen before.
    #[must_use]
    pub fn inner(&self) -> &Self {
        match self {
            Self::Guarded(guarded) => &guarded.command,
            other => other,
        }
    }

    /// Why, as given; empty for commands that take no reason.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self.inner() {
            Self::SetWeight(set) => &set.reason,
            Self::SetOverride(set) => &set.reason,
            Self::ClearOverride(clear) => &clear.reason,
            Self::PutUser(put) => &put.reason,
            Self::RemoveUser(remove) => &remove.reason,
            Self::PutToken(put) => &put.reason,
            Self::RemoveToken(remove) => &remove.reason,
            Self::SetSeat(set) => &set.reason,
            Self::PutInvite(put) => &put.reason,
            Self::RemoveInvite(remove) => &remove.reason,
            Self::SealIssuer(seal) => &seal.reason,
            Self::SetAutopilot(set) => &set.reason,
            _ => "",
        }
    }

    /// Whether an operator asked for it, so that it belongs in the audit trail.
    #[must_use]
    pub fn is_by_operator(&self) -> bool {
        match self {
            Self::ReportHealth(_) | Self::ExpireVantage(_) | Self::PassTime(_) => false,
            Self::Guarded(guarded) => guarded.command.is_by_operator(),
            _ => true,
        }
    }
}
