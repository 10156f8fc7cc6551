//! Users, tokens and roles.

use super::revision;
use gslb_consensus::state::{Grant, Revision};
use serde::{Deserialize, Serialize};

/// A role, and what it is limited to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantShape {
    /// `viewer`, `operator` or `admin`.
    pub role: String,
    /// The zones that an operator may change; with no regions either: all.
    #[serde(default)]
    pub zones: Vec<String>,
    /// The regions that an operator may change.
    #[serde(default)]
    pub regions: Vec<String>,
}

impl From<&Grant> for GrantShape {
    fn from(grant: &Grant) -> Self {
        Self {
            role: grant.role.to_string(),
            zones: grant.zones.iter().map(ToString::to_string).collect(),
            regions: grant.regions.iter().map(ToString::to_string).collect(),
        }
    }
}

impl TryFrom<GrantShape> for Grant {
    type Error = String;

    fn try_from(shape: GrantShape) -> Result<Self, String> {
        let mut grant = Self::of(shape.role.parse().map_err(|why| format!("`role`: {why}"))?);
        for zone in &shape.zones {
            let zone = zone.parse().map_err(|error| format!("`zones`: {zone:?}: {error}"))?;
            grant.zones.insert(zone);
        }
        for region in &shape.regions {
            let id = region.parse().map_err(|error| format!("`regions`: {region:?}: {error}"))?;
            grant.regions.insert(id);
        }
        Ok(grant)
    }
}

/// The answer to `GET /v1/whoami`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoReply {
    /// The caller's name.
    pub name: String,
    /// How it proved that.
    pub proof: String,
    /// The address that the node sees.
    pub from: String,
    /// What it may do.
    pub grant: GrantShape,
}

/// `PUT /v1/users/{user}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// What it may do.
    pub grant: GrantShape,
    /// Refused unless the user last changed there, as `changed` says; 0: unless there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<u64>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// `DELETE /v1/users/{user}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveUserRequest {
    /// Refused unless the user last changed there, as `changed` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<u64>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// The answer to `GET /v1/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersReply {
    /// The agreed state that this was read from.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// Every user that the state knows; admins by certificate alone are not listed.
    pub users: Vec<UserLine>,
}

/// One user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLine {
    /// Its name, as in its certificate.
    pub name: String,
    /// What it may do; none: it was removed, and nothing.
    pub grant: Option<GrantShape>,
    /// Where it last changed: what `expect` takes.
    pub changed: u64,
    /// Who changed it.
    pub by: String,
    /// When.
    pub at_ms: u64,
}

/// `POST /v1/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Its name, unique.
    pub name: String,
    /// SHA-256 of its whole text, in hexadecimal.
    pub sha256: String,
    /// What its holder may do.
    pub grant: GrantShape,
    /// For how long, as `30d`; none: until it is removed.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// `DELETE /v1/tokens/{token}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedReason {
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// The answer to `GET /v1/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensReply {
    /// The agreed state that this was read from.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// Agreed time: that of the last change.
    pub time_ms: u64,
    /// Every token.
    pub tokens: Vec<TokenLine>,
}

/// One token, without its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenLine {
    /// Its name.
    pub name: String,
    /// What its holder may do.
    pub grant: GrantShape,
    /// Who made it.
    pub by: String,
    /// When.
    pub at_ms: u64,
    /// When it ends; none: when it is removed.
    pub expires_ms: Option<u64>,
}
