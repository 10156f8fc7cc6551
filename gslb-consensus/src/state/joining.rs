//! How nodes come into the cluster by themselves: invites, and the key that signs their certificates.
//!
//! ```text
//!  PutInvite --> waits ---- SpendInvite (key) --> spent: the node has its number
//!                  |                                |  the same key again: the same number
//!                  +---- agreed time has passed ----+--> gone
//! ```
//!
//! Of an invite's secret only the SHA-256 is here, and the key that signs is sealed: who reads the
//! state, a backup or the log cannot join by them.

use super::agreed::State;
use super::command::{GrantCertificate, PutInvite, RemoveInvite, SealIssuer, SpendInvite};
use super::node_record::NodeRecord;
use super::reply::{RefusalCode, Reply};
use crate::model::limits::{CERTIFICATE_MS, INVITE_MS_MAX, INVITES_MAX, SEALED_LEN_MAX};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is agreed of nodes that come in by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joining {
    /// The key by which the nodes sign certificates of nodes; none: they sign none.
    pub issuer: Option<SealedIssuer>,
    /// Invites by the name of the node that they let in.
    pub invites: BTreeMap<String, Invite>,
    /// The newest certificate that was granted to each node by that key.
    pub granted: BTreeMap<u64, Granted>,
}

/// The key by which the nodes sign, sealed under the cluster key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedIssuer {
    /// The sealed bytes; only who has the cluster key opens them.
    pub sealed: Vec<u8>,
    /// When its own certificate ends, s since 1970.
    pub ends_s: u64,
}

/// An invite: it lets one node in, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The node, as the operator declared it.
    pub record: NodeRecord,
    /// SHA-256 of the whole text of its token.
    pub sha256: [u8; 32],
    /// Who made it.
    pub by: String,
    /// When it ends, agreed ms since 1970.
    pub expires_ms: u64,
    /// By whom it was spent.
    pub spent: Option<Spent>,
}

/// The node that spent an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The number that it was given.
    pub node: u64,
    /// SHA-256 of its public key: with it, it may ask again if the answer was lost.
    pub key: [u8; 32],
}

/// A certificate that was granted to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// SHA-256 of the public key.
    pub key: [u8; 32],
    /// From when it counts, agreed ms since 1970.
    pub from_ms: u64,
    /// When it ends, agreed ms since 1970.
    pub ends_ms: u64,
}

impl Joining {
    /// Forgets a node that is no more.
    pub(super) fn forget(&mut self, id: u64) {
        self.granted.remove(&id);
    }
}

impl State {
    /// When the next invite ends, agreed ms since 1970.
    pub(super) fn invites_end(&self) -> impl Iterator<Item = u64> + '_ {
        self.joining.invites.values().map(|invite| invite.expires_ms)
    }

    /// Takes away the invites that the agreed time has passed; gives the names of those not spent.
    pub(super) fn end_invites(&mut self) -> Vec<String> {
        let now = self.time_ms;
        if self.invites_end().all(|at| at > now) {
            return Vec::new();
        }
        let ended = self.joining.invites.iter().filter(|(_, invite)| invite.expires_ms <= now);
        let unspent = ended.filter(|(_, invite)| invite.spent.is_none());
        let names = unspent.map(|(name, _)| name.clone()).collect();
        Arc::make_mut(&mut self.joining).invites.retain(|_, invite| invite.expires_ms > now);
        names
    }

    pub(super) fn put_invite(&mut self, put: &PutInvite, actor: &str) -> Result<(), Reply> {
        let name = &put.record.name;
        let refusal = if put.for_ms == 0 || put.for_ms > INVITE_MS_MAX {
            let what = "an invite lasts at most 7d: it is for one node that joins now";
            Some((RefusalCode::Invalid, what.to_owned()))
        } else if self.joining.issuer.is_none() {
            let what = "the nodes have no key to sign certificates with: run gslbctl cluster issuer \
                        where the cluster's folder with ca.key is";
            Some((RefusalCode::Invalid, what.to_owned()))
        } else if self.nodes.values().any(|record| record.name == *name) {
            Some((RefusalCode::Conflict, format!("there is a node {name} already")))
        } else if self.joining.invites.len() >= INVITES_MAX
            && !self.joining.invites.contains_key(name)
        {
            Some((RefusalCode::Limit, format!("there are {INVITES_MAX} invites already")))
        } else {
            None
        };
        if let Some((code, what)) = refusal {
            return Err(Reply::refused(code, what));
        }
        // One that waits for the same node is replaced: its token may be lost.
        let invite = Invite {
            record: put.record.clone(),
            sha256: put.sha256,
            by: actor.to_owned(),
            expires_ms: self.time_ms.saturating_add(put.for_ms),
            spent: None,
        };
        Arc::make_mut(&mut self.joining).invites.insert(name.clone(), invite);
        Ok(())
    }

    pub(super) fn remove_invite(&mut self, remove: &RemoveInvite) -> Result<(), Reply> {
        match Arc::make_mut(&mut self.joining).invites.remove(&remove.name) {
            Some(_) => Ok(()),
            None => {
                let name = &remove.name;
                let what = format!("there is no invite for {name}: see gslbctl node invites");
                Err(Reply::refused(RefusalCode::NotFound, what))
            }
        }
    }

    /// Gives the node of an invite its number; asked again with the same key, the same number.
    pub(super) fn spend_invite(&mut self, spend: &SpendInvite) -> Result<u64, Reply> {
        let known = self.joining.invites.get(&spend.name);
        let Some(invite) = known.filter(|invite| invite.sha256 == spend.sha256) else {
            let what = "this token is not known here: it has ended, was replaced or removed; have \
                        an operator make a new one (gslbctl node invite)";
            return Err(Reply::refused(RefusalCode::NotFound, what));
        };
        if let Some(spent) = invite.spent {
            if spent.key == spend.key && self.nodes.contains_key(&spent.node) {
                self.grant(spent.node, spend.key);
                return Ok(spent.node);
            }
            let what = format!(
                "this token was spent by node {}: each lets in one node, with the key that it \
                 first showed. If that was not you, remove that node",
                spent.node
            );
            return Err(Reply::refused(RefusalCode::Conflict, what));
        }
        let record = invite.record.clone();
        let node = self.add_node(&record)?;
        let joining = Arc::make_mut(&mut self.joining);
        if let Some(invite) = joining.invites.get_mut(&spend.name) {
            invite.spent = Some(Spent { node, key: spend.key });
        }
        self.grant(node, spend.key);
        Ok(node)
    }

    /// Grants a node of the cluster a new certificate.
    pub(super) fn grant_certificate(&mut self, ask: &GrantCertificate) -> Result<(), Reply> {
        if !self.nodes.contains_key(&ask.node) {
            let what = format!("node {} is no node of this cluster any more", ask.node);
            return Err(Reply::refused(RefusalCode::NotFound, what));
        }
        self.grant(ask.node, ask.key);
        Ok(())
    }

    fn grant(&mut self, node: u64, key: [u8; 32]) {
        let from_ms = self.time_ms;
        let granted = Granted { key, from_ms, ends_ms: from_ms.saturating_add(CERTIFICATE_MS) };
        Arc::make_mut(&mut self.joining).granted.insert(node, granted);
    }

    pub(super) fn seal_issuer(&mut self, seal: &SealIssuer) -> Result<(), Reply> {
        if seal.sealed.is_empty() || seal.sealed.len() > SEALED_LEN_MAX {
            let what = format!("a sealed key has 1 to {SEALED_LEN_MAX} bytes");
            return Err(Reply::refused(RefusalCode::Invalid, what));
        }
        let issuer = SealedIssuer { sealed: seal.sealed.clone(), ends_s: seal.ends_s };
        Arc::make_mut(&mut self.joining).issuer = Some(issuer);
        Ok(())
    }
}
