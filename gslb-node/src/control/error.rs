//! What goes wrong with a request, and the status that says so.

use super::api::Api;
use super::shape::{ErrorBody, LeaderHint};
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use gslb_consensus::model::{Fault, Faults};
use gslb_consensus::raft::ProposeError;
use gslb_consensus::state::RefusalCode;

/// A request that failed: its HTTP status and what the caller is told.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: ErrorBody,
}

impl ApiError {
    /// An error with a stable code.
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { status, body: ErrorBody { code, message, faults: Vec::new(), leader: None } }
    }

    /// 400: the request cannot be read.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 404: it names something that does not exist.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 403: the caller may not do this.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 422: what was sent breaks rules; each is named.
    pub(super) fn invalid(message: impl Into<String>, faults: Faults) -> Self {
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message);
        error.body.faults = faults.0;
        error
    }

    /// 503: an observer does not do this; `members` are the APIs of those that do.
    pub(super) fn observer(members: &[String]) -> Self {
        let at = if members.is_empty() { "a member".to_owned() } else { members.join(", ") };
        let what = format!(
            "this node is an observer: it answers DNS and tells what it serves; for all else ask {at}"
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "observer", what)
    }

    /// The state machine refused the change; nothing was changed.
    pub(super) fn refused(code: RefusalCode, message: String, faults: Vec<Fault>) -> Self {
        let status = match code {
            RefusalCode::Conflict | RefusalCode::UpgradeUnfinished => StatusCode::CONFLICT,
            RefusalCode::NotFound => StatusCode::NOT_FOUND,
            RefusalCode::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
            RefusalCode::Forbidden => StatusCode::FORBIDDEN,
            RefusalCode::Invalid | RefusalCode::Limit => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut error = Self::new(status, code.as_str(), message);
        error.body.faults = faults;
        error
    }

    /// The change did not get through the cluster.
    pub(super) fn propose(api: &Api, error: ProposeError) -> Self {
        let unavailable = |code, message: String| {
            let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
            error.body.leader = leader(api);
            error
        };
        match error {
            ProposeError::NoQuorum { .. } => unavailable(
                "no_quorum",
                "too few nodes can be reached to agree on a change; nothing was changed. \
                 The nodes go on answering from the last agreed state: see gslbctl status"
                    .to_owned(),
            ),
            ProposeError::NoLeader => unavailable(
                "no_leader",
                "the nodes have no leader at this moment; nothing was changed: try again"
                    .to_owned(),
            ),
            ProposeError::Unknown { why } => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "unknown_outcome",
                format!(
                    "the cluster did not answer in time ({why}): the change may or may not be made. \
                     Look at gslbctl audit before you repeat it; the same gslb-client and gslb-seq \
                     never apply twice"
                ),
            ),
            ProposeError::Stopped { why } => unavailable(
                "stopped",
                format!("this node takes no part in the cluster ({why}): ask another node"),
            ),
            ProposeError::Observer { members } => Self::observer(&members),
            ProposeError::Busy => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "busy",
                "this node has as many changes on their way as it takes; nothing was changed: try \
                 again in a second",
            ),
            ProposeError::Unsupported { why } => unavailable(
                "unsupported",
                format!("not every node understands this change yet ({why}): upgrade them first"),
            ),
        }
    }
}

/// Who leads, as this node sees it.
fn leader(api: &Api) -> Option<Box<LeaderHint>> {
    let id = api.parts.cluster.status().leader?;
    let state = api.parts.cluster.state();
    let record = state.nodes.get(&id);
    Some(Box::new(LeaderHint {
        id,
        name: record.map(|r| r.name.clone()),
        api: record.map(|r| r.api.clone()),
    }))
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // What a node is too busy for is worth asking again soon.
        let again = (self.status == StatusCode::TOO_MANY_REQUESTS).then_some([(RETRY_AFTER, "1")]);
        (self.status, again, Json(self.body)).into_response()
    }
}
