//! An owner name whose answer is decided per client.

use super::id::{PolicyId, PoolId};
use super::name::DnsName;
use serde::{Deserialize, Serialize};

/// An owner name whose answer is decided per client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SteeredName {
    /// The owner name; its first label may be `*`.
    pub name: DnsName,
    /// What is given out.
    pub pool: PoolId,
    /// How a region is chosen; none: by region weight.
    pub policy: Option<PolicyId>,
    /// TTL of its answers, seconds.
    pub ttl: u32,
}
