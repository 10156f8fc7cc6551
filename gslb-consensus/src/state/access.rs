//! Who may do what: roles, what they are limited to, users and tokens.

use super::agreed::State;
use super::command::{PutToken, PutUser, RemoveToken, RemoveUser};
use super::envelope::Envelope;
use super::reply::{RefusalCode, Reply};
use crate::model::limits::{SCOPE_MAX, TOKENS_MAX, USERS_MAX};
use crate::model::{DnsName, RegionId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What a caller may do; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything, changes nothing.
    Viewer,
    /// Changes what is declared, weights and overrides.
    Operator,
    /// Changes nodes, users and tokens too.
    Admin,
}

/// A role, and what it is limited to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// With `regions`: the zones that may be changed; both empty: no limit.
    pub zones: BTreeSet<DnsName>,
    /// The regions that may be changed.
    pub regions: BTreeSet<RegionId>,
}

/// What the cluster knows of a person or a machine with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What it may do; none: nothing, whatever its certificate says.
    pub grant: Option<Grant>,
    /// Log index of the last change: what `expect` is compared with.
    pub changed: u64,
    /// Who changed it last.
    pub by: String,
    /// When, agreed ms since 1970.
    pub at_ms: u64,
}

/// A bearer token; the secret itself is known to its holder alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What its holder may do.
    pub grant: Grant,
    /// SHA-256 of the whole text of the token.
    pub sha256: [u8; 32],
    /// Who made it.
    pub by: String,
    /// When, agreed ms since 1970.
    pub at_ms: u64,
    /// When it ends, agreed ms since 1970; none: when it is removed.
    pub expires_ms: Option<u64>,
}

/// Users and tokens by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Those whose role the state says. Removed ones stay, so that their certificates stay shut out.
    pub users: BTreeMap<String, User>,
    /// Tokens that have not ended.
    pub tokens: BTreeMap<String, Token>,
}

impl Role {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Viewer, Self::Operator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or("a role is viewer, operator or admin")
    }
}

impl Grant {
    /// A role without limits.
    #[must_use]
    pub fn of(role: Role) -> Self {
        Self { role, zones: BTreeSet::new(), regions: BTreeSet::new() }
    }

    /// Whether it holds for some zones or regions only.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.zones.is_empty() || !self.regions.is_empty()
    }

    fn check(&self) -> Result<(), Reply> {
        if self.is_limited() && self.role != Role::Operator {
            let what =
                format!("only an operator is limited to zones and regions, no {}", self.role);
            return Err(Reply::refused(RefusalCode::Invalid, what));
        }
        if self.zones.len() + self.regions.len() > SCOPE_MAX {
            let what = format!("a role is limited to at most {SCOPE_MAX} zones and regions");
            return Err(Reply::refused(RefusalCode::Limit, what));
        }
        Ok(())
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.role.fmt(f)?;
        let zones = self.zones.iter().map(|zone| format!("zone {zone}"));
        let regions = self.regions.iter().map(|region| format!("region {region}"));
        for (part, text) in zones.chain(regions).enumerate() {
            write!(f, "{}{text}", if part == 0 { " of " } else { ", " })?;
        }
        Ok(())
    }
}

/// Names of users and tokens are those of certificates: DNS labels of lower-case letters.
fn check_name(name: &str) -> Result<(), Reply> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let fits = (1..=63).contains(&name.len()) && name.bytes().all(inner);
    if fits && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(());
    }
    let what = "a name is 1 to 63 lower-case letters, digits and hyphens, no hyphen at either end";
    Err(Reply::refused(RefusalCode::Invalid, what))
}

/// A role that is not taken from oneself: who did it by mistake could not undo it.
fn check_not_own(name: &str, envelope: &Envelope) -> Result<(), Reply> {
    let by_certificate = envelope.caller.as_ref().is_some_and(|c| !c.certificate.is_empty());
    if by_certificate && envelope.actor == name {
        let what = format!("{name} cannot take rights from itself: another admin has to do it");
        return Err(Reply::refused(RefusalCode::Invalid, what));
    }
    Ok(())
}

impl State {
    /// The role of a user as the state says it; none: it says nothing, or the user was removed.
    #[must_use]
    pub fn user_grant(&self, name: &str) -> Option<&Grant> {
        self.access.users.get(name)?.grant.as_ref()
    }

    pub(super) fn put_user(
        &mut self,
        put: &PutUser,
        envelope: &Envelope,
        index: u64,
    ) -> Result<(), Reply> {
        check_name(&put.name)?;
        put.grant.check()?;
        self.check_expected(&put.name, put.expect)?;
        if put.grant.role < Role::Admin {
            check_not_own(&put.name, envelope)?;
        }
        let users = &self.access.users;
        if users.len() >= USERS_MAX && !users.contains_key(&put.name) {
            let what = format!("there are {USERS_MAX} users already");
            return Err(Reply::refused(RefusalCode::Limit, what));
        }
        self.set_user(&put.name, Some(put.grant.clone()), envelope, index);
        Ok(())
    }

    pub(super) fn remove_user(
        &mut self,
        remove: &RemoveUser,
        envelope: &Envelope,
        index: u64,
    ) -> Result<(), Reply> {
        check_name(&remove.name)?;
        self.check_expected(&remove.name, remove.expect)?;
        check_not_own(&remove.name, envelope)?;
        // One that the state never heard of is shut out as well: the certificate of an admin may be lost.
        self.set_user(&remove.name, None, envelope, index);
        Ok(())
    }

    fn set_user(&mut self, name: &str, grant: Option<Grant>, envelope: &Envelope, index: u64) {
        let (by, at_ms) = (envelope.actor.clone(), self.time_ms);
        let user = User { grant, changed: index, by, at_ms };
        Arc::make_mut(&mut self.access).users.insert(name.to_owned(), user);
    }

    /// Refuses a change of a user that has changed since the caller saw it; 0: there must be none.
    fn check_expected(&self, name: &str, expect: Option<u64>) -> Result<(), Reply> {
        let known = self.access.users.get(name);
        let found =
            known.filter(|u| u.grant.is_some() || expect != Some(0)).map_or(0, |u| u.changed);
        match expect {
            Some(0) if found != 0 => {
                let what = format!("there is a user {name} already: gslbctl user set changes it");
                Err(Reply::refused(RefusalCode::Conflict, what))
            }
            Some(expected) if expected != found => {
                let what = format!(
                    "user {name} changed at {found}, not at {expected}: look at gslbctl user list"
                );
                Err(Reply::refused(RefusalCode::Conflict, what))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn put_token(&mut self, put: &PutToken, actor: &str) -> Result<(), Reply> {
        check_name(&put.name)?;
        put.grant.check()?;
        if self.access.tokens.contains_key(&put.name) {
            let what = format!("there is a token {} already: remove it first", put.name);
            return Err(Reply::refused(RefusalCode::Conflict, what));
        }
        if self.access.tokens.len() >= TOKENS_MAX {
            let what = format!("there are {TOKENS_MAX} tokens already");
            return Err(Reply::refused(RefusalCode::Limit, what));
        }
        if put.for_ms == Some(0) {
            return Err(Reply::refused(RefusalCode::Invalid, "a token lasts longer than nothing"));
        }
        let token = Token {
            grant: put.grant.clone(),
            sha256: put.sha256,
            by: actor.to_owned(),
            at_ms: self.time_ms,
            expires_ms: put.for_ms.map(|ms| self.time_ms.saturating_add(ms)),
        };
        Arc::make_mut(&mut self.access).tokens.insert(put.name.clone(), token);
        Ok(())
    }

    pub(super) fn remove_token(&mut self, remove: &RemoveToken) -> Result<(), Reply> {
        match Arc::make_mut(&mut self.access).tokens.remove(&remove.name) {
            Some(_) => Ok(()),
            None => {
                let what = format!("there is no token {}: see gslbctl token list", remove.name);
                Err(Reply::refused(RefusalCode::NotFound, what))
            }
        }
    }

    /// Takes away the tokens that the agreed time has passed, and gives their names.
    pub(super) fn end_tokens(&mut self) -> Vec<String> {
        let now = self.time_ms;
        let has_ended = |token: &Token| token.expires_ms.is_some_and(|at| at <= now);
        let ended: Vec<String> = self
            .access
            .tokens
            .iter()
            .filter(|(_, token)| has_ended(token))
            .map(|(name, _)| name.clone())
            .collect();
        if !ended.is_empty() {
            Arc::make_mut(&mut self.access).tokens.retain(|_, token| !has_ended(token));
        }
        ended
    }
}
