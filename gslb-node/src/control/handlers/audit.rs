//! Who changed what.

use crate::control::api::Api;
use crate::control::shape::{AuditLine, AuditReply};
use axum::Json;
use axum::extract::State;
use gslb_consensus::state::Revision;

/// `GET /v1/audit`.
pub(in crate::control) async fn audit(State(api): State<Api>) -> Json<AuditReply> {
    let state = api.parts.cluster.state();
    let line = |entry: &gslb_consensus::state::AuditEntry| AuditLine {
        revision: Revision { history: state.history, index: entry.index },
        at_ms: entry.at_ms,
        actor: entry.actor.clone(),
        change: entry.change.clone(),
        reason: entry.reason.clone(),
    };
    Json(AuditReply { entries: state.audit.entries.iter().map(|e| line(e)).collect() })
}
