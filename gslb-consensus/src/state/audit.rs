//! Who changed what, and why.

use super::envelope::Envelope;
use crate::model::limits::AUDIT_MAX;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// One accepted change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Log index of the change.
    pub index: u64,
    /// Agreed time, ms since 1970.
    pub at_ms: u64,
    /// Who asked.
    pub actor: String,
    /// What.
    pub change: String,
    /// Why, as given.
    pub reason: String,
}

/// The newest accepted changes, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit(pub VecDeque<Arc<AuditEntry>>);

impl Audit {
    /// Adds an accepted change; the oldest makes place.
    pub fn add(&mut self, index: u64, at_ms: u64, envelope: &Envelope, reason: &str) {
        let (actor, change) = (envelope.actor.clone(), envelope.command.summary());
        let entry = AuditEntry { index, at_ms, actor, change, reason: reason.to_owned() };
        self.0.push_back(Arc::new(entry));
        while self.0.len() > AUDIT_MAX {
            self.0.pop_front();
        }
    }
}
