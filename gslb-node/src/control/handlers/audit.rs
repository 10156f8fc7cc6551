//! Who changed what.

use crate::clock;
use crate::control::api::Api;
use crate::control::error::ApiError;
use crate::control::input::Params;
use crate::control::shape::{AuditLine, AuditParams, AuditReply, AuditVerdict};
use crate::control::token::hex;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gslb_consensus::model::document::units::parse_ms;
use gslb_consensus::state::{Audit, AuditEntry};
use std::sync::Arc;

/// Most records in one answer.
const LIMIT_MAX: usize = 10_000;

/// `GET /v1/audit`: of the state, or of this node's files if the state does not go back far enough.
pub(in crate::control) async fn audit(
    State(api): State<Api>,
    Params(params): Params<AuditParams>,
) -> Result<Json<AuditReply>, ApiError> {
    let state = api.parts.cluster.state();
    let now_ms = clock::unix_ms().max(state.time_ms);
    let since_ms = match &params.since {
        None => 0,
        Some(text) => now_ms.saturating_sub(parse_ms(text).ok_or_else(|| {
            let what =
                format!("`since` is {text:?}; expected a duration back from now, as 2h or 7d");
            ApiError::bad_request(what)
        })?),
    };
    let limit = params.limit.unwrap_or(LIMIT_MAX).min(LIMIT_MAX);
    let newest = |entries: &mut dyn DoubleEndedIterator<Item = AuditLine>| {
        let wanted = entries.rev().take_while(|line| line.at_ms >= since_ms).take(limit);
        let mut lines: Vec<AuditLine> = wanted.collect();
        lines.reverse();
        lines
    };
    let entries = if goes_back(&state.audit, since_ms, limit) {
        newest(&mut state.audit.entries.iter().map(|entry| line(entry)))
    } else {
        let read = api.parts.trail.newest(since_ms, limit).await.map_err(unreadable)?;
        // The files may lag behind the state by a moment.
        let last = read.last().map_or((0, 0, 0), AuditEntry::place);
        let rest = state.audit.entries.iter().filter(|e| e.number == 0 || e.place() > last);
        let mut lines: Vec<AuditLine> =
            read.iter().map(line).chain(rest.map(|e| line(e))).collect();
        lines.sort_by_key(|line| (line.revision, line.number));
        newest(&mut lines.into_iter())
    };
    Ok(Json(AuditReply { now_ms, entries }))
}

/// Whether the state alone has all that is asked for.
fn goes_back(audit: &Audit, since_ms: u64, limit: usize) -> bool {
    let oldest = audit.entries.front();
    audit.entries.len() >= limit
        || oldest.is_none_or(|entry| entry.number <= 1 || entry.at_ms < since_ms)
}

fn line(entry: &AuditEntry) -> AuditLine {
    AuditLine {
        number: entry.number,
        revision: entry.revision(),
        at_ms: entry.at_ms,
        actor: entry.actor.clone(),
        role: entry.role.clone(),
        proof: entry.caller.to_string(),
        from: entry.caller.from.clone(),
        change: entry.change.clone(),
        reason: entry.reason.clone(),
        before: entry.before.clone(),
        after: entry.after.clone(),
        hash: if entry.number == 0 { String::new() } else { hex(&entry.hash) },
    }
}

/// `GET /v1/audit/verify`: this node's files against the state, link by link.
pub(in crate::control) async fn verify(
    State(api): State<Api>,
) -> Result<Json<AuditVerdict>, ApiError> {
    let state = api.parts.cluster.state();
    let verdict = api.parts.trail.verify(Arc::clone(&state.audit)).await.map_err(unreadable)?;
    let node = api.parts.identity.name.clone();
    Ok(Json(AuditVerdict { node, revision: state.revision(), verdict }))
}

fn unreadable(error: std::io::Error) -> ApiError {
    let what = format!("the files of the audit trail cannot be read: {error}");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "storage", what)
}
