//! What operators say over health: always with a reason, an owner and an end.

use super::agreed::State;
use super::command::{ClearOverride, SetOverride};
use super::reply::{RefusalCode, Reply};
use super::revision::Revision;
use crate::model::limits::{OVERRIDE_MS_MAX, OVERRIDES_MAX, REASON_LEN_MAX};
use crate::model::{EndpointId, RegionId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What an override is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OverrideTarget {
    /// Every endpoint of a region.
    Region(RegionId),
    /// One endpoint; goes before its region's.
    Endpoint(EndpointId),
}

/// What an override says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverrideKind {
    /// Counts as up whatever probes say.
    ForceUp,
    /// Counts as down whatever probes say.
    ForceDown,
    /// Is given to nobody new; not a statement about its health.
    Drain,
}

/// An operator's say over health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// What is said.
    pub kind: OverrideKind,
    /// Why.
    pub reason: String,
    /// Who said it.
    pub owner: String,
    /// Since when, agreed ms since 1970.
    pub since_ms: u64,
    /// When it ends, agreed ms since 1970; none: when it is cleared.
    pub expires_ms: Option<u64>,
    /// The change that set it: what a caller saw, who compares and sets.
    pub changed: Revision,
}

impl fmt::Display for OverrideTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(id) => write!(f, "region {id}"),
            Self::Endpoint(id) => write!(f, "endpoint {id}"),
        }
    }
}

impl fmt::Display for OverrideKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForceUp => "force up",
            Self::ForceDown => "force down",
            Self::Drain => "drain",
        })
    }
}

impl State {
    /// When the next override, token or invite ends, agreed ms since 1970.
    #[must_use]
    pub fn next_expiry(&self) -> Option<u64> {
        let tokens = self.access.tokens.values().filter_map(|token| token.expires_ms);
        let overrides = self.overrides.values().filter_map(|o| o.expires_ms);
        overrides.chain(tokens).chain(self.invites_end()).min()
    }

    /// The target that an operator means by an id: a region or an endpoint, which share one namespace.
    #[must_use]
    pub fn override_target(&self, id: &str) -> Option<OverrideTarget> {
        if let Some((region, _)) = self.config.regions.get_key_value(id) {
            return Some(OverrideTarget::Region(region.clone()));
        }
        let mut endpoints = self.config.endpoints();
        endpoints
            .find(|(_, e)| e.id.as_str() == id)
            .map(|(_, e)| OverrideTarget::Endpoint(e.id.clone()))
    }

    fn target_exists(&self, target: &OverrideTarget) -> bool {
        match target {
            OverrideTarget::Region(id) => self.config.regions.contains_key(id),
            OverrideTarget::Endpoint(id) => self.config.endpoint(id).is_some(),
        }
    }

    pub(super) fn set_override(&mut self, set: &SetOverride, actor: &str) -> Result<(), Reply> {
        let invalid = |what: String| Err(Reply::refused(RefusalCode::Invalid, what));
        if !self.target_exists(&set.target) {
            return Err(Reply::refused(
                RefusalCode::NotFound,
                format!("there is no {}", set.target),
            ));
        }
        if set.reason.trim().is_empty() || set.reason.len() > REASON_LEN_MAX {
            return invalid(format!(
                "an override needs a reason of 1 to {REASON_LEN_MAX} bytes: --reason \"...\""
            ));
        }
        if set.for_ms.is_some_and(|ms| ms == 0 || ms > OVERRIDE_MS_MAX) {
            return invalid(
                "an override lasts at most 72h; use --permanent for one without an end".to_owned(),
            );
        }
        if self.overrides.len() >= OVERRIDES_MAX && !self.overrides.contains_key(&set.target) {
            return Err(Reply::refused(
                RefusalCode::Limit,
                format!("there are {OVERRIDES_MAX} overrides already"),
            ));
        }
        let new = Override {
            kind: set.kind,
            reason: set.reason.clone(),
            owner: actor.to_owned(),
            since_ms: self.time_ms,
            expires_ms: set.for_ms.map(|ms| self.time_ms.saturating_add(ms)),
            changed: self.revision(),
        };
        Arc::make_mut(&mut self.overrides).insert(set.target.clone(), new);
        Ok(())
    }

    pub(super) fn clear_override(&mut self, clear: &ClearOverride) -> Result<(), Reply> {
        match Arc::make_mut(&mut self.overrides).remove(&clear.target) {
            Some(_) => Ok(()),
            None => Err(Reply::refused(
                RefusalCode::NotFound,
                format!("there is no override on {}", clear.target),
            )),
        }
    }

    /// Ends the overrides that the agreed time has passed, and gives what they were about.
    pub(super) fn end_overrides(&mut self) -> Vec<OverrideTarget> {
        let now = self.time_ms;
        let has_ended = |o: &Override| o.expires_ms.is_some_and(|at| at <= now);
        let ended: Vec<OverrideTarget> =
            self.overrides.iter().filter(|(_, o)| has_ended(o)).map(|(t, _)| t.clone()).collect();
        if !ended.is_empty() {
            Arc::make_mut(&mut self.overrides).retain(|_, o| !has_ended(o));
        }
        ended
    }
}
