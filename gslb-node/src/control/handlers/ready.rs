//! What load balancers and Prometheus ask.

use crate::control::api::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use gslb_consensus::raft::Role;
use gslb_consensus::state::Revision;
use std::fmt::Write as _;

/// The form of the metrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /livez`: the process answers.
pub(in crate::control) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether this node should be sent queries, line by line.
///
/// `[+]` holds, `[-]` does not and makes it 503, `[!]` does not but is no reason to send queries
/// elsewhere: a node without a leader or behind the others goes on answering.
pub(in crate::control) async fn ready(State(api): State<Api>) -> impl IntoResponse {
    let raft = api.parts.cluster.status();
    let (agreed, served) = (api.parts.cluster.state().revision(), api.served());
    let mut lines = Lines { text: "[+]node ok\n".to_owned(), ready: true };
    match &raft.halted {
        None => lines.add("[+]", "state", "ok"),
        Some(why) => lines.add("[!]", "state", &format!("stopped following: {why}")),
    }
    // A drained node answers what is still asked of it.
    if api.parts.cluster.state().roster.seat(api.node_id()).drained {
        lines.add("[-]", "drained", "by an operator: gslbctl node drain NODE --clear ends it");
    }
    if served > Revision::default() {
        lines.add("[+]", "serving", &format!("ok, revision {served}"));
    } else {
        lines.add("[-]", "serving", "no revision yet");
    }
    match raft.leader {
        None if raft.role == Role::Observer => match api.feed_line().and_then(|feed| feed.upstream)
        {
            Some(at) => lines.add("[+]", "feed", &format!("ok, from {at}")),
            None => lines.add("[!]", "feed", "nobody is followed; answering from the last state"),
        },
        Some(id) => lines.add("[+]", "leader", &format!("ok, node {id}")),
        None => lines.add("[!]", "leader", "none known; answering from the last agreed state"),
    }
    if served >= agreed {
        lines.add("[+]", "sync", "ok");
    } else {
        lines.add("[!]", "sync", &format!("agreed {agreed}, serving {served}"));
    }
    let status = if lines.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, lines.text)
}

/// The lines of an answer so far.
struct Lines {
    text: String,
    ready: bool,
}

impl Lines {
    fn add(&mut self, mark: &str, what: &str, how: &str) {
        self.ready &= mark != "[-]";
        let _ = writeln!(self.text, "{mark}{what} {how}");
    }
}

/// `GET /metrics`.
pub(in crate::control) async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPEN_METRICS)], api.parts.insight.metrics())
}
